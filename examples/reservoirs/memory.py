"""Memory capacity: how much of its past input a linear readout finds in a reservoir's states (Jaeger 2001).

    python examples/reservoirs/memory.py            the three rows
    python examples/reservoirs/memory.py --quick    the cycle alone

Sum over delays k >= 1 of the squared correlation of u(t - k) with a readout trained for it; u uniform, fitted and measured on different
sequences. Over k >= 0 a linear reservoir of N units whose states are independent has N, of which k = 0 takes 1 - det(W)^2. With an orthogonal matrix
of spectral radius r, such as a cycle, N - 1 + r^(2 N) are left for the past (Rodan and Tino 2011, theorem 1): the nearer r is to 1, the more of them,
and the farther back they lie.
"""

import argparse
from typing import Any, NamedTuple

from ranvier.reservoirs import Cycle, EchoState, Orthogonal, Reservoir, Ridge, Sparse, tasks

RADIUS = 0.95
EXACT = 19 + RADIUS**40  # of an orthogonal matrix of 20 units: 19.129


class Task(NamedTuple):
    """Steps to fit on: noise of the fit takes away about N^2 / steps."""

    model: Reservoir
    delays: int
    steps: int
    aim: float


def rows() -> dict[str, Task]:
    """The three rows."""
    small = {"readout": Ridge(1e-12), "washout": 500}
    linear: dict[str, Any] = {"input_scaling": 0.1, "activation": "identity", "spectral_radius": RADIUS, **small}
    tanh = EchoState(100, topology=Sparse(10), spectral_radius=0.99, input_scaling=0.001, **small)
    return {
        "cycle, N = 20, linear": Task(EchoState(20, topology=Cycle(), **linear), 120, 50_000, 19.0),
        "orthogonal, N = 20, linear": Task(EchoState(20, topology=Orthogonal(), **linear), 120, 50_000, 19.0),
        "random, N = 100, tanh": Task(tanh, 150, 6000, 38.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the cycle alone")
    quick = parser.parse_args().quick
    print(f"closed form of the first two: {EXACT:.3f}")
    for name, (model, delays, steps, aim) in list(rows().items())[: 1 if quick else None]:
        curve = tasks.memory_curve(model, delays=delays, steps=steps, test_steps=100_000)
        print(
            f"{name}: memory capacity {curve[1:].sum():.3f} (aim {aim:g}), with k = 0 {curve.sum():.3f}; delays up to {delays}",
            flush=True,
        )
        assert curve[1:].sum() >= aim, f"{name}: {curve[1:].sum():.3f} is below {aim}"


if __name__ == "__main__":
    main()
