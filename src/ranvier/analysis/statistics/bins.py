"""Counts in bins, where a time that rounding put just before an edge counts as at the edge.

3 * 0.05 s is 0.15000000000000002 and a spike of step 150 of 1 ms is at 0.15: it belongs to the bin that begins there.
"""

import numpy as np

SHARE = 1e-9  # of the narrowest bin


def tolerance(width: float, *times: np.ndarray) -> float:
    """Seconds by which rounding may move a time or a difference of such times."""
    largest = max((float(np.abs(x).max()) for x in times if len(x)), default=0.0)
    return SHARE * width + 4 * float(np.finfo(np.float64).eps) * largest


def counts_in_bins(values: np.ndarray, edges: np.ndarray, *times: np.ndarray) -> np.ndarray:
    """Sorted values in each bin, int64 [bins]; edges[k] belongs to bin k, the last edge to the last bin.

    times: what the values were computed from, if that is larger than they are.
    """
    slack = tolerance(np.diff(edges).min(), values, edges, *times)
    before = np.searchsorted(values, edges - slack)
    before[-1] = np.searchsorted(values, edges[-1] + slack, side="right")
    return np.diff(before).astype(np.int64, copy=False)
