"""ISI-distance: how much the interspike intervals of two trains differ at each moment."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import checked_pair, checked_trains
from ranvier.analysis.distances.pairs import within_window
from ranvier.kernels.cpu.compile import kernel


def isi_distance(a: Any, b: Any, *, start: float = 0.0, stop: float) -> float:
    """ISI-distance, in [0, 1), without a scale to choose.

        D = 1 / (stop - start) * integral |x(t) - y(t)| / max(x(t), y(t)) dt

    with x(t), y(t) the interspike intervals of a and b that hold t. It obeys the triangle inequality, but regular trains of
    one rate and different phase have the distance 0.

    Edges: the interval before the first spike is the longer one of the time since `start` and the first interspike
    interval; so at the end. A train of one spike has the intervals to both edges, a silent one the whole window.

    Args:
        a, b: spike times in seconds in [start, stop], strictly rising; lists, arrays or tensors [n] and [m].
        start, stop: window in seconds.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise, is not finite or leaves the window; a window of no length.

    Source: Kreuz et al. 2007, Journal of Neuroscience Methods 165; in the form of Kreuz et al. 2013, Journal of
    Neurophysiology 109. The work is n + m.

    Example:
        >>> round(isi_distance([0.2, 0.4, 0.6, 0.7], [0.3, 0.45, 0.8, 0.9, 0.95], stop=1.0), 12)
        0.4375
    """
    trains = checked_pair("isi_distance", a, b, repeats=False)
    return float(within_window("isi_distance", _isi_distance, trains, start, stop)[0, 1])


def isi_distance_matrix(trains: Sequence[Any], *, start: float = 0.0, stop: float) -> np.ndarray:
    """ISI-distances of all pairs, float64 [trains, trains]. Takes and refuses what `isi_distance` does."""
    found = checked_trains("isi_distance_matrix", trains, repeats=False)
    return within_window("isi_distance_matrix", _isi_distance, found, start, stop)


@kernel
def _isi_distance(times, starts, left, right, out, start, stop, first, last):
    for p in range(first, last):
        a = times[starts[left[p]] : starts[left[p] + 1]]
        b = times[starts[right[p]] : starts[right[p] + 1]]
        now, area = start, 0.0
        i = j = 0  # now lies in [a[i], a[i + 1]) and [b[j], b[j + 1])
        while now < stop:
            if a[i + 1] <= now:
                i += 1
            if b[j + 1] <= now:
                j += 1
            x, y = a[i + 1] - a[i], b[j + 1] - b[j]
            then = min(a[i + 1], b[j + 1], stop)
            area += (then - now) * abs(x - y) / max(x, y)
            now = then
        out[p] = area / (stop - start)
