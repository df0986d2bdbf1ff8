"""A network made ready to run: arrays, parts for threads, and the loop over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numba import types
from numpy.typing import NDArray
from scipy import special

from ranvier.kernels.cpu import openmp
from ranvier.kernels.cpu.advance import NUMBERS, QUEUE, advance, simulate
from ranvier.kernels.cpu.noise import key_of
from ranvier.kernels.cpu.population import LANES
from ranvier.simulation.bundles import Rows, build, drawn
from ranvier.simulation.inputs import Inputs
from ranvier.simulation.learned import Learned
from ranvier.simulation.memory import Placed, place, receptor_among
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.sources import SpikeSource
from ranvier.simulation.timed import Timed

WORTH = 6e5  # additions of a step that are worth a second thread: about 20 us
EVENT = 40  # additions that take as long as the delivery of a spike to one neuron
RATE = 10.0  # spikes a second that a neuron is taken to fire, to share the work among threads


@dataclass(frozen=True, eq=False)
class Probe:
    """A field to record. neurons: which; every: steps between samples."""

    population: Population
    state: str
    neurons: NDArray[np.int64]
    every: int


@dataclass(eq=False)
class Chunk:
    """What some steps gave. steps, neurons [spikes]: in order of both; samples: for each probe [samples, neurons]."""

    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]
    samples: list[np.ndarray]


class Engine:
    """Runs a network whose populations and projections are given and do not change any more."""

    def __init__(
        self,
        populations: Sequence[Population],
        projections: Sequence[Projection],
        drives: Sequence[Drive],
        dt: float,
        seed: int,
        dtype: np.dtype,
    ) -> None:
        self.dt, self.seed, self.dtype, self.step = dt, seed, dtype, 0
        self.placed, self.data, self.values = place(populations, [*projections, *drives], dt, dtype)
        self.inputs = Inputs(self.placed, self.values, dt)
        self.neurons = sum(p.n for p in populations)
        self.rows: Rows = build(projections, self.placed, dt, seed, dtype, len(self.data))
        self.populations = np.zeros((len(self.placed), 8), np.int64)
        self.learning = Learned(self.rows, self.placed, dt, dtype)
        for k, p in enumerate(self.placed):
            key = key_of(seed, f"{p.population.name}/spikes")
            line = self.learning.lines.get(k, -1)
            self.populations[k] = _address(p.kernel, dtype), p.place, p.numbers, p.n, p.born, p.layout.size, line, key
        self.sources = drives
        self.drives, self.levels, self.drive_weights = _drives(drives, self.placed, dt, seed, dtype)
        self.given = _given(self.placed, dt)
        self.window = self.rows.shortest
        self.slots = self.rows.longest + 2 * min(self.window, 64)
        self.window = min(self.window, 64)
        self._split(1)

    def _split(self, parts: int) -> None:
        """Shares the neurons among threads, and gives what is in flight to its new owners."""
        flying = self.in_flight() if hasattr(self, "parts") else None
        self.parts = parts
        placed = self.placed
        arriving = np.zeros(len(placed))
        for members in self.rows.members:
            for m in members:
                arriving[m.post.number] += m.pattern.expected(m.pre.n, m.post.n) / m.post.n
        costs = [p.cost + a * RATE * self.dt * EVENT for p, a in zip(placed, arriving, strict=True)]
        blocks = np.concatenate([np.full(p.blocks, c) for p, c in zip(placed, costs, strict=True)])
        self.work = float(blocks.sum() * LANES)
        ends = (
            np.searchsorted(np.cumsum(blocks), blocks.sum() * np.arange(1, parts) / parts) if parts > 1 else np.zeros(0)
        )
        edges = [0, *(int(e) + 1 for e in ends), len(blocks)]
        self.own = np.zeros((parts, len(placed), 2), np.int64)
        first, bound = [], []
        start = 0
        for k, p in enumerate(placed):
            for part in range(parts):
                a, b = (min(max(e - start, 0), p.blocks) for e in edges[part : part + 2])
                self.own[part, k] = a, b
                if a < b and len(first) == part:
                    first.append(p.born + a * LANES)
                    bound.append(p.place + a * p.layout.size)
            start += p.blocks
        while len(first) < parts:
            first.append(self.neurons)
            bound.append(len(self.data))
        self.first = [*first, self.neurons]
        self.cuts = self.rows.cuts(np.asarray(bound[1:], np.int64), self.own)
        self.learning.split(parts)
        widest = int((self.own[:, :, 1] - self.own[:, :, 0]).max(initial=1))
        self.mask = np.zeros((parts, widest * LANES), np.uint8)
        self.counts = np.zeros((parts, LANES), np.int32)
        self.dice = np.zeros((parts, LANES), np.uint32)
        self.queue = np.zeros((parts, 3, QUEUE), np.int64)
        self.ring = np.empty((self.slots, self.neurons), np.int32)
        self.bounds = np.zeros((self.slots, parts, len(placed) + 1), np.int32)
        self.bounds[:] = np.asarray(first, np.int32)[:, None]
        if flying is not None:
            self.launch(*flying)

    def in_flight(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Steps and neurons of the spikes that have yet to arrive."""
        steps, neurons = [], []
        for t in range(max(0, self.step - self.rows.longest), self.step):
            for part in range(self.parts):
                b = self.bounds[t % self.slots, part]
                neurons.append(self.ring[t % self.slots, b[0] : b[-1]])
                steps.append(np.full(len(neurons[-1]), t, np.int64))
        empty = [np.zeros(0, np.int64)]
        return np.concatenate(steps or empty), np.concatenate(neurons or [np.zeros(0, np.int32)])

    def launch(self, steps: NDArray[np.int64], neurons: NDArray[np.int32]) -> None:
        """Puts spikes in flight, as `in_flight` gave them; there are no others then."""
        self.bounds[:] = np.asarray(self.first[:-1], np.int32)[:, None]
        borns = np.array([p.born for p in self.placed] + [self.neurons])
        for t in np.unique(steps):
            fired = neurons[steps == t]
            for part in range(self.parts):
                a, b = self.first[part], self.first[part + 1]
                mine = fired[(fired >= a) & (fired < b)]
                self.ring[t % self.slots, a : a + len(mine)] = mine
                self.bounds[t % self.slots, part] = a + np.searchsorted(mine, borns)

    def chunk(self) -> int:
        """Steps that are run without a word: about a fifth of a second, and spikes of which there is room for."""
        return int(max(1, min(5000, 6e9 / max(self.work, 1.0), 1.6e7 / max(1, self.neurons))))

    def steady(self) -> int:
        """Steps for which no drive changes its rate."""
        timed = [d.rate for d in self.sources if isinstance(d.rate, Timed)]
        return min((rate.lasts(self.step, self.dt) for rate in timed), default=1 << 40)

    def advance(self, steps: int, probes: Sequence[Probe] = (), keep: bool = True) -> Chunk:
        """Runs some steps. keep: whether spikes are wanted."""
        threads = torch.get_num_threads()
        parts = threads if self.work > WORTH and openmp.takes(advance) else 1
        parts = max(1, min(parts, sum(p.blocks for p in self.placed)))
        if parts != self.parts:
            self._split(parts)
        begin, end = self.step, self.step + steps
        most = max(b - a for a, b in zip(self.first, self.first[1:], strict=False))
        kept = np.empty((self.parts, most * steps if keep else 0), np.int32)
        kept_end = np.zeros((self.parts, steps + 1), np.int64)
        given_start, given = self._given_in(begin, end)
        table, index, probed = self._probes(probes, begin, end)
        if any(isinstance(d.rate, Timed) for d in self.sources):  # steps asked for are steady
            self.drives, self.levels, _ = _drives(self.sources, self.placed, self.dt, self.seed, self.dtype, begin)
        values = self.inputs.ready(begin, end, self.data, self.populations, NUMBERS)
        rows = self.rows
        arguments = (
            self.data, values, self.populations, self.own, self.mask, self.mask.view(np.uint64),
            rows.bundles, rows.delays, rows.starts, rows.ends, self.cuts, rows.targets, rows.weights, rows.row_weights,
            self.ring, self.bounds, given_start, given, *self.learning.arrays(begin, end),
            self.drives, self.levels, self.drive_weights, self.counts, self.dice, self.queue,
            table, index, probed, kept, kept_end,
        )  # fmt: skip
        address = openmp.address(advance, (*arguments, 0, 0, 0, 0))
        if simulate(address, threads, self.parts, begin, end, self.window, arguments):
            raise MemoryError("no memory for a kernel's scratch arrays")
        self.step = end
        self.learning.forget_rewards(end)
        return Chunk(*_merged(kept, kept_end, begin), _samples(probes, probed, begin, end))

    def replay(self, population: Population, source: SpikeSource) -> None:
        """Gives a source that replays other spikes, in place of those that it had."""
        p = self.placed[population.number]
        steps, neurons = self.given
        others = (neurons < p.born) | (neurons >= p.born + p.n)
        at, who = source.steps(p.n, self.dt)
        steps, neurons = np.concatenate([steps[others], at]), np.concatenate([neurons[others], who + p.born])
        order = np.lexsort((neurons, steps))
        self.given = steps[order], neurons[order]

    def _given_in(self, begin: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        steps, neurons = self.given
        a, b = np.searchsorted(steps, (begin, end))
        starts = a + np.searchsorted(steps[a:b], np.arange(begin, end + 1))
        return (starts - a).astype(np.int64), neurons[a:b].astype(np.int32)

    def _probes(self, probes: Sequence[Probe], begin: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        table = np.zeros((len(probes), 5), np.int64)
        places = []
        offset = wide = 0
        for k, p in enumerate(probes):
            placed = self.placed[p.population.number]
            places.append(placed.places(placed.state_field(p.state), p.neurons))
            table[k] = p.every, offset, wide, len(p.neurons), p.population.number
            offset += (end // p.every - begin // p.every) * len(p.neurons)
            wide += len(p.neurons)
        return table, np.concatenate(places or [np.zeros(0, np.int64)]), np.empty(offset, self.dtype)

    def weights(self, projection: Projection) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of each synapse of a projection: presynaptic and postsynaptic neuron, weight, delay [s]. Plastic ones as they are now."""
        if projection.plasticity is not None:
            rows, k = self.rows, self.rows.members.index([projection])
            pre, delay, where = rows.synapses(k)
            states = self.learning.up_to_date(self.step, self.parts, self.data, self.populations, self.cuts)
            return (
                pre,
                rows.targets[where].astype(np.int64),
                self.learning.states_of(k, states)[:, 0].astype(np.float64),
                delay * self.dt,
            )
        return drawn(projection, self.placed, self.dt, self.seed, self.dtype)

    def set_weights(self, projection: Projection, weights: NDArray[np.float64]) -> None:
        """Gives each synapse of a plastic projection a weight, in the order of `weights`."""
        self.own_weights(projection)[1][:] = weights

    def own_weights(self, projection: Projection) -> tuple[NDArray[np.uint32], np.ndarray]:
        """Postsynaptic neuron and weight of each synapse of a plastic projection, brought up to date; who writes the weights changes the network."""
        rows, k = self.rows, self.rows.members.index([projection])
        self.learning.catch_up(self.step, self.parts, self.data, self.populations, self.cuts)
        return rows.targets[rows.place(k)], self.learning.states_of(k, rows.states)[:, 0]

    def blown_up(self) -> tuple[Placed, str, int] | None:
        """The first state that is not finite: population, name, neuron."""
        if np.isfinite(self.data).all():
            return None
        for p in self.placed:
            for name in p.states:
                bad = np.flatnonzero(~np.isfinite(p.field(self.data, p.state_field(name))))
                if len(bad):
                    return p, name, int(bad[0])
        return None


def _samples(probes: Sequence[Probe], probed: np.ndarray, begin: int, end: int) -> list[np.ndarray]:
    """What each probe recorded, [samples, neurons]."""
    found, offset = [], 0
    for p in probes:
        rows = end // p.every - begin // p.every
        found.append(probed[offset : offset + rows * len(p.neurons)].reshape(rows, len(p.neurons)))
        offset += rows * len(p.neurons)
    return found


def _merged(kept: np.ndarray, kept_end: np.ndarray, begin: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """All parts' spikes in order of step, then of neuron."""
    steps, neurons = [], []
    if kept.shape[1]:
        for k, ends in enumerate(kept_end):
            neurons.append(kept[k, : ends[-1]])
            steps.append(np.repeat(np.arange(begin, begin + len(ends) - 1), np.diff(ends)))
    if not steps:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    if len(steps) == 1:
        return steps[0], neurons[0].copy()
    step = np.concatenate(steps)
    order = np.argsort(step, kind="stable")
    return step[order], np.concatenate(neurons)[order]


@lru_cache(maxsize=512)
def _address(kernel: Any, dtype: np.dtype) -> int:
    """Where the machine code of a population's step begins; 0 for a population that replays spikes."""
    if kernel is None:
        return 0
    real = types.float64 if dtype == np.float64 else types.float32
    line = [types.Array(t, 1, "C") for t in (real, real, types.uint8, types.uint64, types.int32)]
    return openmp.code(kernel, (*line, *[types.int64] * 9))


def _drives(
    drives: Sequence[Drive], placed: Sequence[Placed], dt: float, seed: int, dtype: np.dtype, step: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table, numbers = np.zeros((len(drives), 6), np.int64), np.zeros((len(drives), 2), dtype)
    levels: list[int] = []
    for k, drive in enumerate(drives):
        to = placed[drive.post.number]
        sign = 0 if drive.rate is None else 1 if drive.weight >= 0 else -1
        port = receptor_among(to.receptors, drive, sign)
        if port is None:
            raise ValueError(
                f"{drive.name}: {drive.post.name} does not react to impulses of weight {drive.weight:g}. Change its sign."
            )
        if drive.rate is None:
            if to.receptors[port].sign:
                raise ValueError(
                    f"{drive.name}: positive and negative impulses go different ways in {drive.post.name}, so noise of both signs has no place there. "
                    "Use drive(), once for each sign."
                )
            held = to.layout.pulse and port == 0  # a current that lasts a step, else impulses of what it adds up to
            numbers[k] = drive.weight * (1 if held else dt), drive.deviation * (dt**-0.5 if held else dt**0.5)
            found = []
        else:
            numbers[k] = drive.weight, 0
            rate = drive.rate.table(step, step + 1, dt).item() if isinstance(drive.rate, Timed) else drive.rate
            found = list(_levels(rate * dt))
        field, factor, late = to.layout.arrival(port)
        numbers[k] *= factor, 1
        table[k] = to.population.number, field, len(levels), len(found), key_of(seed, drive.name), late
        levels += found
    return table, np.asarray(levels, np.uint32), numbers


@lru_cache(maxsize=4096)
def _levels(mean: float) -> tuple[int, ...]:
    """A Poisson number is how many of these 32 random bits exceed."""
    many = np.arange(int(mean + 12 * mean**0.5) + 40)  # more than so many have a chance below 2^-33 for every mean
    last = int(np.argmax(special.pdtrc(many, mean) <= 2.0**-33)) + 1 if mean else 1
    below = np.floor(special.pdtr(many[:last], mean) * 2.0**32) - 1
    found = [int(x) for x in np.clip(below, 0, 2**32 - 1)]
    return (*found, *[2**32 - 1] * (-len(found) % 4))


def _given(placed: Sequence[Placed], dt: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    steps, neurons = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for p in placed:
        if isinstance(p.population.model, SpikeSource):
            at, who = p.population.model.steps(p.n, dt)
            steps.append(at)
            neurons.append(who + p.born)
    step, neuron = np.concatenate(steps), np.concatenate(neurons)
    order = np.lexsort((neuron, step))
    return step[order], neuron[order]
