"""What a run keeps: asked for with `Network.record`, taken chunk by chunk, handed to its `Run`."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranvier.neurons.neuron import Neuron
from ranvier.simulation import room
from ranvier.simulation.currents import NAME as CURRENTS
from ranvier.simulation.currents import Summed
from ranvier.simulation.engine import Chunk, Engine, Probe
from ranvier.simulation.followed import Followed, Follower
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.run import Neurons, Run


@dataclass(eq=False)
class Asked:
    """What has been asked for: states of neurons, sums of their synaptic currents, and weights and traces of plastic synapses."""

    probes: dict[tuple[Neurons, str], Probe] = field(default_factory=dict)
    summed: dict[Neurons, Probe] = field(default_factory=dict)
    followers: dict[tuple[Projection, str], Follower] = field(default_factory=dict)


class Recording:
    """What one run keeps, from where the engine stands to step `end`."""

    def __init__(self, asked: Asked, engine: Engine, inputs: Sequence[Projection | Drive], end: int) -> None:
        for p in asked.probes.values():
            check_state(p.population, p.state, engine)
        self.begin, self.end, self.dt = engine.step, end, engine.dt
        self.asked_probes, self.asked_sums = dict(asked.probes), dict(asked.summed)
        self.summed = Summed(list(self.asked_sums.values()), engine, inputs)
        self.probes = [*self.asked_probes.values(), *self.summed.probes]
        self.followed = Followed(list(asked.followers.values()), engine, self.begin, end)
        self.chunks: list[Chunk] = []
        self._check(engine.dtype.itemsize)

    def _check(self, each: int) -> None:
        states = [  # twice: in pieces, and put together
            (f"{p.state} of {p.population.name}", self.end // p.every - self.begin // p.every, len(p.neurons), 2 * each)
            for p in self.asked_probes.values()
        ]
        of_synapses = [
            (f"{f.state} of {f.projection.name}", *shape, each)
            for f, shape in zip(self.followed.followers, self.followed.shapes, strict=True)
        ]
        room.check_records([*states, *of_synapses])

    def keep(self, chunk: Chunk) -> None:
        """Takes what a chunk of steps gave."""
        self.chunks.append(self.summed.reduced(chunk, len(self.asked_probes)))

    def result(self, engine: Engine, populations: Sequence[Population], wall: float) -> Run:
        """The run until now. wall: seconds it took."""
        chunks = self.chunks
        steps = np.concatenate([c.steps for c in chunks] or [np.zeros(0, np.int64)])
        neurons = np.concatenate([c.neurons for c in chunks] or [np.zeros(0, np.int32)])
        traces: dict[Any, Any] = {}
        widths = [(key, p, len(p.neurons)) for key, p in self.asked_probes.items()]
        widths += [((of, CURRENTS), p, 2) for of, p in self.asked_sums.items()]
        for k, (key, p, width) in enumerate(widths):
            samples = np.concatenate([c.samples[k] for c in chunks] or [np.zeros((0, width))])
            first = self.begin // p.every + 1
            traces[key] = (first + np.arange(len(samples))) * p.every * self.dt, samples
        return Run(
            self.begin * self.dt, engine.step * self.dt, self.dt, wall, steps, neurons, tuple(populations),
            {**traces, **self.followed.found(self.dt)}, {key: p.neurons for key, p in self.asked_probes.items()},
        )  # fmt: skip


def check_state(population: Population, state: str, engine: Engine | None) -> None:
    """Refuses a state that a population does not have. engine: None before the network is built, when synapses can still bring states, i_exponential."""
    assert isinstance(population.model, Neuron)
    if engine is None:
        if "_" in state:
            return
        known = population.model.program.state_names
    else:
        known = engine.placed[population.number].states
    if state not in known:
        raise ValueError(
            f"Network.record: {population.name} has no state {state}{meant(state, known)}. It has: {', '.join(known)}."
        )


def meant(name: str, known: Sequence[str]) -> str:
    """A question after a name that is not among those known."""
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""
