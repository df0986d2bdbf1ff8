"""Spike trains of Neo, the object model of electrophysiology, to and from `Events`, and into the simulator.

Runs of the simulator become segments by `Run.to_neo`. Reading needs nothing installed, since the objects bring what is needed.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.errors import RanvierError
from ranvier.simulation.sources import SpikeSource
from ranvier.spikes import Events

TOLERANCE = 1e-6  # of a step


def to_neo(events: Events, dt: float) -> list[Any]:
    """A `neo.Segment` for each sample: a SpikeTrain for each neuron, annotated with `neuron`, of spikes at the beginning of their steps.

    dt: of a step [s]. Neurons are counted through all axes. Needs the package neo: pip install 'ranvier[neuro]'.
    """
    try:
        import neo
        import quantities as pq
    except ImportError:
        raise RanvierError("to_neo needs the package neo. Install it with pip install 'ranvier[neuro]'.") from None
    end = events.steps * dt * pq.s
    segments = []
    for sample, (times, ids) in enumerate(events.to_times(dt)):
        segment = neo.Segment(name=f"sample {sample}")
        order = np.argsort(ids, kind="stable")
        trains = np.split(times[order], np.cumsum(np.bincount(ids, minlength=events.neurons))[:-1])
        for neuron, train in enumerate(trains):
            segment.spiketrains.append(neo.SpikeTrain(train, units=pq.s, t_stop=end, neuron=neuron))
        segments.append(segment)
    return segments


def from_neo(found: Any, *, dt: float) -> Events:
    """`Events` [T, B, N] of Neo's spike trains: each train a neuron, in their order, also those that are silent.

    found: a SpikeTrain, a list of them, a Segment; or of several samples a list of Segments, or a Block. dt: of a step [s]; a spike falls into the step
    that holds its time, counted from the first `t_start` of its sample, and two of one train in one step become one. T reaches to the
    last `t_stop` of all samples.

    Raises TypeError for what is none of these, ValueError for samples of different numbers of trains, for no train, and for a dt that is none.

    >>> from_neo(segment, dt=1 * ms)  # doctest: +SKIP
    """
    if not (isinstance(dt, int | float) and math.isfinite(dt) and dt > 0):
        raise ValueError(f"from_neo: dt must be a positive number of seconds, got {dt!r}. Write dt=1 * ms.")
    samples = _samples(found)
    counts = {len(trains) for trains in samples}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            f"from_neo: every sample must have as many spike trains, one a neuron, got {', '.join(map(str, sorted(counts))) or 'no sample'}. "
            "Add empty trains for silent neurons."
        )
    times, ids, which, steps = [], [], [], 1
    for sample, trains in enumerate(samples):
        start = min(_seconds(train.t_start) for train in trains)
        stop = max(_seconds(train.t_stop) for train in trains)
        steps = max(steps, math.ceil((stop - start) / dt - TOLERANCE))
        for neuron, train in enumerate(trains):
            own = _times(train) - start
            times.append(own)
            ids.append(np.full(len(own), neuron))
            which.append(np.full(len(own), sample))
    joined = np.concatenate(times)
    if joined.size:  # Neo's stop time belongs to the train, the end of a last step does not
        steps = max(steps, math.floor(float(joined.max()) / dt + TOLERANCE) + 1)
    return Events.from_times(
        joined,
        np.concatenate(ids),
        steps=steps,
        neurons=counts.pop(),
        dt=dt,
        samples=np.concatenate(which),
        batch=len(samples),
    )


def spike_source(found: Any) -> SpikeSource:
    """A source that replays Neo's spike trains in a simulation: `net.add(len(trains), spike_source(trains))`.

    found: a SpikeTrain, a list of them, or a Segment; each train is a neuron. The simulation begins at the first `t_start`.
    """
    samples = _samples(found)
    if len(samples) != 1 or not samples[0]:
        raise ValueError(
            f"spike_source: expected the trains of one segment, got {len(samples)} segments. Give block.segments[0]."
        )
    (trains,) = samples
    start = min(_seconds(train.t_start) for train in trains)
    times = [_times(train) - start for train in trains]
    return SpikeSource(np.concatenate(times), np.repeat(np.arange(len(trains)), [len(t) for t in times]))


def _samples(found: Any) -> list[list[Any]]:
    """Spike trains of each sample."""
    if _is_train(found):
        return [[found]]
    if hasattr(found, "segments"):
        return [list(segment.spiketrains) for segment in found.segments]
    if hasattr(found, "spiketrains"):
        return [list(found.spiketrains)]
    items = list(found) if isinstance(found, Sequence) else []
    if items and all(_is_train(item) for item in items):
        return [items]
    if items and all(hasattr(item, "spiketrains") for item in items):
        return [list(item.spiketrains) for item in items]
    raise TypeError(
        f"expected a SpikeTrain, Segment or Block of Neo, or a list of trains or segments, got {type(found).__name__}."
    )


def _is_train(found: Any) -> bool:
    return all(hasattr(found, name) for name in ("t_start", "t_stop", "rescale", "magnitude"))


def _times(train: Any) -> np.ndarray:
    return np.asarray(train.rescale("s").magnitude, np.float64).ravel()


def _seconds(quantity: Any) -> float:
    return float(quantity.rescale("s").magnitude)
