"""Where everything of a network lies: fields of populations, and rows of synapses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
import torch
from numpy.typing import NDArray

from ranvier.equations.declaration import ModelError
from ranvier.equations.lowering import Loop
from ranvier.equations.program import Assign
from ranvier.kernels.cpu.late import taken_up
from ranvier.kernels.cpu.population import LANES, Layout, common_coefficients, poisson_source, update_kernel
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.receptors import Receptor, adds_up, joined, reacts
from ranvier.simulation.sources import PoissonSource, SpikeSource
from ranvier.synapses.synapse import Synapse

LINE = 64  # bytes that come from memory at once


@dataclass(eq=False)
class Placed:
    """A population as the kernels see it. place: its first block in `data`; numbers: its common coefficients in `values`; born: its first neuron."""

    population: Population
    layout: Layout
    receptors: tuple[Receptor, ...]
    place: int
    numbers: int
    born: int
    loop: Loop | None = None
    states: tuple[str, ...] = ()
    kernel: Any = None
    cost: float = 1.0  # of a neuron's step, in units of an addition

    @property
    def n(self) -> int:
        """Neurons."""
        return self.population.n

    @property
    def blocks(self) -> int:
        """Blocks of neurons."""
        return -(-self.n // LANES)

    def field(self, data: np.ndarray, k: int) -> np.ndarray:
        """A copy of field k, [n]."""
        size = self.layout.size
        whole = data[self.place : self.place + self.blocks * size].reshape(self.blocks, self.layout.fields, LANES)
        return whole[:, k].reshape(-1)[: self.n].copy()

    def write(self, data: np.ndarray, k: int, value: Any) -> None:
        """Sets field k to a number or to [n] numbers."""
        size = self.layout.size
        whole = data[self.place : self.place + self.blocks * size].reshape(self.blocks, self.layout.fields, LANES)
        full = np.zeros(self.blocks * LANES, data.dtype)
        full[: self.n] = value
        whole[:, k] = full.reshape(self.blocks, LANES)

    def places(self, k: int, neurons: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where field k of these neurons stands in `data`."""
        return self.place + neurons // LANES * self.layout.size + k * LANES + neurons % LANES

    def state_field(self, name: str) -> int:
        """Which field a state is."""
        return len(self.layout.held) + self.states.index(name)


def receptors_of(population: Population, inputs: Sequence[Projection | Drive]) -> tuple[Receptor, ...]:
    """What ends on a population, each input once, its own before those of synapses."""
    found: list[Receptor] = []
    for given in inputs:
        if given.post is population and receptor_among(found, given) is None:
            found += _signs(population, given.synapse)
    return tuple(sorted(found, key=lambda r: r.synapse is not None))


def _signs(population: Population, synapse: Synapse | None) -> list[Receptor]:
    model = population.model if synapse is None else synapse
    assert isinstance(model, Neuron)
    if synapse is None and not model.declaration.has("receive"):
        return [Receptor(None)]
    if synapse is None and "CurrentInput" in repr(model.options.drive):
        return [Receptor(None)]
    if adds_up(type(model)):
        return [Receptor(synapse)]
    return [Receptor(synapse, sign) for sign in (1, -1) if reacts(type(model), sign)]


def receptor_among(receptors: Sequence[Receptor], given: Projection | Drive, sign: int = 0) -> int | None:
    """Which receptor the impulses of a projection go to; None where none fits. sign: theirs."""
    for k, r in enumerate(receptors):
        if _same(r.synapse, given.synapse) and (not sign or r.sign in (0, sign)):
            return k
    return None


def _same(a: Synapse | None, b: Synapse | None) -> bool:
    if a is None or b is None:
        return a is b
    if a is b:
        return True
    if type(a) is not type(b) or replace(a.options, dt=b.options.dt) != b.options:  # the network's dt counts
        return False
    ours, theirs = a.parameter_values(), b.parameter_values()
    return all(torch.equal(torch.as_tensor(ours[k]), torch.as_tensor(theirs[k])) for k in ours)


