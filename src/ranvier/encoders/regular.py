"""Deterministic rate codes: spikes as evenly spaced as the steps allow."""

import torch
from torch import Tensor

from ranvier.checks import steps_at_least
from ranvier.encoders.rate import expected_spikes
from ranvier.encoders.shared import signal
from ranvier.units import ms


def regular(rate: Tensor, *, steps: int, dt: float = 1 * ms, phase: float = 0.0, clip: bool = False) -> Tensor:
    """Regular spikes of the given rate: an integrator that fires whenever it has gathered one period.

        S[t] = 1 if floor(rate * dt * (t + 1) + phase) > floor(rate * dt * t + phase)

    T steps hold exactly floor(rate * dt * T + phase) spikes, so their number is off by less than 1 where a Bernoulli
    code is off by sqrt(T p (1 - p)). A period that is complete but for the rounding of `rate` itself is complete.

    Args:
        rate: firing rates in Hz, shape [*N], of a floating dtype.
        steps: number of time steps T.
        dt: time step in seconds.
        phase: part of a period that has passed before the first step, in [0, 1).
        clip: bring rates outside [0, 1 / dt] to the nearest end instead of refusing them.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `rate`.

    Raises:
        TypeError: `rate` is not a floating tensor, or `steps` is not an int.
        ValueError: `rate * dt` leaves [0, 1], `rate` is empty or not finite, `phase` leaves [0, 1), or `steps` or `dt`
            is not above 0.

    Source: Gerstner et al., Neuronal Dynamics (2014), section 7.2, the rate as a spike count over a window.
    """
    expected = expected_spikes("regular", rate, dt, clip=clip).double()
    steps_at_least("regular", steps)
    _check_phase("regular", phase)
    spikes = torch.empty((steps, *rate.shape), dtype=rate.dtype, device=rate.device)
    rounding = torch.finfo(rate.dtype).eps
    before = _periods(expected * 0, phase, rounding)
    for t in range(steps):
        after = _periods(expected * (t + 1), phase, rounding)
        spikes[t] = after > before
        before = after
    return spikes


def accumulate(x: Tensor, *, phase: float = 0.0) -> Tensor:
    """Regular spikes of a rate that changes: the running sum of a signal fires at every whole number.

        v[t] = v[t-1] + x[t];  where v[t] >= 1: S[t] = 1, v[t] <- v[t] - 1

    At every step the spikes so far differ from the sum of `x` so far by less than 1.

    Args:
        x: spikes a step in [0, 1], time first, shape [T, *N], of a floating dtype.
        phase: where the sum starts, in [0, 1).

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` leaves [0, 1], has no time axis, is empty or not finite, or `phase` leaves [0, 1).

    Source: Rueckauer et al., Frontiers in Neuroscience 11:682 (2017), the reset by subtraction.
    """
    low, high = signal("accumulate", x)
    if low < 0 or high > 1:
        raise ValueError(
            f"accumulate: x must lie in [0, 1] spikes a step, got values from {low:g} to {high:g}. "
            "Rescale it, or use x.clamp(0, 1)."
        )
    _check_phase("accumulate", phase)
    gathered = _periods(x.detach().cumsum(0, dtype=torch.float64), phase, torch.finfo(x.dtype).eps)
    return torch.diff(gathered, dim=0, prepend=torch.zeros_like(gathered[:1])).clamp(max=1).to(x.dtype)


def _periods(gathered: Tensor, phase: float, rounding: float) -> Tensor:
    """Whole periods in `gathered` + phase; ten times 0.1 shall make one, in any dtype."""
    return torch.floor(gathered + (gathered * rounding).clamp(1e-9, 1e-3) + phase)


def _check_phase(where: str, phase: float) -> None:
    if not 0 <= phase < 1:
        raise ValueError(f"{where}: phase must lie in [0, 1) periods, got {phase}. Use for example phase=0.5.")
