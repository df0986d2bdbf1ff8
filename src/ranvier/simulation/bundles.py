"""Rows of synapses: the projections from one population become one row a neuron, grouped by delay, in the order of their targets.

Projections whose synapses all have one weight share a bundle with others of that weight from the same population, which stores no weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.noise import key_of
from ranvier.kernels.cpu.population import LANES
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.wiring import cut, draw, merge
from ranvier.simulation.checking import numbers
from ranvier.simulation.distributions import Distribution
from ranvier.simulation.memory import Placed, receptor_among
from ranvier.simulation.patterns.wired import Wired
from ranvier.simulation.projection import Projection

SYNAPSES = 1 << 21  # of a bundle that are made at once: what they need besides stays small
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
    members: list[list[Projection]] = field(default_factory=list)

    @property
    def shortest(self) -> int:
        """Steps of the shortest delay; of any length where nothing is connected."""
        return int(self.delays.min()) if len(self.delays) else 1 << 20

    @property
    def longest(self) -> int:
        """Steps of the longest delay."""
        return int(self.delays.max()) if len(self.delays) else 1

    def cuts(self, bounds: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Where each segment passes from one part's targets to the next's. bounds: the first place of parts 1, 2, ... in `data`."""
        parts = len(bounds) + 1
        cuts = np.zeros(max(1, len(self.ends) * (parts - 1)), np.uint32)
        if parts > 1:
            for source, _, many, first, segment, *_ in self.bundles.tolist():
                rows = self._rows(source)
                ends = self.ends[segment : segment + rows * many]
                some = cuts[segment * (parts - 1) : (segment + rows * many) * (parts - 1)]
                split(rows, len(ends) * 10, cut, self.starts[first:], ends, many, self.targets, bounds, some, parts)
        return cuts

    def _rows(self, source: int) -> int:
        return self.sizes[source]

    sizes: list[int] = field(default_factory=list)


@dataclass(eq=False)
class _Member:
    """A projection on its way into a bundle."""

    projection: Projection
    wired: Wired
    steps: int | NDArray[np.int64] | Distribution
    earliest: int
    latest: int


