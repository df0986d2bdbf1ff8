"""Victor-Purpura distance: the least cost of turning one spike train into the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import check_scale, checked_pair, checked_trains
from ranvier.analysis.distances.pairs import of_pairs
from ranvier.kernels.cpu.compile import kernel


def victor_purpura(a: Any, b: Any, *, cost: float) -> float:
    """Victor-Purpura spike-time distance, a metric.

    The least sum of costs over all ways to turn train a into train b, where adding or removing a spike costs 1 and
    moving it by s seconds costs `cost` * s. A spike is never moved by more than 2 / `cost`.

    Limits: cost 0 gives |n - m|, the difference of the spike counts; an infinite cost gives n + m - 2 * (number of
    coincident spikes). Elephant's value for the infinite cost is n + m, also where spikes coincide.
    A silent train has the distance n to one of n spikes, two silent ones 0.

    Args:
        a, b: spike times in seconds, sorted; lists, arrays or tensors [n] and [m]. Negative times and repeated ones are fine.
        cost: q, cost of moving a spike, in 1/s, from 0 to infinity.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that is not sorted or not finite, or a negative cost.

    Source: Victor and Purpura 1996, Journal of Neurophysiology 76 (D^spike). Only moves within
    reach are looked at, so the work is n + m and the number of pairs of spikes less than 2 / `cost` apart.

    Example:
        >>> round(victor_purpura([0.01, 0.02, 0.03], [0.012, 0.024, 0.03], cost=100.0), 12)
        0.6
    """
    return float(_matrix("victor_purpura", checked_pair("victor_purpura", a, b), cost)[0, 1])


def victor_purpura_matrix(trains: Sequence[Any], *, cost: float) -> np.ndarray:
    """Victor-Purpura distances of all pairs, float64 [trains, trains]. Takes and refuses what `victor_purpura` does."""
    return _matrix("victor_purpura_matrix", checked_trains("victor_purpura_matrix", trains), cost)


def _matrix(where: str, trains: Sequence[np.ndarray], cost: float) -> np.ndarray:
    check_scale(where, "cost", cost, "1/s")
    return of_pairs(_victor_purpura, trains, cost)


@kernel
def _victor_purpura(times, starts, left, right, out, cost, first, last):
    # Moving a spike instead of removing it here and adding it there saves 2 - cost * s. best[j] is the most that can be
    # saved with the spikes of a so far and the first j of b; outside the reach of a spike of a nothing changes.
    # Two spikes of a go along b together: a processor computes both in the time of one, which waits for its own results.
    cost = min(cost, np.finfo(np.float64).max)  # infinity times no shift would be NaN
    reach = 2.0 / cost  # infinite for cost 0
    best = np.empty(np.max(np.diff(starts)) + 1)
    for p in range(first, last):
        a = times[starts[left[p]] : starts[left[p] + 1]]
        b = times[starts[right[p]] : starts[right[p] + 1]]
        best[0] = 0.0
        low = high = 0  # spikes of b within reach: b[low:high]
        for i in range(0, len(a), 2):
            t, u = a[i], a[i + 1] if i + 1 < len(a) else np.inf  # a last spike without companion gets one out of reach
            while low < len(b) and b[low] < t - reach:
                low += 1
            while high < len(b) and b[high] <= (u if u < np.inf else t) + reach:
                best[high + 1] = best[high]
                high += 1
            before = with_t = with_u = best[low]
            for j in range(low, high):
                move_t = before + (2.0 - cost * abs(t - b[j]))
                move_u = with_t + (2.0 - cost * abs(u - b[j]))
                before = best[j + 1]
                move_t = move_t if move_t > before else before
                with_t = move_t if move_t > with_t else with_t
                move_u = move_u if move_u > with_t else with_t
                with_u = move_u if move_u > with_u else with_u
                best[j + 1] = with_u
        out[p] = max(0.0, len(a) + len(b) - best[high])
