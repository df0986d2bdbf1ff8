"""Brunel (2000), "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons": four states beside the mean-field theory.

    python examples/papers/brunel.py
    python examples/papers/brunel.py --states C --duration 0.3     # a quick try

For each state the stationary rate is the fixed point of the Siegert function: what the neurons fire must equal what they are driven by. Measured
results are in brunel.md.
"""

import argparse
import math
from typing import Any

import numpy as np
from scipy.optimize import brentq

from ranvier.analysis import siegert
from ranvier.simulation import Population, Run, networks
from ranvier.units import ms, mV

BEGIN = 0.2  # seconds that are left out
# g, eta, seconds, rate of NEST 3.10 [Hz], CV of NEST, peak of the population rate of NEST [Hz], v_reset
STATES = {
    "A": (3.0, 2.0, 0.4, 332.5, 0.00, 665.0, 10 * mV),
    "B": (6.0, 4.0, 0.6, 58.4, 0.66, 182.0, 10 * mV),
    "C": (5.0, 2.0, 2.0, 37.9, 0.42, 126.0, 10 * mV),
    "D": (4.5, 0.9, 2.0, 5.63, 0.63, 20.0, 10 * mV),
    "C, reset to 0": (5.0, 2.0, 2.0, 32.1, 0.17, 92.0, 0.0),
}


def theory(g: float, eta: float, v_reset: float, j: float = 0.1 * mV, c_exc: int = 1000, tau: float = 20 * ms) -> float:
    """The self-consistent rate [Hz] (equation 21 of the paper)."""
    nu_ext = eta * 20 * mV / (j * c_exc * tau)

    def surplus(rate: float) -> float:
        mean = c_exc * j * tau * (nu_ext + rate * (1 - g / 4))
        sigma = math.sqrt(j * j * c_exc * tau * (nu_ext + rate * (1 + g * g / 4)))
        fired = siegert(mean, sigma / 2**0.5, tau_mem=tau, v_threshold=20 * mV, v_reset=v_reset, t_ref=2 * ms)
        return float(fired) - rate

    root: Any = brentq(surplus, 0.0, 499.9)
    return float(root)


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
    options = parser.parse_args()
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
