"""Izhikevich (2003), "Simple model of spiking neurons": 1,000 randomly coupled neurons beside the paper's script in NumPy.

    python examples/papers/izhikevich_network.py
    python examples/papers/izhikevich_network.py --seeds 1          # a quick try

Measured results are in izhikevich_network.md.
"""

import argparse

import numpy as np

from ranvier.simulation import networks

ANCHOR, DEVIATION = 7513, 171  # spikes in the first second, mean and deviation over ten seeds of the script


def script(seed: int) -> np.ndarray:
    """Spikes a millisecond of the paper's algorithm."""
    rng = np.random.default_rng(seed)
    r_exc, r_inh = rng.random(800), rng.random(200)
    a = np.r_[np.full(800, 0.02), 0.02 + 0.08 * r_inh]
    b = np.r_[np.full(800, 0.2), 0.25 - 0.05 * r_inh]
    c = np.r_[-65 + 15 * r_exc**2, np.full(200, -65.0)]
    d = np.r_[8 - 6 * r_exc**2, np.full(200, 2.0)]
    weights = np.hstack([0.5 * rng.random((1000, 800)), -rng.random((1000, 200))])
    v = np.full(1000, -65.0)
    u = b * v
    counts = np.zeros(1000, int)
    for t in range(1000):
        current = np.r_[5 * rng.standard_normal(800), 2 * rng.standard_normal(200)]
        fired = v >= 30
        counts[t] = fired.sum()
        v[fired] = c[fired]
        u[fired] += d[fired]
        current += weights[:, fired].sum(1)
        for _ in range(2):
            v += 0.5 * (0.04 * v**2 + 5 * v + 140 - u + current)
        u += a * (b * v - u)
    return counts


def spectrum(counts: list[np.ndarray]) -> tuple[float, float]:
    """Frequencies [Hz] of the highest mean power between 4 and 20 Hz, and between 30 and 80 Hz."""
    power = np.mean([np.abs(np.fft.rfft(c - c.mean())) ** 2 for c in counts], axis=0)
    power = np.convolve(power, np.full(3, 1 / 3), "same")
    slow, fast = (float(low + power[low:high].argmax()) for low, high in ((4, 20), (30, 80)))
    return slow, fast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    ours, parts = [], []
    for seed in range(options.seeds):
        net, (e, i) = networks.izhikevich(seed=seed)
        run = net.run(1.0)
        ours.append(np.bincount(run.steps, minlength=1000))
        parts.append((run.rate(e), run.rate(i)))
        print(f"seed {seed}: {len(run.steps)} spikes", flush=True)
    theirs = [script(seed) for seed in range(options.seeds)]
    for name, counts in (("ranvier", ours), ("script", theirs)):
        total = [c.sum() for c in counts]
        slow, fast = spectrum(counts)
        print(
            f"{name}: {np.mean(total):.0f} +- {np.std(total):.0f} spikes a second; peaks at {slow:.0f} and {fast:.0f} Hz"
        )
    rates = np.mean(parts, axis=0)
    print(f"ranvier: E {rates[0]:.2f} Hz, I {rates[1]:.2f} Hz")
    mean = np.mean([c.sum() for c in ours])
    assert abs(mean - ANCHOR) < 3 * DEVIATION, f"{ANCHOR} +- {DEVIATION} expected"


if __name__ == "__main__":
    main()
