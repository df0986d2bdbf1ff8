"""What a simulation gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.analysis.lfp import reference_weighted_sum
from ranvier.analysis.statistics.rate import gaussian
from ranvier.checks import positive_time
from ranvier.simulation import neo
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Projection
from ranvier.simulation.view import PopulationView

Neurons = Population | PopulationView
REACH = 5.0  # standard deviations to which a kernel is followed


@dataclass(frozen=True, eq=False)
class Run:
    """A stretch of a simulation.

    begin, end: seconds of biological time; wall: seconds it took. times, neurons [spikes]: all spikes in order, neurons counted through all
    populations. A spike's time is the end of the step that it fell in. Where a method takes a population, it takes a view too, such as `cells[:100]`.
    """

    begin: float
    end: float
    dt: float
    wall: float
    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]
    populations: tuple[Population, ...]
    traces: Mapping[tuple[Neurons | Projection, str], tuple[NDArray[np.float64], np.ndarray]]
    recorded: Mapping[tuple[Neurons, str], NDArray[np.int64]] = field(
        default_factory=dict
    )  # which neurons, of their population

    @property
    def duration(self) -> float:
        """Biological seconds."""
        return self.end - self.begin

    @property
    def real_time_factor(self) -> float:
        """Seconds that a biological second took: below 1 is faster than life."""
        return self.wall / self.duration if self.duration else 0.0

    def spikes(self, population: Neurons | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Times [s] and neurons of the spikes of one population, its first neuron being 0, or of all, counted through."""
        whole = population.population if isinstance(population, PopulationView) else population
        a, b = self._range(whole)
        mine = (self.neurons >= a) & (self.neurons < b)
        times, who = (self.steps[mine] + 1) * self.dt, self.neurons[mine].astype(np.int64) - a
        if isinstance(population, PopulationView):
            place = np.full(population.population.n, -1)
            place[population.neurons] = np.arange(population.n)
            times, who = times[place[who] >= 0], place[who][place[who] >= 0]
        return times, who

    def counts(self, population: Neurons) -> NDArray[np.int64]:
        """Spikes of each neuron, [n]."""
        return np.bincount(self.spikes(population)[1], minlength=population.n)

    def rate(self, population: Neurons) -> float:
        """Spikes a second and neuron."""
        return len(self.spikes(population)[0]) / (population.n * self.duration) if self.duration else 0.0

    def population_rate(
        self,
        population: Neurons,
        bin: float = 1e-3,
        width: float | None = None,
        kernel: Callable[[np.ndarray], np.ndarray] = gaussian,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Middles of the bins [s], and the rate [Hz] of a neuron in each, over the run.

        bin: seconds. width: standard deviation [s] of a kernel by which the rate is smoothed, by default none; kernel: `gaussian`, `exponential` (which
        looks back only) or `rectangular` of `ranvier.analysis`. At the ends of the run the kernel is cut, and what is left of it counts in full.
        """
        positive_time("Run.population_rate", "bin", bin)
        bins = max(1, round(self.duration / bin))
        found, edges = np.histogram(self.spikes(population)[0] - self.dt / 2, bins, (self.begin, self.end))
        rate = found / (population.n * (edges[1] - edges[0]))
        if width is not None:
            positive_time("Run.population_rate", "width", width)
            reach = min(bins - 1, int(np.ceil(REACH * width / (edges[1] - edges[0]))))
            values = kernel(np.arange(-reach, reach + 1) * (edges[1] - edges[0]) / width)
            rate = (
                np.convolve(rate, values)[reach : reach + bins]
                / np.convolve(np.ones(bins), values)[reach : reach + bins]
            )
        return (edges[1:] + edges[:-1]) / 2, rate

    def trains(self, population: Neurons, neurons: Sequence[int] | None = None) -> list[NDArray[np.float64]]:
        """The times of each neuron's spikes [s], for the functions of `ranvier.analysis`."""
        times, who = self.spikes(population)
        order = np.argsort(who, kind="stable")
        ends = np.cumsum(np.bincount(who, minlength=population.n))
        all_trains = np.split(times[order], ends[:-1])
        return all_trains if neurons is None else [all_trains[k] for k in neurons]

    def trace(self, population: Neurons | Projection, state: str) -> tuple[NDArray[np.float64], np.ndarray]:
        """Times [s] and values [samples, neurons] of a state that was recorded; of a projection, [samples, synapses]. In SI units."""
        if not isinstance(population, Projection):
            self._range(population.population if isinstance(population, PopulationView) else population)
        found = self.traces.get((population, state))
        if found is None and isinstance(population, PopulationView):
            found = self._columns(population, state)
        if found is None:
            known = ", ".join(f"{p.name}.{s}" for p, s in self.traces) or "nothing"
            raise ValueError(
                f"{state} of {population.name} was not recorded, but {known}. Call network.record({population.name}, {state!r}) before run."
            )
        return found

    def _columns(self, view: PopulationView, state: str) -> tuple[NDArray[np.float64], np.ndarray] | None:
        """Of a view whose neurons are among those of another record."""
        for (other, name), neurons in self.recorded.items():
            of = other.population if isinstance(other, PopulationView) else other
            if name == state and of is view.population and np.isin(view.neurons, neurons).all():
                times, values = self.traces[other, name]
                order = np.argsort(neurons, kind="stable")
                return times, values[:, order[np.searchsorted(neurons[order], view.neurons)]]
        return None

    def lfp(self, population: Neurons, standard: bool = True) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times [s] and the local field potential that the synaptic currents onto a population of pyramidal cells stand for.

        It is `analysis.reference_weighted_sum` of Mazzoni et al. (2015) of the currents that `network.record(population, "currents", every=1 * ms)` has
        recorded. standard: mean 0 and standard deviation 1, else amperes.
        """
        times, currents = self.trace(population, "currents")
        if len(times) < 2:
            raise ValueError(
                f"Run.lfp: {len(times)} samples of the currents of {population.name} are too few. Run for longer."
            )
        return times, reference_weighted_sum(*currents.T, dt=times[1] - times[0], standard=standard)

    def to_neo(self) -> Any:
        """A `neo.Segment` of all spike trains and recorded states; see `simulation/neo.py`."""
        return neo.segment(self)

    def __repr__(self) -> str:
        rates = ", ".join(f"{p.name} {self.rate(p):.3g} Hz" for p in self.populations)
        return f"<Run {self.begin:g}-{self.end:g} s: {len(self.steps):,} spikes ({rates}); {self.real_time_factor:.3g} s a biological second>"

    def _range(self, population: Population | None) -> tuple[int, int]:
        if population is None:
            return 0, sum(p.n for p in self.populations)
        if not isinstance(population, Population):
            raise TypeError(
                f"Run: expected a population or some of its neurons, got {population!r}. Use what net.add(...) returned, or run.populations[0]."
            )
        if population not in self.populations:
            raise ValueError(
                f"{population.name} is not of this network. It has: {', '.join(p.name for p in self.populations)}."
            )
        a = sum(p.n for p in self.populations[: population.number])
        return a, a + population.n
