"""From the states of a sequence, [T, N], to the one row that a readout gets: `Last`, `Equidistant`, `Mean`, `All`.

Your own is a function of states [T, N] that returns one row. One whose row is means over parts of the sequence tells these parts by `spans`; a sequence
whose states do not fit the memory is then pooled in stretches.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Pooling = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Last:
    """The state after the last step, [N]."""

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return states[-1]

    def spans(self, steps: int) -> list[tuple[int, int]]:
        return [(steps - 1, steps)]


@dataclass(frozen=True)
class Mean:
    """The mean over time, [N]."""

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return states.mean(0)

    def spans(self, steps: int) -> list[tuple[int, int]]:
        return [(0, steps)]


@dataclass(frozen=True)
class Equidistant:
    """`count` states side by side, at the ends of so many equal parts of the sequence, [count * N]; the last is the last.

    Shorter sequences give some states twice. segments=True: instead the mean of every part.

    Source: Jaeger, Lukosevicius, Popovici and Siewert, Neural Networks 20 (2007), section 4.2.
    """

    count: int = 3
    segments: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"Equidistant: count must be at least 1, got {self.count}. Write Equidistant(3).")

    def __call__(self, states: np.ndarray) -> np.ndarray:
        spans = self.spans(len(states))
        if not self.segments:
            return states[[last for last, _ in spans]].ravel()
        return np.concatenate([states[a:b].mean(0) for a, b in spans])

    def spans(self, steps: int) -> list[tuple[int, int]]:
        ends = np.maximum(-(-steps * np.arange(1, self.count + 1) // self.count), 1)
        begins = np.minimum(np.r_[0, ends[:-1]], ends - 1) if self.segments else ends - 1
        return list(zip(begins.tolist(), ends.tolist(), strict=True))


@dataclass(frozen=True)
class All:
    """Every state side by side, [T * N]; the sequences must be equally long."""

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return states.ravel()


def pooled(pooling: Pooling, states: list[np.ndarray]) -> np.ndarray:
    """One row a sequence, [B, M]."""
    rows = [np.asarray(pooling(part)) for part in states]
    check_widths(pooling, {row.shape for row in rows})
    return np.stack(rows)


def check_widths(pooling: Pooling, shapes: set[tuple[int, ...]]) -> None:
    """Refuses rows of more than one shape."""
    if len(shapes) > 1:
        sizes = sorted(shapes)
        raise ValueError(
            f"{type(pooling).__name__}: sequences of different length give rows of different size, {sizes[0]} to {sizes[-1]}. "
            "Use Last(), Mean() or Equidistant(3), or cut the sequences to one length."
        )


def pooled_in_parts(pooling: Any, steps: int, skipped: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """The row of one sequence, [1, M], whose states come part by part: the same sums in the same order. skipped: first steps that are left out."""
    spans, begin = pooling.spans(steps - skipped), -skipped
    sums: list[list[np.ndarray]] = [[] for _ in spans]
    for states in parts:
        for k, (first, last) in enumerate(spans):
            inside = states[max(first - begin, 0) : max(last - begin, 0)]
            if len(inside):
                sums[k] = [np.concatenate([*sums[k], inside]).sum(0)[None]]
        begin += len(states)
    return np.hstack([total / (last - first) for (total,), (first, last) in zip(sums, spans, strict=True)])
