"""Populations that have no equations: they fire at random, or replay spikes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.checks import scalar
from ranvier.simulation.checking import floats, indices, numbers
from ranvier.simulation.timed import Timed
from ranvier.spikes.events import Events


class PoissonSource:
    """Neurons that fire at random, independent of each other and of the past.

    rate: expected rate [Hz], one for all or one a neuron, or `Timed`, a rate that changes in time. A neuron fires at most once a step, so rate * dt
    must not exceed 1.
    """

    def __init__(self, rate: Any) -> None:
        self.rate = scalar(rate)
        if not isinstance(rate, Timed):
            expected = "a number, one for each neuron, or rv.Timed, as in rv.PoissonSource(20)"
            found = floats("PoissonSource", "rate", rate, expected)
            bad = found[~(np.isfinite(found) & (found >= 0))]
            if bad.size:
                raise ValueError(f"PoissonSource: rate must be finite and >= 0 Hz, got {bad.flat[0]:g}. Write rate=20.")

    def __repr__(self) -> str:
        return f"PoissonSource(rate={self.rate!r})" if np.ndim(self.rate) == 0 else "PoissonSource(rate=[...])"

    def probabilities(self, n: int, dt: float) -> NDArray[np.float64]:
        """Chance of a spike in a step, a number for all, [1], or one a neuron, [n]; 0 where it changes, see `chances`."""
        if isinstance(self.rate, Timed):
            return np.zeros(1)
        rate = floats("PoissonSource", "rate", self.rate, "a number")
        rate = rate[None] if rate.ndim == 0 else numbers("PoissonSource", "rate", self.rate, n)
        if rate.max(initial=0) * dt > 1:
            raise ValueError(
                f"PoissonSource: rate * dt must lie in [0, 1], got rates from {rate.min():g} to {rate.max():g} Hz at dt={dt:g} s. "
                "Lower the rate, use a smaller dt, or more sources."
            )
        return rate * dt

    def chances(self, rates: NDArray[np.float64], begin: int, dt: float) -> NDArray[np.float64]:
        """Chances of a spike in steps from `begin` on, of their rates [steps, neurons]."""
        chances = rates * dt
        if chances.min(initial=0) < 0 or chances.max(initial=0) > 1:
            bad = np.flatnonzero(((chances < 0) | (chances > 1)).any(1))
            raise ValueError(
                f"PoissonSource: rate * dt must lie in [0, 1], got rates from {rates[bad[0]].min():g} to {rates[bad[0]].max():g} Hz at "
                f"{(begin + bad[0]) * dt:g} s, dt={dt:g} s. Lower the rate, use a smaller dt, or more sources."
            )
        return chances


@dataclass(frozen=True, eq=False)
class SpikeSource:
    """Neurons that fire when they are told to.

    times: seconds from the start of the simulation; a spike falls into the step that holds its time. neurons: which of them fires, 0 for
    all of one neuron. Spikes of one neuron in one step count once.

    `Run.spikes` gives the ends of steps, and the end of a step is the start of the next: what a run gave arrives one step later when it is replayed,
    unless dt is subtracted, as in rv.SpikeSource(times - net.dt, neurons). Recorded events, sample b of them, whose steps are dt long:
    rv.SpikeSource(*events.to_times(dt)[b]), of events.neurons neurons.
    """

    times: Any
    neurons: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.times, Events):
            raise TypeError(
                "SpikeSource: times must be seconds, got Events. Write rv.SpikeSource(*events.to_times(dt)[0]) for the first sample."
            )
        times = floats(
            "SpikeSource", "times", self.times, "seconds, one for each spike, as in rv.SpikeSource([0.01, 0.02])"
        )
        bad = times[~(np.isfinite(times) & (times >= 0))]
        if bad.size:
            raise ValueError(f"SpikeSource: times must be finite and >= 0 s, got {bad.flat[0]:g} s.")
        object.__setattr__(self, "times", times)

    def __repr__(self) -> str:
        return f"SpikeSource({np.size(self.times):,} spikes)"

    def steps(self, n: int, dt: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Step and neuron of each spike, in order."""
        times = numbers("SpikeSource", "times", self.times, self.times.size)
        who = (
            np.zeros(times.size, np.uint32)
            if self.neurons is None
            else indices("SpikeSource", "neurons", self.neurons, n)
        )
        if who.shape != times.shape:
            raise ValueError(
                f"SpikeSource: times and neurons must have one length, got {times.size} and {who.size}. Give a neuron for each time."
            )
        # one whole number a spike: sorting pairs (`np.unique(..., axis=1)`) takes tens of times as long
        found = np.unique(np.floor(times / dt + 1e-6).astype(np.int64) * n + who.astype(np.int64))
        return found // n, found % n
