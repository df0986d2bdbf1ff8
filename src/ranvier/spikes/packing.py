"""Arrays behind `Events`: keys to compressed rows and back, rows to bits and back.

A key is the place of a spike in the dense tensor in C order, row * neurons + index. Rows are the (t, b) pairs, r = t * B + b.
Bits are uint8 [rows, ceil(neurons / 8)], neuron n in bit n % 8 (the lowest is 0) of byte n // 8, padding bits 0.
"""

from collections.abc import Iterator

import numpy as np

Rows = tuple[np.ndarray, np.ndarray]  # starts int64 [rows + 1], indices int32 [count]

CHUNK = 1 << 22  # dense bytes unpacked at a time, so that memory holds the packed form and little else
ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1, dtype=np.uint8)  # set bits of each byte


def rows_of_keys(keys: np.ndarray, rows: int, neurons: int) -> Rows:
    """Compressed rows of keys [count] that are sorted and unique."""
    starts = np.searchsorted(keys, np.arange(rows + 1, dtype=np.int64) * neurons).astype(np.int64, copy=False)
    return starts, (keys % neurons).astype(np.int32)


def keys_of_rows(starts: np.ndarray, indices: np.ndarray, neurons: int) -> np.ndarray:
    """Keys int64 [count] of compressed rows."""
    return np.repeat(np.arange(len(starts) - 1, dtype=np.int64) * neurons, np.diff(starts)) + indices


def pack(starts: np.ndarray, indices: np.ndarray, neurons: int) -> np.ndarray:
    """Bits of compressed rows."""
    bits = np.empty((len(starts) - 1, -(-neurons // 8)), np.uint8)
    for a, b in _chunks(len(bits), neurons):
        part = slice(starts[a], starts[b])
        dense = np.zeros((b - a, neurons), np.uint8)
        dense.reshape(-1)[keys_of_rows(starts[a : b + 1] - starts[a], indices[part], neurons)] = 1
        bits[a:b] = np.packbits(dense, axis=1, bitorder="little")
    return bits


def unpack(bits: np.ndarray, neurons: int, count: int) -> Rows:
    """Compressed rows of bits that hold `count` spikes."""
    starts, indices = np.zeros(len(bits) + 1, np.int64), np.empty(count, np.int32)
    for a, b in _chunks(len(bits), neurons):
        keys = np.flatnonzero(dense_of_bits(bits[a:b], neurons).view(np.bool_))
        within, found = rows_of_keys(keys, b - a, neurons)
        starts[a + 1 : b + 1] = starts[a] + within[1:]
        indices[starts[a] : starts[b]] = found
    return starts, indices


def dense_of_bits(bits: np.ndarray, neurons: int) -> np.ndarray:
    """Zeros and ones uint8 [rows, neurons] of bits."""
    return np.unpackbits(bits, axis=1, count=neurons, bitorder="little")


def count_bits(bits: np.ndarray) -> int:
    """Number of spikes in bits."""
    return int(ONES[bits].sum(dtype=np.int64))


def _chunks(rows: int, neurons: int) -> Iterator[tuple[int, int]]:
    size = max(1, CHUNK // neurons)
    for a in range(0, rows, size):
        yield a, min(a + size, rows)
