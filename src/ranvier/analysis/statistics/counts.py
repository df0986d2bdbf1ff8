"""Spike counts: how they vary over trials, and together."""

from typing import Any

import numpy as np

from ranvier.analysis.checking import checked_matrix


def fano_factor(counts: Any) -> np.ndarray:
    """Fano factor of the spike counts in each bin, over trials, float64 [bins].

        F = variance / mean

    with the unbiased variance (divided by trials - 1). 0 for the same count in every trial, 1 for a Poisson process. NaN for
    fewer than two trials, and where the mean is 0. Elephant divides by the number of trials.

    Args:
        counts: spike counts [trials, bins], as `spike_counts` gives them.

    Raises:
        ValueError: not of two axes, negative, or not finite.
    """
    found = checked_matrix("fano_factor", "counts", counts, "[trials, bins]")
    if found.size and found.min() < 0:
        raise ValueError(
            f"fano_factor: counts must be 0 or above, got a minimum of {found.min():g}. Use spike_counts(trains, edges=...)."
        )
    if len(found) < 2:
        return np.full(found.shape[1], np.nan)
    return _ratio(found.var(0, ddof=1), found.mean(0))


def spike_count_correlation(counts: Any) -> np.ndarray:
    """Pearson correlation between the spike counts of every two trains, float64 [trains, trains].

        r[i, j] = sum_k x_ik * x_jk / sqrt(sum_k x_ik^2 * sum_k x_jk^2),    x_ik = counts[i, k] - mean_k counts[i, k]

    NaN in the row and the column of a train whose count never changes, also on the diagonal, and so for fewer than two
    bins.

    Args:
        counts: spike counts [trains, bins], as `spike_counts` gives them; instead of bins, trials of one window.

    Raises:
        ValueError: not of two axes, or not finite.
    """
    found = checked_matrix("spike_count_correlation", "counts", counts, "[trains, bins]")
    if not found.shape[1]:
        return np.full((len(found), len(found)), np.nan)
    x = found - found.mean(1, keepdims=True)
    x[np.ptp(found, axis=1) == 0] = 0.0  # the mean of equal numbers may be off by rounding
    length = np.sqrt((x * x).sum(1))
    return _ratio(x @ x.T, np.outer(length, length))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The quotient, NaN where `below` is 0."""
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
