"""Rows of synapses: the projections from one population become one row a neuron, grouped by delay, in the order of their targets.

Projections whose synapses all have one weight share a bundle with others of that weight from the same population, which stores no weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu import advance as columns
from ranvier.kernels.cpu.noise import key_of
from ranvier.kernels.cpu.population import LANES
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.wiring import cut, draw, merge
from ranvier.simulation.checking import numbers
from ranvier.simulation.distributions import Distribution
from ranvier.simulation.memory import Placed, receptor_among
from ranvier.simulation.patterns.wired import Wired
from ranvier.simulation.projection import Projection

SYNAPSES = 1 << 18  # of a bundle that are made at once: what they need besides stays small, and in cache
SAME, EACH, PLASTIC = (
    "same",
    "each",
    "plastic",
)  # bundles whose synapses have one weight, one each, or one that a rule changes
LONGEST = 60_000  # steps of a delay


@dataclass(eq=False)
class Rows:
    """All synapses of a network. bundles: one row each, see `advance`; the arrays are those that its kernels read."""

    bundles: NDArray[np.int64]
    delays: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.uint32]
    targets: NDArray[np.uint32]
    weights: np.ndarray
    row_weights: np.ndarray
    states: np.ndarray  # weight and traces of each plastic synapse
    members: list[list[Projection]]
    rows: list[int]  # of each bundle

    @property
    def shortest(self) -> int:
        """Steps of the shortest delay; of any length where nothing is connected."""
        return int(self.delays.min()) if len(self.delays) else 1 << 20

    @property
    def longest(self) -> int:
        """Steps of the longest delay."""
        return int(self.delays.max()) if len(self.delays) else 1

    def cuts(self, bounds: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Where each segment passes from one part's targets to the next's. bounds: the first place of parts 1, 2, ... in `data`.

        own [parts, P, 2]: blocks of each population that a part owns.
        """
        parts = len(bounds) + 1
        cuts = np.zeros(max(1, len(self.ends) * (parts - 1)), np.uint32)
        if parts == 1:
            return cuts
        for b, rows in zip(self.bundles, self.rows, strict=True):
            many, first, at = int(b[columns.MANY]), int(b[columns.ROWS]), int(b[columns.SEGMENTS])
            ends = self.ends[at : at + rows * many]
            some = cuts[at * (parts - 1) : (at + rows * many) * (parts - 1)]
            to = np.ascontiguousarray(own[1:, b[columns.POST], 0]) * LANES if b[columns.RULE] else bounds
            split(rows, len(ends) * 10, cut, self.starts[first:], ends, many, self.targets, to, some, parts)
        return cuts

    def place(self, k: int) -> slice:
        """Of bundle k: where its synapses stand in `targets`."""
        first = int(self.bundles[k, columns.ROWS])
        return slice(int(self.starts[first]), int(self.starts[first + self.rows[k]]))

    def synapses(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64], slice]:
        """Of bundle k: the row of each synapse, its delay in steps, and where the synapses stand in `targets`."""
        b, rows = self.bundles[k], self.rows[k]
        many, at = int(b[columns.MANY]), int(b[columns.SEGMENTS])
        ends = self.ends[at : at + rows * many].reshape(rows, many).astype(np.int64)
        counts = np.diff(ends, axis=1, prepend=0)
        delays = self.delays[b[columns.DELAYS] : b[columns.DELAYS] + many]
        row = np.repeat(np.arange(rows), counts.sum(1))
        return row, np.repeat(np.tile(delays, rows), counts.ravel()), self.place(k)


@dataclass(frozen=True)
class _Target:
    """Where a projection's impulses are added: first block of the population, size of a block, offset in it. factor: their sign there; late: after the step."""

    place: int
    block: int
    offset: int
    factor: int
    late: bool


@dataclass(eq=False)
class _Member:
    """A projection on its way into a bundle. steps: its delays; earliest, latest: the shortest and longest that they can be."""

    projection: Projection
    wired: Wired
    steps: int | NDArray[np.int64] | Distribution
    earliest: int
    latest: int
    target: _Target
    listed: NDArray[np.float64] | None  # weights that the user listed

    @property
    def kind(self) -> tuple[bool, str, float]:
        """What it shares a bundle with: others that arrive when it does, of one weight, or each with its weight; nothing."""
        weight, late = self.projection.weight, self.target.late
        if self.projection.plasticity is not None:
            return late, PLASTIC, self.projection.number
        return (late, SAME, weight * self.target.factor) if isinstance(weight, int | float) else (late, EACH, 0.0)


