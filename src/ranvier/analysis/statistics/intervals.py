"""Interspike intervals and how irregular they are."""

import math
from typing import Any

import numpy as np

from ranvier.analysis.checking import checked_edges, checked_train
from ranvier.analysis.statistics.bins import counts_in_bins
from ranvier.units import ms


def isi(times: Any) -> np.ndarray:
    """Interspike intervals in seconds, float64 [n - 1]; none for fewer than two spikes.

    Args:
        times: spike times in seconds, strictly rising, [n].

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise or is not finite.
    """
    return _intervals("isi", times)


def isi_histogram(times: Any, *, edges: Any) -> np.ndarray:
    """Interspike intervals in each bin, int64 [bins].

    Args:
        times: spike times in seconds, strictly rising, [n].
        edges: where bins begin and the last one ends, in seconds, rising, [bins + 1]; the last bin holds its end too.
            An interval that misses an edge by rounding alone counts as at the edge.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise or is not finite, or edges that do not rise.
    """
    train = checked_train("isi_histogram", "times", times, repeats=False)
    return counts_in_bins(np.sort(np.diff(train)), checked_edges("isi_histogram", edges), train)


def cv(times: Any) -> float:
    """Coefficient of variation of the interspike intervals.

        CV = standard deviation / mean

    with the standard deviation of the intervals themselves (divided by their number). 0 for a regular train, 1 for a
    Poisson process. NaN for fewer than two intervals (three spikes).

    Takes and refuses what `isi` does.
    """
    intervals = _intervals("cv", times)
    return float(intervals.std() / intervals.mean()) if len(intervals) >= 2 else math.nan


def cv2(times: Any) -> float:
    """Mean local coefficient of variation, from neighbouring interspike intervals I_i.

        CV2 = mean of 2 * |I_{i+1} - I_i| / (I_{i+1} + I_i)

    0 for a regular train, 1 for a Poisson process, also where its rate changes slowly. NaN for fewer than two intervals
    (three spikes). Takes and refuses what `isi` does.

    Source: Holt et al. 1996, Journal of Neurophysiology 75.
    """
    a, b = _neighbours("cv2", times)
    return float(np.mean(2 * np.abs(b - a) / (a + b))) if len(a) else math.nan


def lv(times: Any) -> float:
    """Local variation of neighbouring interspike intervals I_i.

        LV = mean of 3 * ((I_i - I_{i+1}) / (I_i + I_{i+1}))^2

    0 for a regular train, 1 for a Poisson process. NaN for fewer than two intervals (three spikes). Takes and refuses what
    `isi` does.

    Source: Shinomoto, Shima and Tanji 2003, Neural Computation 15.
    """
    a, b = _neighbours("lv", times)
    return float(np.mean(3 * ((a - b) / (a + b)) ** 2)) if len(a) else math.nan


def lvr(times: Any, *, refractoriness: float = 5 * ms) -> float:
    """Revised local variation, which makes up for the refractory period R.

        LvR = mean of 3 * (1 - 4 * I_i * I_{i+1} / (I_i + I_{i+1})^2) * (1 + 4 * R / (I_i + I_{i+1}))

    With R = 0 it is `lv`. NaN for fewer than two intervals (three spikes).

    Args:
        times: spike times in seconds, strictly rising, [n].
        refractoriness: R in seconds, 0 or above.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise or is not finite, or a negative or infinite R.

    Source: Shinomoto et al. 2009, PLoS Computational Biology 5.
    """
    if not (math.isfinite(refractoriness) and refractoriness >= 0):
        raise ValueError(
            f"lvr: refractoriness must be a time of 0 s or above, got {refractoriness}. "
            "Use for example refractoriness=5*ms."
        )
    a, b = _neighbours("lvr", times)
    return float(np.mean(3 * ((a - b) / (a + b)) ** 2 * (1 + 4 * refractoriness / (a + b)))) if len(a) else math.nan


def _intervals(where: str, times: Any) -> np.ndarray:
    return np.diff(checked_train(where, "times", times, repeats=False))


def _neighbours(where: str, times: Any) -> tuple[np.ndarray, np.ndarray]:
    """Each interspike interval but the last, and its successor."""
    intervals = _intervals(where, times)
    return intervals[:-1], intervals[1:]
