"""The distal reward problem (Izhikevich 2007, figure 1): dopamine that comes seconds late finds the synapse that earned it.

    python examples/papers/distal_reward.py

Measured results are in distal_reward.md. `--duration 20 --seeds 1` is a quick try, which asserts nothing.

Regular spiking neurons and fast spiking ones, four to one, fire at about 2 Hz and learn by RewardSTDP. Whenever the presynaptic neuron of one chosen
synapse fires and its postsynaptic neuron within 20 ms after it, dopamine comes 1 to 3 s later: the loop is closed from outside, half a second at a time.
"""

import argparse
import time

import numpy as np

import ranvier as rv
from ranvier.units import ms, mV

DT = 1 * ms
CHUNK = 0.5  # seconds; rewards come later than that
W_MAX = 4 * mV
RATE = 2.0  # Hz of impulses that make a neuron fire


def built(seed: int, neurons: int, links: int) -> tuple[rv.Network, rv.simulation.Projection]:
    """The network of the paper at a smaller size. Izhikevich's units: mV, and impulses of v that stand for a current over a step of 1 ms."""
    options = {"dt": 0.5 * ms, "input": rv.ImpulseInput()}
    e_count = neurons * 4 // 5
    net = rv.Network(dt=DT, seed=seed)
    e = net.add(e_count, rv.Izhikevich(**options), "E", excitatory=True)
    i = net.add(neurons - e_count, rv.Izhikevich(a=0.1 / ms, d=2 * mV / ms, **options), "I", excitatory=False)
    # the paper's rate constants: 0.1 and 0.15 a pair; every 10 ms the weight takes the share 0.002 + dopamine of c
    rule = rv.RewardSTDP(w_max=W_MAX, a_plus=0.1 * mV * 100, a_minus=0.15 * mV * 100, tau_c=1.0, tau_d=0.2)
    to_e, to_i = (rv.FixedOutDegree(round(links * p.n / neurons)) for p in (e, i))
    synapses = net.connect(e, e, to_e, weight=1 * mV, delay=1 * ms, plasticity=rule)
    net.connect(e, i, to_i, weight=1 * mV, delay=1 * ms)
    net.connect(i, e, rv.FixedOutDegree(links), weight=-1 * mV, delay=1 * ms)
    for p in (e, i):
        net.drive(p, RATE, 20 * mV)
    return net, synapses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=3600.0, help="seconds")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--links", type=int, default=20, help="synapses that a neuron makes")
    parser.add_argument("--reward", type=float, default=0.5, help="dopamine of a reward")
    options = parser.parse_args()
    won = 0
    for seed in range(options.seeds):
        began = time.process_time()
        net, synapses = built(seed, options.neurons, options.links)
        e, rng = net.populations[0], np.random.default_rng(seed)
        wiring = net.weights(synapses)
        chosen = int(np.flatnonzero(wiring.pre != wiring.post)[0])
        pre, post = int(wiring.pre[chosen]), int(wiring.post[chosen])
        weight = np.full(len(wiring.weight), 1 * mV)
        weight[chosen] = 0.0  # the paper starts it at nothing
        net.set_weights(synapses, weight)
        rewards, last, fired, late = 0, -np.inf, 0, list[np.ndarray]()
        for chunk in range(round(options.duration / CHUNK)):
            spikes, who = net.run(CHUNK, progress=False).spikes(e)
            fired += len(who)
            for t, j in zip(spikes, who, strict=True):
                if j == pre:
                    last = t
                elif j == post and 0 < t - last <= 20 * ms:
                    net.reward(options.reward, at=t + 1 + 2 * rng.random())
                    rewards += 1
            if (chunk + 1) % round(options.duration / CHUNK / 6) == 0:
                w = net.weights(synapses).weight / mV
                late = [*late, w][-3:]
                print(
                    f"  {net.time:.0f} s: chosen {w[chosen]:.2f} mV, others {np.delete(w, chosen).mean():.2f}, 99th percentile {np.percentile(w, 99):.2f}; "
                    f"{rewards} rewards; {fired / e.n / net.time:.2f} Hz", flush=True,
                )  # fmt: skip
        w = net.weights(synapses).weight / mV
        rank = int(np.sum(w > w[chosen]))
        mean = np.mean(late, 0)
        won += int(mean.argmax()) == chosen
        if options.duration >= 3600:
            assert mean[chosen] > np.percentile(mean, 99), "the rewarded synapse is among the strongest"
        print(
            f"seed {seed}: chosen synapse {w[chosen]:.2f} mV, {rank} of {len(w)} stronger; mean of all {w.mean():.2f} mV; {rewards} rewards; "
            f"{time.process_time() - began:.0f} s of processor time", flush=True,
        )  # fmt: skip
    print(f"strongest in the mean of the second half in {won} of {options.seeds}, ranvier {rv.__version__}")


if __name__ == "__main__":
    main()
