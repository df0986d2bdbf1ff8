"""From the rows of a sequence to the spikes that enter a liquid: `Rates`, `Counts`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ranvier.units import Hz


class SpikeCode(Protocol):
    """What a code offers. Your own is a frozen dataclass with these two."""

    def channels(self, features: int) -> int:
        """How many spike trains so many features become."""
        ...

    def spikes(self, rows: np.ndarray, step: float, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times [s] from the first row on and channels of the spikes, and the sums to go on from.

        rows: [T, F], each `step` seconds long. sums: [channels], what a code carries from row to row; at the start numbers drawn from [0, 1).
        """
        ...


@dataclass(frozen=True)
class Rates:
    """Numbers as rates: a channel fires regularly, rate * x times a second, where x > 0, and a second one rate * -x times where x < 0.

    A running sum fires at every whole number; where the sum starts is drawn, for each channel. signed: False leaves out the second channels, and what is
    below 0 is silent.
    """

    rate: float = 50 * Hz
    signed: bool = True

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"Rates: rate must be above 0 Hz, got {self.rate}. Write Rates(50 * Hz).")

    def channels(self, features: int) -> int:
        return features * (1 + self.signed)

    def spikes(self, rows: np.ndarray, step: float, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        both = np.hstack([rows, -rows]) if self.signed else rows
        added = np.minimum(np.maximum(both, 0.0) * (self.rate * step), MOST)
        after = np.cumsum(np.vstack([sums, added]), axis=0)
        whole = np.floor(after).astype(np.int64)
        row, channel = np.nonzero(whole[1:] > whole[:-1])
        count = (whole[1:] - whole[:-1])[row, channel]
        row, channel = np.repeat(row, count), np.repeat(channel, count)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        crossed = whole[row, channel] + 1 + nth
        within = (crossed - after[row, channel]) / added[row, channel]
        return (row + np.clip(within, 0.0, 1.0 - 1e-9)) * step, channel, after[-1]


@dataclass(frozen=True)
class Counts:
    """Rows that are spikes already: x is how many spikes a channel has in a row, spread evenly over it.

    signed: whether numbers below 0 are spikes of a second channel, as encoders of changes give them.

    Raises:
        ValueError: numbers that are not whole, or below 0 where they are not signed.
    """

    signed: bool = False

    def channels(self, features: int) -> int:
        return features * (1 + self.signed)

    def spikes(self, rows: np.ndarray, step: float, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        wrong = (rows != np.round(rows)) | ((rows < 0) & (not self.signed))
        if wrong.any():
            raise ValueError(
                f"Counts: rows must hold numbers of spikes, 0, 1, 2, ..., got {rows[wrong][0]:g}. For other numbers use code=Rates(), "
                "for spikes of two signs Counts(signed=True)."
            )
        both = np.maximum(np.hstack([rows, -rows]) if self.signed else rows, 0.0)
        row, channel = np.nonzero(both)
        count = both[row, channel].astype(np.int64)
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        within = (nth + 0.5) / np.repeat(count, count)
        return (np.repeat(row, count) + within) * step, np.repeat(channel, count), sums


MOST = 1000.0  # spikes a row: far more than a channel can have, so that no number in a row asks for the memory of the machine


def raster(
    times: NDArray[np.float64], channels: NDArray[np.int64], n: int, duration: float, step: float
) -> NDArray[np.float64]:
    """Spike times as rows of `Counts`, [duration / step, n]."""
    rows = np.zeros((round(duration / step), n))
    np.add.at(rows, (np.minimum((np.asarray(times) / step).astype(np.int64), len(rows) - 1), np.asarray(channels)), 1)
    return rows
