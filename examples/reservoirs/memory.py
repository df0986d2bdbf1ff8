"""Memory capacity: how much of its past input a linear readout finds in a reservoir's states (Jaeger 2001).

    python examples/reservoirs/memory.py            the three rows
    python examples/reservoirs/memory.py --quick    the cycle alone

Sum over delays k >= 0 of the squared correlation of u(t - k) with a readout trained for it; u uniform, fitted and measured on different
sequences. N is the most there can be. Jaeger sums from k = 1 on, where N - 1 is the most; that number stands beside.
"""

import argparse

from ranvier.reservoirs import Cycle, EchoState, Orthogonal, Reservoir, Ridge, Sparse, tasks


def models() -> dict[str, tuple[Reservoir, int, float]]:
    """Reservoir, delays, aim."""
    small = {"readout": Ridge(1e-12), "washout": 200}
    linear = {"input_scaling": 0.1, "activation": "identity", **small}
    return {
        "cycle, N = 20, linear": (EchoState(20, topology=Cycle(), spectral_radius=0.9, **linear), 60, 19.0),
        "orthogonal, N = 20, linear": (EchoState(20, topology=Orthogonal(), spectral_radius=0.9, **linear), 60, 19.0),
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
            f"{name}: memory capacity {curve.sum():.2f} (aim {aim:.0f}), from k = 1 on {curve[1:].sum():.2f}; delays up to {delays}",
            flush=True,
        )
        assert curve.sum() >= aim, f"{name}: {curve.sum():.2f} is below {aim}"


if __name__ == "__main__":
    main()
