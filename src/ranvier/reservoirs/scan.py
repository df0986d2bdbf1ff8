"""The reservoir scan: the states of leaky units with sparse links, for sequences of any length.

Many sequences are processed side by side, `LANES` of them in vector registers; a few alone go one by one, `LANES`
units in vector registers. Every sum over links is taken in the same order without fused multiply-adds, so that a sequence has the same
states, bit for bit, whatever it is batched with and on any number of threads.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.memory import buffer
from ranvier.kernels.cpu.threads import split
from ranvier.reservoirs.scan_kernels import LANES, scan_alone, scan_lanes

ALONE = 3  # up to so many sequences a thread run one by one


@dataclass(frozen=True, eq=False)
class Weights:
    """What the scan reads, float64. N units, F inputs, at most K links into a unit; missing links have weight 0 and source 0.

    win: [N, F]. bias, leak: [N]. weight: [N, K]. source: [N, K], int32, the unit that a link comes from. linear: no tanh.
    """

    win: NDArray[np.float64]
    bias: NDArray[np.float64]
    weight: NDArray[np.float64]
    source: NDArray[np.int32]
    leak: NDArray[np.float64]
    linear: bool

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("win", "bias", "weight", "source", "leak")}
        units = len(self.bias)
        if not (
            shapes["bias"] == shapes["leak"] == (units,)
            and len(shapes["win"]) == len(shapes["weight"]) == 2
            and len(self.win) == len(self.weight) == units
            and shapes["source"] == shapes["weight"]
        ):
            raise ValueError(
                f"Weights: shapes do not belong together: {shapes}. Expected win [N, F], bias and leak [N], weight and source [N, K]."
            )
        if self.source.size and not (0 <= self.source.min() and self.source.max() < units):
            raise ValueError(
                f"Weights: source must lie in 0..{units - 1}, got {self.source.min()} to {self.source.max()}."
            )
        if not isinstance(self.linear, bool):
            raise ValueError(f"Weights: linear must be True or False, got {self.linear!r}.")
        for name, kind in (("win", "d"), ("bias", "d"), ("weight", "d"), ("source", "i"), ("leak", "d")):
            array = getattr(self, name)
            if array.dtype.char != kind or not array.flags.c_contiguous:
                raise ValueError(
                    f"Weights: {name} must be contiguous {np.dtype(kind)}, got {array.dtype}. Use np.ascontiguousarray."
                )

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """[N * F], the input that each input weight belongs to."""
        return np.tile(np.arange(self.win.shape[1], dtype=np.int32), self.units)

    @cached_property
    def blocks(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """weight and source flat, LANES units side by side: [N / LANES, K, LANES], with links of weight 0 in the last block."""
        padded = -(-self.units // LANES) * LANES
        weight = np.zeros((padded, self.weight.shape[1]))
        source = np.zeros(weight.shape, np.int32)
        weight[: self.units], source[: self.units] = self.weight, self.source
        return self._side_by_side(weight), self._side_by_side(source)

    @staticmethod
    def _side_by_side(part: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(part.reshape(len(part) // LANES, LANES, part.shape[1]).swapaxes(1, 2)).reshape(-1)

    @property
    def units(self) -> int:
        return len(self.bias)


def scan(
    weights: Weights, rows: np.ndarray, start: np.ndarray, state: np.ndarray, added: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """States after every step, and after the last step of each sequence.

    x[t] = (1 - leak) x[t-1] + leak tanh(bias + win u[t] + added[t] + W x[t-1])

    rows: [steps of all sequences, F], u. start: [B + 1], sequence b is rows[start[b]:start[b + 1]]. state: [B, N], x before the first
    step. added: [steps, N], noise in the net input. Returns [steps, N] and [B, N].
    """
    batch, steps, units = len(start) - 1, len(rows), weights.units
    if rows.shape[1] != weights.win.shape[1] or state.shape != (batch, units):
        raise ValueError(
            f"scan: rows of {rows.shape[1]} inputs and states {state.shape} do not fit weights of {weights.win.shape[1]} inputs and {units} units, "
            f"batch {batch}."
        )
    out, last = (
        buffer((steps, units), np.float64),
        state.copy(),
    )  # page faults of fresh memory would cost more than the sums
    extra = np.empty((0, units)) if added is None else added
    w, rows = weights, np.require(rows, np.float64, ["C", "W"])  # a read-only array would be another kernel
    work = steps * units * (2 + w.win.shape[1] + w.weight.shape[1])
    if batch <= ALONE:
        turned = np.ascontiguousarray(w.win.T)
        split(
            batch, work, scan_alone, rows, start, turned, w.bias, *w.blocks, w.weight.shape[1], w.leak, w.linear, extra,
            last, out,
        )  # fmt: skip
    else:
        order = np.argsort(start[:-1] - start[1:], kind="stable")  # the longest first, so that lanes end together
        blocks = -(-batch // LANES)
        split(
            blocks, work, scan_lanes, rows, start, order, w.win.reshape(-1), w.place, w.bias, w.weight.reshape(-1),
            w.source.reshape(-1), w.weight.shape[1], w.leak, w.linear, extra, last, out,
        )  # fmt: skip
    return out, last
