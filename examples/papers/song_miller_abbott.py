"""Competition between a thousand synapses by additive STDP (Song, Miller and Abbott 2000, figure 2), and without it.

    python examples/papers/song_miller_abbott.py

Measured results are in song_miller_abbott.md. `--duration 5 --seeds 1` is a quick try, which asserts nothing.
"""

import argparse
import time

import numpy as np

import ranvier as rv
from ranvier.simulation import Uniform
from ranvier.units import ms, mV, nS, pF

G_MAX = 0.01 * nS  # in units of the leak conductance, 1 nS: 0.01
INPUTS, RATE = 1000, 15.0
STEP = 0.005  # A_plus of the paper, in units of the highest weight


def built(seed: int, mu: float) -> tuple[rv.Network, rv.simulation.Projection]:
    """A neuron with a membrane time constant of 10 ms and its inputs. mu: 0 for hard bounds, 1 for soft ones."""
    cell = rv.ConductanceLIF(
        c_mem=10 * pF,
        g_leak=1 * nS,
        tau_exc=5 * ms,
        v_leak=-74 * mV,
        v_exc=0.0,
        v_threshold=-54 * mV,
        v_reset=-60 * mV,
        dt=0.1 * ms,
    )
    unit = G_MAX if mu == 0 else 1.0  # a soft bound multiplies by what is left to it, which has a unit already
    rule = rv.PairSTDP(w_max=G_MAX, a_plus=STEP * unit, a_minus=1.05 * STEP * unit, mu_plus=mu, mu_minus=mu)
    net = rv.Network(seed=seed)
    inputs = net.add(INPUTS, rv.PoissonSource(RATE), "inputs")
    neuron = net.add(1, cell, "neuron")
    return net, net.connect(inputs, neuron, weight=Uniform(0.0, G_MAX), plasticity=rule)


def tenths(net: rv.Network, synapses: rv.simulation.Projection) -> np.ndarray:
    """Shares of the weights in ten equal parts of their range."""
    w = net.weights(synapses).weight / G_MAX
    return np.histogram(w, np.linspace(0, 1 + 1e-6, 11))[0] / len(w)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=3000.0, help="seconds")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    for mu, duration in ((0.0, options.duration), (1.0, options.duration / 10)):
        for seed in range(options.seeds):
            net, synapses = built(seed, mu)
            began, neuron, rates, shares = time.process_time(), net.populations[1], list[float](), np.zeros(10)
            for length in (duration / 30, 0.9 * duration - duration / 30, duration / 20, duration / 20):
                run = net.run(length, progress=False)
                shares = tenths(net, synapses)
                print(
                    f"mu {mu:g} seed {seed} after {net.time:.0f} s: tenths {np.round(shares, 3)}, both bounds {shares[0] + shares[-1]:.3f}, "
                    f"{run.rate(neuron):.1f} Hz, {time.process_time() - began:.1f} s of processor time",
                    flush=True,
                )
                rates.append(run.rate(neuron))
            if options.duration >= 3000 and mu == 0:
                assert shares[0] + shares[-1] >= 0.8 and shares[-1] > 0.1, "additive STDP makes weights bimodal"
                assert abs(rates[-1] - rates[-2]) < 0.1 * rates[-1], "the rate of the neuron is steady"
            elif options.duration >= 3000:
                assert shares[2:8].sum() > 0.9, "with soft bounds weights have one peak"
    print(f"ranvier {rv.__version__}")


if __name__ == "__main__":
    main()
