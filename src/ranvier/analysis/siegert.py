"""The rate of a leaky integrate-and-fire neuron under white noise."""

from typing import Any

import numpy as np
from scipy.special import dawsn, erfcx

from ranvier.units import ms

NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
SLOWING = 1.4603545088095868  # |zeta(1/2)|: how a synaptic time constant moves threshold and reset


def siegert(
    mean: Any,
    sd: Any,
    *,
    tau_mem: float = 20 * ms,
    v_threshold: float = 1.0,
    v_reset: float = 0.0,
    t_ref: float = 0.0,
    tau_syn: float = 0.0,
) -> np.ndarray:
    """Stationary firing rate [Hz] of a LIF neuron whose membrane, if it did not fire, would have this mean and standard deviation.

        1/rate = t_ref + tau_mem sqrt(pi) integral from (v_reset - mean)/(sqrt(2) sd) to (v_threshold - mean)/(sqrt(2) sd) of exp(x^2) (1 + erf(x)) dx

    The integrand is erfcx(-x), taken apart where it is large, so that no digits are lost by cancellation and nothing overflows: a rate too
    small for float64 is 0. sd = 0 gives the noiseless curve. tau_syn > 0: exponential synapses, to first order in sqrt(tau_syn/tau_mem), which
    moves both limits by |zeta(1/2)|/sqrt(2) sqrt(tau_syn/tau_mem).

    For Poisson impulses of weights w at rates r (a jump of v, or a current of area w tau_mem): mean = tau_mem sum(w r), above v_leak = 0, and
    sd = sqrt(tau_mem/2 sum(w^2 r)). Brunel's sigma is sqrt(2) times this sd.

    Args:
        mean, sd: numbers or arrays that go together, in the unit of v_threshold.
        tau_mem: membrane time constant [s].
        v_threshold, v_reset: in the unit of mean; both count from where v_leak is 0.
        t_ref: refractory period [s].
        tau_syn: synaptic time constant [s].

    Returns:
        Rates, float64, of the common shape of mean and sd.

    Raises:
        ValueError: sd below 0, v_reset at or above v_threshold, a time below 0, or what is not finite.

    Source: Siegert (1951), Physical Review 81; Brunel and Hakim (1999), Neural Computation 11; synapses: Brunel and Sergi (1998), Journal of
    Theoretical Biology 195.

    >>> round(float(siegert(1.2, 0.018**0.5, t_ref=2e-3)), 3)
    28.657
    """
    mean, sd = np.broadcast_arrays(np.asarray(mean, np.float64), np.asarray(sd, np.float64))
    if not (np.isfinite(mean).all() and np.isfinite(sd).all() and (sd >= 0).all()):
        raise ValueError(
            "siegert: mean and sd must be finite and sd >= 0. Give the mean and deviation of the free membrane."
        )
    if not v_reset < v_threshold:
        raise ValueError(
            f"siegert: v_reset must lie below v_threshold, got {v_reset} and {v_threshold}. Lower v_reset."
        )
    if not (0 < tau_mem < np.inf and 0 <= t_ref < np.inf and 0 <= tau_syn < np.inf):
        raise ValueError(
            f"siegert: tau_mem must be a time above 0 s, t_ref and tau_syn of 0 s or above, got {tau_mem}, {t_ref}, {tau_syn}. "
            "Write tau_mem=20 * ms."
        )
    rates = np.zeros(mean.shape)
    noisy = sd > 0
    shift = SLOWING / 2**0.5 * (tau_syn / tau_mem) ** 0.5
    scale = 2**0.5 * np.where(noisy, sd, 1.0)
    low, high = (v_reset - mean) / scale + shift, (v_threshold - mean) / scale + shift
    size, exponent = _integral(low, high)
    with np.errstate(over="ignore", under="ignore"):
        small = np.exp(-exponent)  # the rate is small / (...)
        rates = small / (t_ref * small + tau_mem * np.pi**0.5 * size)
    above = ~noisy & (mean > v_threshold)
    gap = np.where(above, mean - v_threshold, 1.0)
    still = 1 / (t_ref + tau_mem * np.log1p((v_threshold - v_reset) / gap))
    return np.where(noisy, rates, np.where(above, still, 0.0))


def _integral(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of erfcx(-x) from low to high, as size * exp(exponent)."""
    exponent = np.maximum(high, 0.0) ** 2
    # Below 0 it falls off as 1/|x|: even in log(1 + |x|). Above 0, erfcx(-x) = 2 exp(x^2) - erfcx(x): Dawson's function, and the same tail.
    below = _tail(np.maximum(-high, 0.0), np.maximum(-low, 0.0))
    first, last = np.maximum(low, 0.0), np.maximum(high, 0.0)
    with np.errstate(under="ignore"):
        small = np.exp(-exponent)
        peak = 2 * (dawsn(last) - np.exp(first**2 - last**2) * dawsn(first))
        return peak + small * (below - _tail(first, last)), exponent


def _tail(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Integral of erfcx from a to b, 0 <= a <= b, by Gauss and Legendre over t = log(1 + x)."""
    start, stop = np.log1p(a)[..., None], np.log1p(b)[..., None]
    t = (start + stop) / 2 + (stop - start) / 2 * NODES
    return (erfcx(np.expm1(t)) * np.exp(t) * WEIGHTS).sum(-1) * ((stop - start) / 2)[..., 0]
