"""From the states of a sequence, [T, N], to the one row that a readout gets: `Last`, `Equidistant`, `Mean`, `All`.

Each has `rows(steps)`, how much it can take, and a call. Your own is a function of states [T, N] that returns one row.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Pooling = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Last:
    """The state after the last step, [N]."""

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return states[-1]


@dataclass(frozen=True)
class Mean:
    """The mean over time, [N]."""

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return states.mean(0)


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
        steps = len(states)
        ends = np.maximum(-(-steps * np.arange(1, self.count + 1) // self.count), 1)
        if not self.segments:
            return states[ends - 1].ravel()
        begins = np.minimum(np.r_[0, ends[:-1]], ends - 1)
        return np.concatenate([states[a:b].mean(0) for a, b in zip(begins, ends, strict=True)])


@dataclass(frozen=True)
class All:
    """Every state side by side, [T * N]; the sequences must be equally long."""

    def __call__(self, states: np.ndarray) -> np.ndarray:
        return states.ravel()


def pooled(pooling: Pooling, states: list[np.ndarray]) -> np.ndarray:
    """One row a sequence, [B, M]."""
    rows = [np.asarray(pooling(part)) for part in states]
    sizes = sorted({row.shape for row in rows})
    if len(sizes) > 1:
        raise ValueError(
            f"{type(pooling).__name__}: sequences of different length give rows of different size, {sizes[0]} to {sizes[-1]}. "
            "Use Last(), Mean() or Equidistant(3), or cut the sequences to one length."
        )
    return np.stack(rows)