def build(
    projections: Sequence[Projection], placed: Sequence[Placed], dt: float, seed: int, dtype: np.dtype, size: int
) -> Rows:
    """Makes all rows. size: numbers of `data`."""
    if size >= 1 << 32:
        raise MemoryError(f"the network has {size:,} numbers of state, more than the 2^32 that a synapse can address.")
    members = [_member(p, placed, dt, seed) for p in projections]
    order = sorted(members, key=lambda m: (m.projection.pre.number, m.kind))
    groups = [list(g) for _, g in groupby(order, key=lambda m: (m.projection.pre.number, m.kind))]
    del members, order
    starts_of = [np.sum([m.wired.starts for m in g], axis=0) for g in groups]
    manies = [max(m.latest for m in g) - min(m.earliest for m in g) + 1 for g in groups]
    sizes = [int(s[-1]) for s in starts_of]
    fields = [_fields(g[0]) for g in groups]
    delays = [min(m.earliest for m in g) + np.arange(many) for g, many in zip(groups, manies, strict=True)]
    rows = Rows(
        np.zeros((len(groups), columns.WIDTH), np.int64),
        np.concatenate([*delays, np.zeros(0, np.int64)]),
        np.zeros(sum(len(s) for s in starts_of), np.int64),
        np.zeros(sum((len(s) - 1) * many for s, many in zip(starts_of, manies, strict=True)), np.uint32),
        np.empty(sum(sizes), np.uint32),
        np.empty(sum(n for n, g in zip(sizes, groups, strict=True) if g[0].kind[1] == EACH), dtype),
        np.zeros(max(1, len(groups)), dtype),
        np.empty(sum(n * f for n, f in zip(sizes, fields, strict=True)), dtype),
        [[m.projection for m in g] for g in groups],
        [len(s) - 1 for s in starts_of],
    )
    digits = max(1, -(-max(1, size - 1).bit_length() // 8))
    synapse = delay = row = at = weight = state = visits = 0
    for k, (group, starts, many) in enumerate(zip(groups, starts_of, manies, strict=True)):
        late, kind, value = group[0].kind
        n, count = len(starts) - 1, sizes[k]
        rows.starts[row : row + n + 1] = starts + synapse
        b = rows.bundles[k]
        b[: columns.LATE + 1] = group[0].projection.pre.number, delay, many, row, at, 0, kind == SAME, late
        piece = _Piece(group, rows.starts[row : row + n + 1], rows.ends[at : at + n * many], many, digits, seed, dt)
        if kind == SAME:
            b[columns.WEIGHTS], rows.row_weights[k] = k, value
            piece.fill(rows.targets, rows.weights[:0], 0)
        elif kind == EACH:
            b[columns.WEIGHTS] = weight - synapse
            piece.fill(rows.targets, rows.weights, weight - synapse)
            weight += count
        else:
            own = np.empty(count, dtype)
            piece.fill(rows.targets, own, -synapse)
            mine = rows.states[state : state + count * fields[k]].reshape(count, fields[k])
            mine[:, 0] = own
            b[columns.WEIGHTS] = state - synapse * fields[k]
            state += count * fields[k]
            b[columns.POST], b[columns.PORT] = group[0].projection.post.number, piece.port[0]
            b[columns.VISITS] = visits
            visits += n * many
        group.clear()  # with the rows that a pattern had to store
        synapse, delay, row, at = synapse + count, delay + many, row + n + 1, at + n * many
    return rows


def _fields(m: _Member) -> int:
    rule = m.projection.plasticity
    return 0 if rule is None else 1 + len(rule.declared.traces)


def _member(p: Projection, placed: Sequence[Placed], dt: float, seed: int) -> _Member:
    wired = p.wired(seed)
    delay = p.delay
    alike = isinstance(p.weight, int | float) or hasattr(p.weight, "kind")
    listed = None if alike else _listed(p, wired, p.weight, "weight")
    target = _target(p, placed[p.post.number], _sign(p, listed))
    if isinstance(delay, int | float):
        steps: Any = _steps(p.name, delay, dt)
        return _Member(p, wired, steps, steps, steps, target, listed)
    if hasattr(delay, "kind"):
        if delay.low < dt / 2:
            raise ValueError(
                f"{p.name}: a delay must be at least one step of {dt:g} s; {delay!r} may be shorter. Give it low={dt:g}."
            )
        high = delay.high if np.isfinite(delay.high) else delay.constants[0] + 5 * delay.constants[1]
        return _Member(p, wired, delay, max(1, _rounded(delay.low, dt)), max(1, _rounded(high, dt)), target, listed)
    given = _listed(p, wired, delay, "delay")
    steps = np.maximum(np.floor(given / dt + 0.5), 0).astype(np.int64)
    for bad in (given.min(initial=dt), given.max(initial=dt)):
        _steps(p.name, float(bad), dt)
    return _Member(p, wired, steps, int(steps.min(initial=1)), int(steps.max(initial=1)), target, listed)


def _rounded(seconds: float, dt: float) -> int:
    return int(np.floor(seconds / dt + 0.5))


def _steps(name: str, delay: float, dt: float) -> int:
    if not np.isfinite(delay) or delay < dt * (1 - 1e-6):
        raise ValueError(
            f"{name}: a delay must be at least one step of {dt:g} s, got {delay:g} s. Use a longer delay or a smaller dt."
        )
    steps = _rounded(delay, dt)
    if steps > LONGEST:
        raise ValueError(f"{name}: a delay may last {LONGEST:,} steps, got {delay:g} s, {steps:,} steps of {dt:g} s.")
    return steps


def _listed(p: Projection, wired: Wired, value: Any, what: str) -> NDArray[np.float64]:
    """Weights or delays that the user listed, in the order of the rows."""
    if wired.order is None:
        raise TypeError(
            f"{p.name}: {type(p.pattern).__name__} draws its synapses, so {what} must be a number or a distribution. "
            "For one number a synapse use Pairs or AllToAll."
        )
    flat = np.asarray(value)
    if flat.ndim == 2 and flat.shape == (p.pre.n, p.post.n):
        flat = flat.reshape(-1)
    return numbers(p.name, what, flat, wired.count)[wired.order]


class _Piece:
    """A bundle in the making. starts: of its rows in `targets`; ends: of their segments."""

    def __init__(
        self, group: list[_Member], starts: NDArray[np.int64], ends: NDArray[np.uint32], many: int,
        digits: int, seed: int, dt: float,
    ) -> None:  # fmt: skip
        self.group, self.starts, self.ends, self.many, self.digits, self.seed, self.dt = (
            group,
            starts,
            ends,
            many,
            digits,
            seed,
            dt,
        )
        self.kind = group[0].kind[1]
        self.first_delay = min(m.earliest for m in group)
        self.place, self.block, self.port = (
            np.array([getattr(m.target, part) for m in group], np.int64) for part in ("place", "block", "offset")
        )

    def fill(self, targets: NDArray[np.uint32], weights: np.ndarray, shift: int) -> None:
        """Draws all synapses, some rows at a time."""
        place, block, port = self.place, self.block, self.port
        if self.kind == PLASTIC:  # their targets are neurons
            place, block, port = place * 0, block * 0 + LANES, port * 0
        a, n, starts = 0, len(self.starts) - 1, self.starts
        while a < n:
            b = min(n, max(a + 1, int(np.searchsorted(starts, starts[a] + SYNAPSES, "right")) - 1))
            counts = [np.diff(m.wired.starts[a : b + 1]).sum() for m in self.group]
            shifts = np.cumsum([0, *counts[:-1]])
            begins = np.stack(
                [m.wired.starts[a : b + 1] - m.wired.starts[a] + s for m, s in zip(self.group, shifts, strict=True)]
            )
            posts = np.concatenate([m.wired.posts(a, b) for m in self.group])
            values = (
                np.zeros(0)
                if self.kind == SAME
                else np.concatenate([self.weights(m, a, b) * m.target.factor for m in self.group])
            )
            delays = np.concatenate([self.delays(m, a, b) for m in self.group])
            some = partial(
                _merge, begins, posts, values.astype(weights.dtype), (delays - self.first_delay).astype(np.uint16), place, block, port, LANES,
                self.digits, starts, self.ends, self.many, targets, weights, shift, self.kind != SAME, a,
            )  # fmt: skip
            split(b - a, len(posts) * 30, some)
            a = b

    def weights(self, m: _Member, a: int, b: int) -> NDArray[np.float64]:
        own, weight = m.wired.starts, m.projection.weight
        if isinstance(weight, int | float):
            return np.full(int(own[b] - own[a]), float(weight))
        return _drawn(m, weight, "weight", self.seed, a, b) if m.listed is None else m.listed[own[a] : own[b]]

    def delays(self, m: _Member, a: int, b: int) -> NDArray[np.int64]:
        own = m.wired.starts
        if isinstance(m.steps, int):
            return np.full(int(own[b] - own[a]), m.steps, np.int64)
        if isinstance(m.steps, np.ndarray):
            return m.steps[own[a] : own[b]]
        drawn = _drawn(m, m.steps, "delay", self.seed, a, b)
        return np.clip(np.floor(drawn / self.dt + 0.5), m.earliest, m.latest).astype(np.int64)


def drawn(
    projection: Projection, placed: Sequence[Placed], dt: float, seed: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each synapse of a projection without plasticity: neurons, weight, delay [s]. Drawn again, since bundles mix projections."""
    m = _member(projection, placed, dt, seed)
    pre, wired = projection.pre.n, m.wired
    piece = _Piece([m], wired.starts, np.zeros(0, np.uint32), 1, 1, seed, dt)
    rows = np.repeat(np.arange(pre), np.diff(wired.starts))
    weights = piece.weights(m, 0, pre).astype(dtype).astype(np.float64)
    return rows, wired.posts(0, pre).astype(np.int64), weights, piece.delays(m, 0, pre) * dt


def _merge(*arguments: Any) -> None:
    """The kernel, its rows counted from the first of a piece."""
    *before, origin, first, last = arguments
    merge(*before, origin, origin + first, origin + last)


def _drawn(m: _Member, distribution: Distribution, what: str, seed: int, a: int, b: int) -> NDArray[np.float64]:
    own = m.wired.starts
    out = np.empty(int(own[b] - own[a]))
    key = key_of(seed, f"{m.projection.name}/{what}")

    def some(first: int, last: int) -> None:
        draw(
            key, distribution.kind, *distribution.constants, distribution.low, distribution.high,
            own, int(own[a]), out, a + first, a + last,
        )  # fmt: skip

    split(b - a, len(out) * 20, some)
    return out


def _sign(p: Projection, listed: NDArray[np.float64] | None) -> int:
    """The sign of all weights of a projection, 0 where they have both."""
    w = p.weight
    low, high = (
        (w, w)
        if isinstance(w, int | float)
        else (w.low, w.high)
        if listed is None
        else (listed.min(initial=0), listed.max(initial=0))
    )
    if p.pre.excitatory is not None and (low < 0 if p.pre.excitatory else high > 0):
        kind, want = ("excitatory", ">= 0") if p.pre.excitatory else ("inhibitory", "<= 0")
        raise ValueError(
            f"{p.name}: {p.pre.name} is {kind}, so its weights must be {want} (Dale's law), got weights from {low:g} to {high:g}."
        )
    return 1 if low >= 0 else -1 if high <= 0 else 0


def _target(p: Projection, to: Placed, sign: int) -> _Target:
    """Where impulses of one sign, or of both (0), go."""
    both = {r.sign for r in to.receptors if r.sign}
    if sign == 0 and both and any(receptor_among([r], p) == 0 and r.sign for r in to.receptors):
        raise ValueError(
            f"{p.name}: positive and negative impulses go different ways in {p.post.name}, so the weights of a projection must have one sign. "
            "Give the distribution low=0 or high=0, or use two projections."
        )
    k = receptor_among(to.receptors, p, sign)
    if k is None:
        model = p.post.model if p.synapse is None else p.synapse
        raise ValueError(
            f"{p.name}: {type(model).__name__} does not react to {'negative' if sign < 0 else 'positive'} impulses. Change the sign of the weight."
        )
    field, factor, late = to.layout.arrival(k)
    return _Target(to.place, to.layout.size, field * LANES, factor, late)
