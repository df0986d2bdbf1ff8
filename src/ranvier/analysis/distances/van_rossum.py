"""van Rossum distance: how far apart two spike trains are once each spike leaves an exponential trace."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import check_scale, checked_pair, checked_trains
from ranvier.analysis.distances.pairs import of_pairs
from ranvier.kernels.cpu.compile import kernel


def van_rossum(a: Any, b: Any, *, tau: float) -> float:
    """van Rossum distance, a metric.

        D^2 = (1 / tau) * integral (f(t) - g(t))^2 dt,    f(t) = sum over spikes a_i <= t of exp(-(t - a_i) / tau)

    and g likewise of b. The square root D is returned. One spike against none is 1 / sqrt(2). Elephant normalises this to
    1: its value is sqrt(2) times ours.

    Limits: tau 0 gives sqrt((n + m) / 2 - number of coincident spikes) for trains without repeated times; an infinite tau
    gives |n - m| / sqrt(2). Two silent trains have the distance 0.

    Args:
        a, b: spike times in seconds, sorted; lists, arrays or tensors [n] and [m]. Negative times and repeated ones are fine.
        tau: time constant of the trace in seconds, from 0 to infinity.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that is not sorted or not finite, or a negative `tau`.

    Source: van Rossum 2001, Neural Computation 13. The integral is exact: between two spikes f - g decays by a
    known factor. The work is n + m, as with the recursion of Houghton and Kreuz 2012 (Network 23), and since only squares
    are added, nearly equal trains lose no digits.

    Example:
        >>> round(van_rossum([0.01, 0.02, 0.03], [0.012, 0.024, 0.03], tau=0.01), 6)
        0.695771
    """
    return float(_matrix("van_rossum", checked_pair("van_rossum", a, b), tau)[0, 1])


def van_rossum_matrix(trains: Sequence[Any], *, tau: float) -> np.ndarray:
    """van Rossum distances of all pairs, float64 [trains, trains]. Takes and refuses what `van_rossum` does."""
    return _matrix("van_rossum_matrix", checked_trains("van_rossum_matrix", trains), tau)


def _matrix(where: str, trains: Sequence[np.ndarray], tau: float) -> np.ndarray:
    check_scale(where, "tau", tau, "s")
    return of_pairs(_van_rossum, trains, tau)


@kernel
def _van_rossum(times, starts, left, right, out, tau, first, last):
    for p in range(first, last):
        a = times[starts[left[p]] : starts[left[p] + 1]]
        b = times[starts[right[p]] : starts[right[p] + 1]]
        i = j = 0
        now, gap, square = 0.0, 0.0, 0.0  # gap = f - g just after the spikes so far
        while i < len(a) or j < len(b):
            from_a = j == len(b) or (i < len(a) and a[i] <= b[j])
            t = a[i] if from_a else b[j]
            if gap != 0.0 and t > now:
                lost = -np.expm1(-(t - now) / tau)  # share of the gap that decays until t
                square += gap * gap * lost * (2.0 - lost)
                gap -= gap * lost
            now = t
            if from_a:
                gap += 1.0
                i += 1
            else:
                gap -= 1.0
                j += 1
        out[p] = np.sqrt(0.5 * (square + gap * gap))
