"""Deep against shallow at equal size and equal tuning: memory capacity and NARMA-10 of 200 units in 1 and in 4 layers.

    python examples/reservoirs/depth.py            20 settings each
    python examples/reservoirs/depth.py --quick    2 settings each

Both get the same number of random settings from the same ranges; the best by a validation series is measured on another one. It prints what
it finds and asserts only that both work: which one wins depends on the task.
"""

import argparse
from typing import Any

import numpy as np

from ranvier.reservoirs import DeepEchoState, EchoState, Ridge, tasks

UNITS, DEPTH, TRAIN, WASHOUT = 200, 4, 2000, 200


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """A setting that both can have."""
    return {
        "spectral_radius": float(rng.choice([0.7, 0.9, 0.95, 0.99])),
        "leak": float(rng.choice([0.5, 0.8, 1.0])),
        "input_scaling": float(10 ** rng.uniform(-2, 0)),
        "bias_scaling": float(10 ** rng.uniform(-1.5, 0)),
    }


def made(deep: bool, setting: dict[str, Any]) -> Any:
    shared: dict[str, Any] = {"washout": WASHOUT, "readout": Ridge(1e-9), **setting}
    return DeepEchoState((UNITS // DEPTH,) * DEPTH, **shared) if deep else EchoState(UNITS, **shared)


def narma_error(model: Any, seed: int) -> float:
    u, y = tasks.narma(10, 2 * TRAIN, seed=seed)
    model.fit(u[:TRAIN, None], y[:TRAIN])
    return tasks.nmse(y[TRAIN + WASHOUT :], model.predict(u[TRAIN:, None])[WASHOUT:])


def memory(model: Any, seed: int) -> float:
    return float(tasks.memory_curve(model, delays=150, steps=3000, test_steps=6000, seed=seed).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 settings")
    settings = [drawn(np.random.default_rng(k)) for k in range(2 if parser.parse_args().quick else 20)]
    for name, measure, best in (("NARMA-10 NMSE", narma_error, min), ("memory capacity", memory, max)):
        for deep in (False, True):
            chosen = best(settings, key=lambda s: measure(made(deep, s), 1))
            found = measure(made(deep, chosen), 2)
            what = f"{DEPTH} layers of {UNITS // DEPTH}" if deep else f"1 layer of {UNITS}"
            print(f"{name}, {what}: {found:.3f}  {chosen}", flush=True)
            assert found < 0.5 if best is min else found > 10


if __name__ == "__main__":
    main()