def place(
    populations: Sequence[Population], inputs: Sequence[Projection | Drive], dt: float, dtype: np.dtype
) -> tuple[list[Placed], np.ndarray, np.ndarray]:
    """All populations, one after another; `data` with every state at rest and every coefficient, and `values`."""
    placed: list[Placed] = []
    contents: list[dict[int, Any]] = []
    common: list[float] = []
    end, born = 0, 0
    for p in populations:
        receptors = receptors_of(p, inputs)
        if isinstance(p.model, Neuron):
            plastic = [g for g in inputs if g.post is p and isinstance(g, Projection) and g.plasticity is not None]
            learned = {k for k, r in enumerate(receptors) if any(_same(r.synapse, g.synapse) for g in plastic)}
            one, content, numbers = _neurons(p, p.model, receptors, learned, dt, dtype)
        else:
            one, content, numbers = _source(p, p.model, dt)
        one.place, one.numbers, one.born = end, len(common), born
        placed.append(one)
        contents.append(content)
        common += numbers
        end += one.blocks * one.layout.size
        born += p.n
    data = _zeros(end, dtype)
    for one, content in zip(placed, contents, strict=True):
        for k, value in content.items():
            one.write(data, k, value)
    return placed, data, np.asarray(common or [0.0], dtype)


def _zeros(n: int, dtype: np.dtype) -> np.ndarray:
    """Zeros that begin with a line of memory, where NumPy promises a quarter of one: else every second vector lies across two lines."""
    room = np.zeros(n + LINE // dtype.itemsize, dtype)
    return room[-room.ctypes.data % LINE // dtype.itemsize :][:n]


def _neurons(
    p: Population,
    model: Neuron,
    receptors: tuple[Receptor, ...],
    learned: Collection[int],
    dt: float,
    dtype: np.dtype,
) -> tuple[Placed, dict[int, Any], list[float]]:
    """learned: receptors of plastic synapses, which are looked at when a spike arrives, before the step."""
    try:
        neuron, pulse = joined(model, receptors, dt)
    except (ValueError, ModelError) as error:
        raise type(error)(f"{p.name}: {error}") from None
    kind = torch.float64 if dtype == np.float64 else torch.float32
    loop, values, state = neuron.for_stream((p.n,), kind)
    of = dict(zip(loop.coefficients, values, strict=True))
    each = tuple(c for c, v in of.items() if v.dim())
    late = tuple(
        (k, *taken)
        for k in range(pulse, len(receptors))
        if k not in learned and (taken := taken_up(loop, k - pulse)) is not None
    )
    layout = Layout(len(receptors), len(loop.states), each, np.ndim(p.current) > 0, pulse, late)
    names = tuple(str(s) for s in loop.states)
    first = len(layout.held)
    content: dict[int, Any] = {first + k: state[name][0].numpy() for k, name in enumerate(names)}
    content |= {first + len(names) + k: of[c].numpy() for k, c in enumerate(each)}
    numbers = [float(of[c]) for c in common_coefficients(loop, layout)]
    if layout.current:
        content[layout.fields - 1] = p.current
    else:
        numbers.append(float(p.current))
    cost = float(sum(sympy.count_ops(line.value) for line in loop.statements if isinstance(line, Assign)))
    one = Placed(p, layout, receptors, 0, 0, 0, loop, names, update_kernel(loop, layout), cost)
    return one, content, numbers


def _source(p: Population, model: PoissonSource | SpikeSource, dt: float) -> tuple[Placed, dict[int, Any], list[float]]:
    if isinstance(model, SpikeSource):
        return Placed(p, Layout(0, 0), (), 0, 0, 0), {}, []
    chances = model.probabilities(p.n, dt)
    one = Placed(p, Layout(0, 0), (), 0, 0, 0, kernel=poisson_source, cost=10.0)
    return one, {}, [float(len(chances)), 1.0, *chances.tolist()]
