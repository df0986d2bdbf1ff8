"""Cross-correlogram: how often one train fires some time after the other."""

from typing import Any, NamedTuple

import numpy as np

from ranvier.analysis.checking import checked_train
from ranvier.analysis.statistics.bins import tolerance
from ranvier.checks import positive_time


class Correlogram(NamedTuple):
    """lags: centres of the bins in seconds, float64 [bins]; counts: pairs of spikes in each, int64 [bins]."""

    lags: np.ndarray
    counts: np.ndarray


def cross_correlogram(a: Any, b: Any, *, width: float, max_lag: float) -> Correlogram:
    """Histogram of the times from each spike of a to each spike of b.

        counts[k] = number of pairs (i, j) with lags[k] - width / 2 <= b_j - a_i < lags[k] + width / 2

    Bins are centred at whole multiples of `width` from -`max_lag` to `max_lag`; at a positive lag b fires after a. A time
    that misses an edge by rounding alone counts as at the edge. The true times count, not binned trains: Elephant's
    histogram of binned trains agrees where spikes lie in the middle of bins. A silent train gives zeros.
    `cross_correlogram(a, a)` is the autocorrelogram; its count at lag 0 holds each spike with itself.

    Args:
        a, b: spike times in seconds, sorted, [n] and [m].
        width: of a bin, in seconds.
        max_lag: centre of the outermost bins, in seconds, 0 or above; rounded to a whole number of widths.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that is not sorted or not finite, a width that is not above 0, or a negative or infinite lag.
    """
    where = "cross_correlogram"
    a, b = checked_train(where, "a", a), checked_train(where, "b", b)
    positive_time(where, "width", width)
    if not 0 <= max_lag < np.inf:
        raise ValueError(
            f"{where}: max_lag must be a time of 0 s or above, got {max_lag}. Use for example max_lag=50*ms."
        )
    last = round(max_lag / width)
    reach = (last + 1) * width  # half a bin more than is counted
    first, end = np.searchsorted(b, a - reach), np.searchsorted(b, a + reach)
    slack, counts = tolerance(width, a, b), np.zeros(2 * last + 1, np.int64)
    for t, low, high in zip(a, first, end, strict=True):
        bins = np.floor((b[low:high] - t + slack) / width + 0.5).astype(np.int64) + last
        np.add.at(counts, bins[(bins >= 0) & (bins <= 2 * last)], 1)
    return Correlogram(np.arange(-last, last + 1) * width, counts)
