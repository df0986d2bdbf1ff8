"""What a simulation gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation import neo
from ranvier.simulation.population import Population


@dataclass(frozen=True, eq=False)
class Run:
    """A stretch of a simulation.

    begin, end: seconds of biological time; wall: seconds it took. times, neurons [spikes]: all spikes in order, neurons counted through all
    populations. A spike's time is the end of the step that it fell in.
    """

    begin: float
    end: float
    dt: float
    wall: float
    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]
    populations: tuple[Population, ...]
    traces: Mapping[tuple[Population, str], tuple[NDArray[np.float64], np.ndarray]]

    @property
    def duration(self) -> float:
        """Biological seconds."""
        return self.end - self.begin

    @property
    def real_time_factor(self) -> float:
        """Seconds that a biological second took: below 1 is faster than life."""
        return self.wall / self.duration if self.duration else 0.0

    def spikes(self, population: Population | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Times [s] and neurons of the spikes of one population, its first neuron being 0, or of all, counted through."""
        a, b = self._range(population)
        mine = (self.neurons >= a) & (self.neurons < b)
        return (self.steps[mine] + 1) * self.dt, self.neurons[mine].astype(np.int64) - a

    def counts(self, population: Population) -> NDArray[np.int64]:
        """Spikes of each neuron, [n]."""
        return np.bincount(self.spikes(population)[1], minlength=population.n)

    def rate(self, population: Population) -> float:
        """Spikes a second and neuron."""
        return len(self.spikes(population)[0]) / (population.n * self.duration) if self.duration else 0.0

    def population_rate(self, population: Population, bin: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
        """Middles of the bins [s], and the rate [Hz] of a neuron in each, over the run. bin: seconds."""
        bins = max(1, round(self.duration / bin))
        found, edges = np.histogram(self.spikes(population)[0] - self.dt / 2, bins, (self.begin, self.end))
        return (edges[1:] + edges[:-1]) / 2, found / (population.n * (edges[1] - edges[0]))

    def trains(self, population: Population, neurons: Sequence[int] | None = None) -> list[NDArray[np.float64]]:
        """The times of each neuron's spikes [s], for the functions of `ranvier.analysis`."""
        times, who = self.spikes(population)
        order = np.argsort(who, kind="stable")
        ends = np.cumsum(np.bincount(who, minlength=population.n))
        all_trains = np.split(times[order], ends[:-1])
        return all_trains if neurons is None else [all_trains[k] for k in neurons]

    def trace(self, population: Population, state: str) -> tuple[NDArray[np.float64], np.ndarray]:
        """Times [s] and values [samples, neurons] of a state that was recorded."""
        found = self.traces.get((population, state))
        if found is None:
            known = ", ".join(f"{p.name}.{s}" for p, s in self.traces) or "nothing"
            raise ValueError(
                f"{state} of {population.name} was not recorded, but {known}. Call network.record({population.name}, {state!r}) before run."
            )
        return found

    def to_neo(self) -> Any:
        """A `neo.Segment` of all spike trains and recorded states; see `simulation/neo.py`."""
        return neo.segment(self)

    def __repr__(self) -> str:
        rates = ", ".join(f"{p.name} {self.rate(p):.3g} Hz" for p in self.populations)
        return f"<Run {self.begin:g}-{self.end:g} s: {len(self.steps):,} spikes ({rates}); {self.real_time_factor:.3g} s a biological second>"

    def _range(self, population: Population | None) -> tuple[int, int]:
        if population is None:
            return 0, sum(p.n for p in self.populations)
        if population not in self.populations:
            raise ValueError(
                f"{population.name} is not of this network. It has: {', '.join(p.name for p in self.populations)}."
            )
        a = sum(p.n for p in self.populations[: population.number])
        return a, a + population.n
