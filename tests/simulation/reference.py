"""A plain simulator: a list of spikes in flight and a loop over synapses, in Python's floats. It judges the compiled engine."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class PlainLIF:
    """Leaky integrate-and-fire neurons that take impulses, as `LIF(input=ImpulseInput())`: decay, input, compare, reset."""

    n: int
    decay: float
    threshold: float
    reset: float
    refractory: int
    v: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.v = self.v or [0.0] * self.n
        self.left = [0] * self.n

    def step(self, arrived: list[float]) -> list[int]:
        fired = []
        for j in range(self.n):
            if self.left[j]:
                self.left[j] -= 1
                continue
            self.v[j] = self.v[j] * self.decay + arrived[j]
            if self.v[j] >= self.threshold:
                fired.append(j)
                self.v[j] = self.reset
                self.left[j] = self.refractory
        return fired


@dataclass(frozen=True)
class PlainSynapses:
    """pre, post: numbers of populations; each synapse is (from, to, weight, steps of delay)."""

    pre: int
    post: int
    synapses: Sequence[tuple[int, int, float, int]]


def simulate(
    populations: Sequence[PlainLIF | dict[int, list[int]]], projections: Sequence[PlainSynapses], steps: int
) -> list[tuple[int, int, int]]:
    """All spikes as (step, population, neuron). A population is neurons, or what fires in each step."""
    arriving: dict[int, dict[tuple[int, int], float]] = defaultdict(lambda: defaultdict(float))
    spikes = []
    for t in range(steps):
        now = arriving.pop(t, {})
        for k, p in enumerate(populations):
            if isinstance(p, dict):
                fired = sorted(set(p.get(t, [])))
            else:
                fired = p.step([now.get((k, j), 0.0) for j in range(p.n)])
            for j in fired:
                spikes.append((t, k, j))
                for projection in projections:
                    if projection.pre == k:
                        for a, b, weight, delay in projection.synapses:
                            if a == j:
                                arriving[t + delay][projection.post, b] += weight
    return spikes


def listed(spikes: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """As an array, in order."""
    return np.array(sorted(spikes)).reshape(-1, 3)
