"""Index lists: which inputs are active in each row. Rows are (t, b) pairs in order.

Spikes are bytes (`mask` [R, N], 0 or 1) where a neuron kernel writes them, and lists where a synapse reads them.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.compile import kernel, kernel_inline
from ranvier.kernels.cpu.memory import buffer
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import list_eight

SAMPLE = 64  # rows that are looked at to guess how many events there are
CHUNK = 256  # rows that are transposed together; their errors, 64 columns of them, fit the first-level cache


@dataclass(frozen=True, eq=False)
class Lists:
    """start [R + 1], index [count]: the active inputs of row r are index[start[r]:start[r + 1]]. An input may stand twice in a row."""

    start: NDArray[np.int64]
    index: NDArray[np.int32]
    inputs: int
    rising: bool = True  # whether the inputs of a row stand in order

    @property
    def rows(self) -> int:
        return len(self.start) - 1

    @property
    def count(self) -> int:
        """Number of events."""
        return int(self.start[-1] - self.start[0])

    @property
    def density(self) -> float:
        """Events per input and row."""
        return self.count / max(1, self.rows * self.inputs)

    def cut(self, parts: int) -> NDArray[np.int64]:
        """[R, parts + 1]: the events of row r among the k-th part of the inputs are index[cut[r, k]:cut[r, k + 1]].

        One part where `parts` is less, or the inputs do not stand in order.
        """
        if parts <= 1 or not self.rising:
            return np.stack([self.start[:-1], self.start[1:]], 1)
        cuts = np.empty((self.rows, parts + 1), np.int64)
        split(self.rows, self.count, cut_rows, self.start, self.index, self.inputs, cuts)
        return cuts

    @cached_property
    def transposed(self) -> "tuple[NDArray[np.int64], NDArray[np.int16]]":
        """start [chunks, inputs + 1], row [count]: in which rows of a chunk (counted from its first) each input was active."""
        chunks = -(-self.rows // CHUNK)
        start = np.zeros((chunks, self.inputs + 2), np.int64)
        row = buffer((self.count,), np.int16)
        split(chunks, 4 * self.count, transpose, self.start, self.index, start, row)
        return start, row


def of_mask(mask: NDArray[np.uint8]) -> Lists:
    """Lists of the non-zero entries of mask [R, N]."""
    count = np.empty(len(mask), np.int64)
    split(len(mask), mask.size // 8, count_mask, mask, count)
    start, index = _room(count)
    split(len(mask), mask.size, fill_mask, mask, start, index)
    return Lists(start, index, mask.shape[1])


def of_values(x: np.ndarray, densest: float = 1.0) -> "Lists | None":
    """Lists of spikes x [R, N]; None where a value is neither 0 nor 1, or more than the share `densest` is active.

    x is read once: the rows that a thread takes are listed one behind the other, and those of all threads put together then. How much
    room that takes is guessed from a few rows.
    """
    rows, inputs = x.shape
    if not x.size or bool(((x[0] != 0) & (x[0] != 1)).any()):
        return None
    count, place = np.empty(rows, np.int64), np.empty(rows, np.int64)
    most = int(np.count_nonzero(x[:: -(-rows // SAMPLE)], axis=1).max())
    for room in (
        min(inputs, most + most // 4 + 4),
        inputs,
    ):  # the first is too small where others are fuller than the rows looked at
        listed = buffer((rows * room,), np.int32)
        split(rows, x.size, fill_values, x, room, listed, count, place)
        if count.min() < 0 or count.sum() > densest * x.size:
            return None
        if place.min() >= 0:
            break
    start, index = _room(count)
    for a, b in pairwise([0, *(np.flatnonzero(np.diff(place - start[:-1])) + 1), rows]):
        index[start[a] : start[b]] = listed[place[a] : place[a] + start[b] - start[a]]
    return Lists(start, index, inputs)


def _room(count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """start [R + 1] and an empty index for so many events in each row."""
    start = np.zeros(len(count) + 1, np.int64)
    np.cumsum(count, out=start[1:])
    return start, buffer((int(start[-1]),), np.int32)


def remap(lists: Lists, table: NDArray[np.int32], inputs: int, batch: int = 1) -> Lists:
    """Every index i of sample b as table[b, i], left out where that is negative. table: [batch or 1, inputs of `lists`]."""
    count = np.empty(lists.rows, np.int64)
    split(lists.rows, lists.count, count_kept, lists.start, lists.index, table, batch, count)
    start, index = _room(count)
    split(lists.rows, lists.count, fill_kept, lists.start, lists.index, table, batch, start, index)
    return Lists(start, index, inputs, rising=False)


def densify(lists: Lists, scale: float, dtype: "np.dtype | type") -> np.ndarray:
    """The values [R, inputs] that the lists stand for: scale times the number of events."""
    values = buffer((lists.rows, lists.inputs), dtype)
    factor = values.dtype.type(scale)
    split(lists.rows, values.size, scatter, lists.start, lists.index, factor, values)
    return values


@kernel
def count_mask(mask, count, first, last):
    """count[r] = number of ones in row r."""
    for r in range(first, last):
        row = mask[r]
        n = 0
        for i in range(row.shape[0]):
            n += row[i]
        count[r] = n


@kernel_inline
def fill(row, n, end, limit, index):
    """index[n:end] = the places of the ones of a row of bytes; what lies behind, up to `limit`, may be overwritten."""
    i = 0
    while n + 8 <= limit and n < end and i + 8 <= row.shape[0]:
        n = list_eight(row, i, index, n)
        i += 8
    while n < end:
        index[n] = i
        n += row[i]
        i += 1


@kernel
def fill_mask(mask, start, index, first, last):
    """index[start[r]:start[r + 1]] = the places of the ones of row r."""
    for r in range(first, last):
        fill(mask[r], start[r], start[r + 1], start[last], index)


@kernel
def fill_values(x, room, index, count, place, first, last):
    """index[place[r]:place[r] + count[r]] = the places of the ones of row r; count[r] = -1 where a value is neither 0 nor 1 (NaN included).

    Rows [first, last) follow each other from first * room on; place[r] = -1 where last * room is too near.
    """
    scratch = np.empty(x.shape[1], np.uint8)
    at, limit = first * room, last * room
    for r in range(first, last):
        row = x[r]
        n, odd = 0, 0
        for i in range(row.shape[0]):
            on = row[i] != 0
            odd += on & (row[i] != 1)
            n += on
            scratch[i] = on
        count[r] = -1 if odd else n
        if odd or at + n > limit:
            place[r] = -1
        else:
            place[r] = at
            fill(scratch, at, at + n, limit, index)
            at += n


@kernel
def cut_rows(start, index, inputs, cuts, first, last):
    """See `Lists.cut`."""
    parts = cuts.shape[1] - 1
    for r in range(first, last):
        k = start[r]
        cuts[r, 0], cuts[r, parts] = k, start[r + 1]
        for c in range(1, parts):
            bound = inputs * c // parts
            while k < start[r + 1] and index[k] < bound:
                k += 1
            cuts[r, c] = k


@kernel
def transpose(start, index, to, row, first, last):
    """From the active inputs of each row to the active rows of each input, for chunks [first, last)."""
    rows = start.shape[0] - 1
    for c in range(first, last):
        at = to[c]
        a, b = c * CHUNK, min(rows, (c + 1) * CHUNK)
        for k in range(start[a], start[b]):
            at[index[k] + 2] += 1
        at[0] = at[1] = start[a] - start[0]
        for i in range(2, at.shape[0]):
            at[i] += at[i - 1]
        for r in range(a, b):
            for k in range(start[r], start[r + 1]):
                i = index[k] + 1
                row[at[i]] = r - a
                at[i] += 1


@kernel
def count_kept(start, index, table, batch, count, first, last):
    for r in range(first, last):
        place = table[(r % batch) % table.shape[0]]
        n = 0
        for k in range(start[r], start[r + 1]):
            n += place[index[k]] >= 0
        count[r] = n


@kernel
def fill_kept(start, index, table, batch, to, out, first, last):
    for r in range(first, last):
        place = table[(r % batch) % table.shape[0]]
        n = to[r]
        for k in range(start[r], start[r + 1]):
            i = place[index[k]]
            if i >= 0:
                out[n] = i
                n += 1


@kernel
def scatter(start, index, factor, values, first, last):
    for r in range(first, last):
        row = values[r]
        row[:] = 0
        for k in range(start[r], start[r + 1]):
            row[index[k]] += factor
