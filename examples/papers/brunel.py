"""Brunel (2000), "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons": four states beside the mean-field theory.

    python examples/papers/brunel.py
    python examples/papers/brunel.py --states C --duration 0.3     # a quick try
    python examples/papers/brunel.py --independent     # state D without a network: what the theory leaves out

For each state the stationary rate is the fixed point of the Siegert function: what the neurons fire must equal what they are driven by. Measured
results are in brunel.md.
"""

import argparse
import math
from typing import Any

import numpy as np
from scipy.optimize import brentq

import ranvier as rv
from ranvier.analysis import siegert
from ranvier.simulation import Population, Run, Uniform, networks
from ranvier.units import ms, mV

BEGIN = 0.2  # seconds that are left out
TAU = 20 * ms
# g, eta, seconds, rate of NEST 3.10 [Hz], CV of NEST, peak of the population rate of NEST [Hz], v_reset
STATES = {
    "A": (3.0, 2.0, 0.4, 332.5, 0.00, 665.0, 10 * mV),
    "B": (6.0, 4.0, 0.6, 58.9, 0.79, 182.0, 10 * mV),
    "C": (5.0, 2.0, 2.0, 37.9, 0.42, 126.0, 10 * mV),
    "D": (4.5, 0.9, 2.0, 5.63, 0.63, 20.0, 10 * mV),
    "C, reset to 0": (5.0, 2.0, 2.0, 32.1, 0.17, 92.0, 0.0),
}


def drive(rate: float, g: float, eta: float, j: float = 0.1 * mV, c_exc: int = 1000) -> tuple[float, float]:
    """Mean and standard deviation [V] of the free membrane of a neuron whose presynaptic neurons fire at a rate [Hz]."""
    nu_ext = eta * 20 * mV / (j * c_exc * TAU)
    mean = c_exc * j * TAU * (nu_ext + rate * (1 - g / 4))
    return mean, math.sqrt(j * j * c_exc * TAU * (nu_ext + rate * (1 + g * g / 4)) / 2)


def fired(mean: float, sd: float, v_reset: float, dt: float = 0.0) -> float:
    """The Siegert rate [Hz]. A walk that is looked at every dt crosses a threshold as one that is always looked at does a threshold that is 0.5826 standard
    deviations of a step higher (Broadie, Glasserman and Kou 1997, Mathematical Finance 7)."""
    higher = 0.5826 * sd * math.sqrt(2 * dt / TAU)
    return float(siegert(mean, sd, tau_mem=TAU, v_threshold=20 * mV + higher, v_reset=v_reset, t_ref=2 * ms))


def theory(g: float, eta: float, v_reset: float) -> float:
    """The self-consistent rate [Hz] (equation 21 of the paper)."""
    root: Any = brentq(lambda rate: fired(*drive(rate, g, eta), v_reset) - rate, 0.0, 499.9)
    return float(root)


def independent(mean: float, sd: float, g: float, j: float, dt: float, seed: int, v_reset: float = 10 * mV) -> float:
    """Rate [Hz] of 12,500 unconnected neurons in 2 s, with Poisson impulses of j and -g j at rates that give that mean and standard deviation."""
    a, b = mean / (TAU * j), 2 * sd * sd / (TAU * j * j)  # r_exc - g r_inh, r_exc + g^2 r_inh
    inhibition = (b - a) / (g * g + g)
    cell = rv.LIF(
        dt=dt, tau_mem=TAU, v_threshold=20 * mV, v_reset=v_reset, refractory=rv.Clamp(2 * ms), input=rv.ImpulseInput()
    )
    net = rv.Network(dt=dt, seed=seed)
    cells = net.add(12_500, cell, "cells")
    cells.initialize(v=Uniform(10 * mV, 18 * mV))
    net.drive(cells, a + g * inhibition, j)
    net.drive(cells, inhibition, -g * j)
    net.run(0.3, spikes=False, progress=False)
    return net.run(2.0, progress=False).rate(cells)


def compare(seed: int) -> None:
    """Independent neurons at the mean and deviation of state D: the rate against the theory, as impulses and steps become small."""
    g, eta, *_, v_reset = STATES["D"]
    expected = theory(g, eta, v_reset)
    mean, sd = drive(expected, g, eta)
    print(f"mean {mean / mV:.2f} mV, standard deviation {sd / mV:.2f} mV: {expected:.3f} Hz by the theory")
    for dt in (0.1 * ms, 0.03 * ms, 0.01 * ms):
        rates = [independent(mean, sd, g, j, dt, seed) for j in (0.1 * mV, 0.03 * mV, 0.01 * mV)]
        found = " ".join(f"{rate:.3f}" for rate in rates)
        limit = fired(mean, sd, v_reset, dt)
        print(f"dt {dt / ms:g} ms: {found} Hz for j 0.1, 0.03, 0.01 mV; theory of that step {limit:.3f}", flush=True)
    assert abs(rates[-1] - limit) < 0.01 * limit, "small impulses: the theory with the step in it holds"


def cv(run: Run, population: Population, neurons: int = 2000) -> float:
    """Mean coefficient of variation of intervals after BEGIN, of neurons of more than four spikes."""
    late = [train[train > BEGIN] for train in run.trains(population)[:neurons]]
    intervals = [np.diff(train) for train in late if len(train) > 4]
    return float(np.mean([x.std() / x.mean() for x in intervals])) if intervals else math.nan


def peak(run: Run, populations: tuple[Population, ...], lowest: float = 10.0) -> float:
    """Frequency [Hz] at which the population rate in bins of 0.5 ms has most power, in segments of 0.2 s that overlap by half."""
    times = np.concatenate([run.spikes(p)[0] for p in populations])
    bins = round((run.end - BEGIN) / (0.5 * ms))
    rate = np.histogram(times, bins, (BEGIN, run.end))[0].astype(float)
    size = min(400, bins)
    window = np.hanning(size)
    power = np.mean(
        [
            np.abs(np.fft.rfft((s - s.mean()) * window)) ** 2
            for s in (rate[k : k + size] for k in range(0, bins - size + 1, size // 2))
        ],
        axis=0,
    )
    frequency = np.fft.rfftfreq(size, 0.5 * ms)
    power[frequency < lowest] = 0
    return float(frequency[power.argmax()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", nargs="*", default=list(STATES))
    parser.add_argument("--duration", type=float, help="seconds, for all; by default those of the table")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--independent", action="store_true", help="neurons of state D with independent inputs instead")
    options = parser.parse_args()
    if options.independent:
        compare(options.seed)
        return
    print("state            g    eta  theory    rate     NEST     CV   NEST   peak   NEST")
    for state in options.states:
        g, eta, duration, nest, nest_cv, nest_peak, v_reset = STATES[state]
        net, (e, i) = networks.brunel(g=g, eta=eta, v_reset=v_reset, seed=options.seed)
        run = net.run(options.duration or duration)
        late = sum((run.spikes(p)[0] > BEGIN).sum() for p in (e, i))
        rate = late / ((e.n + i.n) * (run.end - BEGIN))
        found = cv(run, e), peak(run, (e, i))
        expected = theory(g, eta, v_reset)
        print(
            f"{state:15s} {g:4.1f} {eta:5.1f} {expected:7.2f} {rate:7.2f} {nest:8.2f} {found[0]:6.2f} {nest_cv:6.2f} {found[1]:6.0f} {nest_peak:6.0f}"
            f"   {run.real_time_factor:.1f} s a second",
            flush=True,
        )
        if options.duration is None:
            assert abs(rate - nest) < 0.05 * nest, f"{state}: the rate of NEST is {nest} Hz"


if __name__ == "__main__":
    main()
