"""Does depth help a liquid that must remember over two times at once? Delayed XOR, equal numbers of neurons.

    python examples/reservoirs/deep_liquid.py

A bit every 50 ms, five of them: 20 ms of spikes in one of two groups of channels. At the end, is the last bit another than the one 50 ms before it? Than the
one 200 ms before it? One column of 135 neurons, three of 45 one behind the other, and two of 60 with a winner-take-all layer of 15 between them that learns by
STDP; all at 15 Hz, three seeds each, both readouts on the same states.
"""

import numpy as np

from ranvier.reservoirs import Counts, DeepLiquidState, Last, LiquidState, RidgeClassifier, Several
from ranvier.units import Hz, ms

BITS, EACH, STEP, GROUP = 5, 10, 5 * ms, 2  # bits, rows a bit, seconds a row, channels a group
PENALTIES = tuple(np.logspace(-1, 4, 6))


def inputs(rng: np.random.Generator, count: int) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Spikes [50 rows, 4 channels] of each sequence, and the two answers."""
    bits = rng.integers(0, 2, (count, BITS))
    found = []
    for row in bits:
        rows = np.zeros((BITS * EACH, 2 * GROUP))
        for k, bit in enumerate(row):
            burst = rows[k * EACH : k * EACH + 4, bit * GROUP : (bit + 1) * GROUP]
            burst += rng.random(burst.shape) < 0.7
        found.append(rows)
    return found, {"50 ms": bits[:, -1] ^ bits[:, -2], "200 ms": bits[:, -1] ^ bits[:, 0]}


def models(seed: int) -> dict[str, LiquidState]:
    """135 neurons each."""
    shared = dict(
        code=Counts(), step=STEP, dt=0.5 * ms, target_rate=15 * Hz, input_probability=0.5, pooling=Last(), random_state=seed
    )  # fmt: skip
    return {
        "one column": LiquidState((15, 3, 3), **shared),
        "three columns": DeepLiquidState((5, 3, 3), layers=3, encoders=0, forward_probability=0.1, **shared),
        "two columns and winners": DeepLiquidState((5, 4, 3), layers=2, encoders=14, **shared),
    }


def main() -> None:
    rng = np.random.default_rng(0)
    (x, y), (new, labels) = inputs(rng, 500), inputs(rng, 250)
    scores: dict[str, list[tuple[float, float]]] = {}
    for seed in range(3):
        for name, model in models(seed).items():
            both = Several(model, {task: RidgeClassifier(PENALTIES) for task in y}).fit(x, y)
            found = both.score(new, labels)
            scores.setdefault(name, []).append((found["50 ms"], found["200 ms"]))
            assert both.reservoir_.wiring_.n == 135
    means = {name: np.mean(rows, 0) for name, rows in scores.items()}
    for name, (near, far) in means.items():
        each = ", ".join(f"{100 * a:.0f}/{100 * b:.0f}" for a, b in scores[name])
        print(f"{name}: {100 * near:.1f} % at 50 ms, {100 * far:.1f} % at 200 ms (seeds: {each})", flush=True)
    assert max(near for near, _ in means.values()) > 0.7  # what was measured: depth does not help here


if __name__ == "__main__":
    main()
