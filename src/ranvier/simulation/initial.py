"""Where the states of a network start."""

from typing import Any

import numpy as np

from ranvier.kernels.cpu.noise import key_of
from ranvier.kernels.cpu.wiring import draw
from ranvier.simulation.engine import Engine
from ranvier.simulation.memory import Placed


def start(engine: Engine, seed: int) -> None:
    """Writes what `Population.initialize` asked for over the states at rest; then traces of synapses start."""
    for placed in engine.placed:
        p = placed.population
        for name, value in p.starts.items():
            _known(placed, name)
            placed.write(engine.data, placed.state_field(name), _values(value, p.n, key_of(seed, f"{p.name}/{name}")))
        for k, (name, neurons, value) in enumerate(p.some_starts):
            _known(placed, name)
            field = placed.field(engine.data, placed.state_field(name))
            field[neurons] = _values(value, len(neurons), key_of(seed, f"{p.name}/{name} of some #{k}"))
            placed.write(engine.data, placed.state_field(name), field)
    engine.learning.begin(engine.placed, engine.data)


def _known(placed: Placed, name: str) -> None:
    if name not in placed.states:
        raise ValueError(f"{placed.population.name} has no state {name}. It has: {', '.join(placed.states)}.")


def _values(value: Any, n: int, key: int) -> Any:
    if not hasattr(value, "kind"):
        return value
    out = np.empty(n)
    draw(key, value.kind, *value.constants, value.low, value.high, np.array([0, n]), 0, out, 0, 1)
    return out