def build(
    projections: Sequence[Projection], placed: Sequence[Placed], dt: float, seed: int, dtype: np.dtype, size: int
) -> Rows:
    """Makes all rows. size: numbers of `data`."""
    if size >= 1 << 32:
        raise MemoryError(f"the network has {size:,} numbers of state, more than the 2^32 that a synapse can address.")
    members = [_member(p, placed, dt, seed) for p in projections]
    order = sorted(range(len(members)), key=lambda k: (members[k].projection.pre.number, _kind(members[k])))
    groups = [
        [members[k] for k in ks]
        for _, ks in groupby(order, key=lambda k: (members[k].projection.pre.number, _kind(members[k])))
    ]
    total = sum(m.wired.count for m in members)
    weighted = sum(m.wired.count for g in groups if not _kind(g[0])[0] for m in g)
    starts_of = [sum(m.wired.starts for m in g) for g in groups]
    manies = [max(m.latest for m in g) - min(m.earliest for m in g) + 1 for g in groups]
    segments = sum(len(s[:-1]) * many for s, many in zip(starts_of, manies, strict=True))
    rows = Rows(
        np.zeros((len(groups), 7), np.int64),
        np.concatenate([min(m.earliest for m in g) + np.arange(many) for g, many in zip(groups, manies, strict=True)] or [np.zeros(0, np.int64)]),
        np.zeros(sum(len(s) for s in starts_of), np.int64),
        np.zeros(segments, np.uint32),
        np.empty(total, np.uint32),
        np.empty(weighted, dtype),
        np.zeros(max(1, len(groups)), dtype),
        [[m.projection for m in g] for g in groups],
    )
    rows.sizes = [p.n for p in placed]
    digits = max(1, -(-max(1, size - 1).bit_length() // 8))
    synapse = delay = row = segment = weight = 0
    for k, (group, starts, many) in enumerate(zip(groups, starts_of, manies, strict=True)):
        same, value = _kind(group[0])
        n = len(starts) - 1
        rows.starts[row : row + n + 1] = starts + synapse
        shift = k if same else weight - synapse
        rows.bundles[k] = group[0].projection.pre.number, delay, many, row, segment, shift, same
        rows.row_weights[k] = value
        _fill(rows, group, placed, rows.starts[row : row + n + 1], segment, many, shift, same, digits, seed, dt)
        count = int(starts[-1])
        synapse, delay, row, segment = synapse + count, delay + many, row + n + 1, segment + n * many
        weight += 0 if same else count
    return rows


def _kind(m: _Member) -> tuple[bool, float]:
    w = m.projection.weight
    return (True, float(w)) if isinstance(w, int | float) else (False, 0.0)


def _member(p: Projection, placed: Sequence[Placed], dt: float, seed: int) -> _Member:
    wired = p.pattern.wire(p.pre.n, p.post.n, key_of(seed, f"{p.name}/pattern"))
    delay = p.delay
    if isinstance(delay, int | float):
        steps: Any = _steps(p.name, delay, dt)
        return _Member(p, wired, steps, steps, steps)
    if hasattr(delay, "kind"):
        if delay.low < dt / 2:
            raise ValueError(
                f"{p.name}: a delay must be at least one step of {dt:g} s; {delay!r} may be shorter. Give it low={dt:g}."
            )
        high = delay.high if np.isfinite(delay.high) else delay.constants[0] + 5 * delay.constants[1]
        return _Member(p, wired, delay, max(1, _rounded(delay.low, dt)), max(1, _rounded(high, dt)))
    given = _listed(p, wired, delay, "delay")
    steps = np.maximum(np.floor(given / dt + 0.5), 0).astype(np.int64)
    for bad in (given.min(initial=dt), given.max(initial=dt)):
        _steps(p.name, float(bad), dt)
    return _Member(p, wired, steps, int(steps.min(initial=1)), int(steps.max(initial=1)))


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


def _fill(
    rows: Rows, group: list[_Member], placed: Sequence[Placed], starts: NDArray[np.int64], segment: int, many: int,
    shift: int, same: bool, digits: int, seed: int, dt: float,
) -> None:  # fmt: skip
    n, first_delay = len(starts) - 1, min(m.earliest for m in group)
    lists = {}
    for m in group:
        if not same and not hasattr(m.projection.weight, "kind"):
            lists[m.projection] = _listed(m.projection, m.wired, m.projection.weight, "weight")
    where = [_target(m.projection, placed[m.projection.post.number], _sign(m.projection, lists.get(m.projection))) for m in group]
    place, block, port = (np.array(x, np.int64) for x in zip(*where, strict=True))
    ends = rows.ends[segment : segment + n * many]
    a = 0
    while a < n:
        b = min(n, max(a + 1, int(np.searchsorted(starts, starts[a] + SYNAPSES, "right")) - 1))
        begins = np.zeros((len(group), b - a + 1), np.int64)
        posts, values, delays = [], [], []
        end = 0
        for k, m in enumerate(group):
            own = m.wired.starts
            begins[k] = own[a : b + 1] - own[a] + end
            count = int(own[b] - own[a])
            end += count
            posts.append(m.wired.posts(a, b))
            if not same:
                weight = m.projection.weight
                given = lists.get(m.projection)
                values.append(_drawn(m, weight, "weight", seed, a, b) if given is None else given[own[a] : own[b]])
            delays.append((_delay_steps(m, seed, a, b, dt) - first_delay).astype(np.uint16))
        split(
            b - a, end * 30, _Merge(a), np.ascontiguousarray(begins), np.concatenate(posts),
            np.concatenate(values).astype(rows.weights.dtype) if values else rows.weights[:0], np.concatenate(delays),
            place, block, port, LANES, digits, starts, ends, many, rows.targets, rows.weights, shift, not same, a,
        )  # fmt: skip
        a = b


class _Merge:
    """The kernel on rows that are counted from the first of a piece."""

    def __init__(self, origin: int) -> None:
        self.origin = origin

    def __call__(self, *arguments: Any) -> None:
        *arguments, first, last = arguments
        merge(*arguments, self.origin + first, self.origin + last)


def _delay_steps(m: _Member, seed: int, a: int, b: int, dt: float) -> NDArray[np.int64]:
    own = m.wired.starts
    if isinstance(m.steps, int):
        return np.full(int(own[b] - own[a]), m.steps, np.int64)
    if isinstance(m.steps, np.ndarray):
        return m.steps[own[a] : own[b]]
    drawn = _drawn(m, m.steps, "delay", seed, a, b)
    return np.clip(np.floor(drawn / dt + 0.5), m.earliest, m.latest).astype(np.int64)


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
    low, high = (w, w) if isinstance(w, int | float) else (w.low, w.high) if listed is None else (listed.min(initial=0), listed.max(initial=0))
    if p.pre.excitatory is not None and (low < 0 if p.pre.excitatory else high > 0):
        kind, want = ("excitatory", ">= 0") if p.pre.excitatory else ("inhibitory", "<= 0")
        raise ValueError(
            f"{p.name}: {p.pre.name} is {kind}, so its weights must be {want} (Dale's law), got weights from {low:g} to {high:g}."
        )
    return 1 if low >= 0 else -1 if high <= 0 else 0


def _target(p: Projection, to: Placed, sign: int) -> tuple[int, int, int]:
    """Place, block size and offset of the port that a projection's impulses go to."""
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
    return to.place, to.layout.size, k * LANES
