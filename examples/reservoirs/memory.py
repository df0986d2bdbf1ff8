"""Memory capacity: how much of its past input a linear readout finds in a reservoir's states (Jaeger 2001).

    python examples/reservoirs/memory.py            the three rows
    python examples/reservoirs/memory.py --quick    the cycle alone

Sum over delays k >= 1 of the squared correlation of u(t - k) with a readout trained for it; u uniform, fitted and measured on different
sequences. The state holds the present input (k = 0) too, so N - 1 is the most there can be where that is found entirely.
"""

import argparse

from ranvier.reservoirs import Cycle, EchoState, Orthogonal, Reservoir, Ridge, Sparse, tasks


def models() -> dict[str, tuple[Reservoir, int, float]]:
    """Reservoir, delays, aim."""
    small = {"readout": Ridge(1e-12), "washout": 200}
    linear = {"input_scaling": 0.1, "activation": "identity", **small}
    return {
        "cycle, N = 20, linear": (EchoState(20, topology=Cycle(), spectral_radius=0.9, **linear), 60, 18.9),
        "orthogonal, N = 20, linear": (EchoState(20, topology=Orthogonal(), spectral_radius=0.9, **linear), 60, 18.9),
        "random, N = 100, tanh": (
            EchoState(100, topology=Sparse(10), spectral_radius=0.99, input_scaling=0.001, **small), 150, 38.0,
        ),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the cycle alone")
    quick = parser.parse_args().quick
    for name, (model, delays, aim) in list(models().items())[: 1 if quick else None]:
        curve = tasks.memory_curve(model, delays=delays, steps=6000, test_steps=20_000)
        print(
            f"{name}: memory capacity {curve[1:].sum():.2f} (aim {aim:g}), with k = 0 {curve.sum():.2f}; delays up to {delays}",
            flush=True,
        )
        assert curve[1:].sum() >= aim, f"{name}: {curve[1:].sum():.2f} is below {aim}"


if __name__ == "__main__":
    main()
