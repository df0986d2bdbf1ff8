"""What every pattern gives: how many synapses each presynaptic neuron has, and to whom, any rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.wiring import by_source


@dataclass(frozen=True, eq=False)
class Wired:
    """Rows of synapses, one a presynaptic neuron.

    starts [pre + 1]: where each row begins. fill(posts, origin, first, last): writes the postsynaptic neurons of rows [first, last), row r from
    posts[starts[r] - origin] on. order: for synapses that were listed by the user, which of the list stands where.
    """

    starts: NDArray[np.int64]
    fill: Callable[[NDArray[np.uint32], int, int, int], None]
    order: NDArray[np.int64] | None = None

    @property
    def count(self) -> int:
        """Synapses in all."""
        return int(self.starts[-1])

    def posts(self, first: int, last: int) -> NDArray[np.uint32]:
        """Postsynaptic neurons of rows [first, last), row after row."""
        origin = int(self.starts[first])
        posts = np.empty(int(self.starts[last]) - origin, np.uint32)
        self.fill(posts, origin, first, last)
        return posts


class Pattern(Protocol):
    """Who is connected to whom."""

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """The synapses from `pre` to `post` neurons; key: of the random numbers."""
        ...

    def expected(self, pre: int, post: int) -> float:
        """About how many synapses there will be."""
        ...


def starts_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where rows of these lengths begin, and where the last ends."""
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def listed(pre: NDArray[np.uint32], post: NDArray[np.uint32], rows: int) -> Wired:
    """Synapses that are given one by one, as they stand in rows; those of a row in the order of the list."""
    starts = np.zeros(rows + 1, np.int64)
    order = np.empty(len(pre), np.int64)
    by_source(pre, 1, rows, starts, order)
    return stored(starts, post[order], order)


def stored(starts: NDArray[np.int64], rows: NDArray[np.uint32], order: NDArray[np.int64] | None = None) -> Wired:
    """Rows that are in memory, one after another."""

    def fill(posts: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
        posts[:] = rows[origin : origin + len(posts)]

    return Wired(starts, fill, order)
