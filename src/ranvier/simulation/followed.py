"""Weights and traces of plastic synapses over time: looked at between steps, where a run is cut for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation.engine import Engine
from ranvier.simulation.projection import Projection


@dataclass(frozen=True, eq=False)
class Follower:
    """What to look at. state: "weight", or a trace of the rule. synapses: which, in the order of `Network.weights`, None for all; every: steps."""

    projection: Projection
    state: str
    synapses: NDArray[np.int64] | None
    every: int

    @property
    def field(self) -> int:
        """Which number of a synapse it is."""
        rule = self.projection.plasticity
        assert rule is not None
        return ("weight", *rule.declared.traces).index(self.state)


class Followed:
    """The samples of followers in steps (begin, end]."""

    def __init__(self, followers: Sequence[Follower], engine: Engine, begin: int, end: int) -> None:
        self.followers, self.begin = followers, begin
        self.bundles = [engine.rows.members.index([f.projection]) for f in followers]
        self.shapes = [
            (end // f.every - begin // f.every, self._width(engine, f, k))
            for f, k in zip(followers, self.bundles, strict=True)
        ]
        self.taken = [0] * len(followers)
        self.samples: list[np.ndarray] = []

    def _width(self, engine: Engine, f: Follower, k: int) -> int:
        synapses = len(engine.learning.states_of(k, engine.rows.states))
        if f.synapses is None:
            return synapses
        if f.synapses.size and f.synapses.max() >= synapses:
            raise ValueError(
                f"Network.record: {f.projection.name} has {synapses:,} synapses, so synapses must lie in 0..{synapses - 1}, got {f.synapses.max()}."
            )
        return len(f.synapses)

    def until(self, step: int, most: int) -> int:
        """Steps to go on from `step` until the next look, `most` at the most."""
        return min([most, *(f.every - step % f.every for f in self.followers)])

    def look(self, engine: Engine) -> None:
        """Takes the samples that are due."""
        due = [j for j, f in enumerate(self.followers) if engine.step % f.every == 0]
        if not due:
            return
        if not self.samples:
            self.samples = [np.empty(shape, engine.dtype) for shape in self.shapes]
        learning = engine.learning
        states = learning.up_to_date(engine.step, engine.parts, engine.data, engine.populations, engine.cuts)
        for j in due:
            f = self.followers[j]
            now = learning.states_of(self.bundles[j], states)[:, f.field]
            self.samples[j][self.taken[j]] = now if f.synapses is None else now[f.synapses]
            self.taken[j] += 1

    def found(self, dt: float) -> dict[tuple[Projection, str], tuple[NDArray[np.float64], np.ndarray]]:
        """Of each projection and state the times [s] and values [samples, synapses]."""
        found = {}
        for j, f in enumerate(self.followers):
            values = self.samples[j][: self.taken[j]] if self.samples else np.zeros((0, self.shapes[j][1]))
            first = self.begin // f.every + 1
            found[f.projection, f.state] = (first + np.arange(len(values))) * f.every * dt, values
        return found
