import math

import numpy as np
import pytest

from ranvier.analysis import cross_correlogram
from ranvier.units import ms


def test_a_delay_shows_at_its_positive_lag() -> None:
    a = np.array([0.1, 0.25, 0.7, 0.95])
    lags, counts = cross_correlogram(a, a + 20 * ms, width=5 * ms, max_lag=50 * ms)
    assert lags == pytest.approx(np.arange(-10, 11) * 5 * ms)
    assert counts.sum() == counts[14] == 4 and counts.dtype == np.int64


def test_it_counts_all_pairs_in_half_open_bins() -> None:
    a, b = np.array([0.0, 1.0, 1.0]), np.array([-1.5, 0.5, 1.0, 2.5])
    found = cross_correlogram(a, b, width=1.0, max_lag=1.0)
    # differences: -1.5 0.5 1 2.5; twice -2.5 -0.5 0 1.5. Bin k holds [k - 0.5, k + 0.5).
    assert found.lags.tolist() == [-1.0, 0.0, 1.0] and found.counts.tolist() == [1, 4, 2]


def test_it_is_the_histogram_of_all_differences() -> None:
    random = np.random.default_rng(0)
    a, b = (np.sort(random.uniform(0, 5, n)) for n in (200, 150))
    lags, counts = cross_correlogram(a, b, width=0.02, max_lag=0.3)
    edges = np.append(lags - 0.01, lags[-1] + 0.01)
    assert counts.tolist() == np.histogram(np.subtract.outer(b, a).ravel(), edges)[0].tolist()
    assert cross_correlogram(b, a, width=0.02, max_lag=0.3).counts.tolist() == counts[::-1].tolist()


def test_silence_and_lag_zero() -> None:
    assert cross_correlogram([], [0.1], width=0.1, max_lag=0.2).counts.tolist() == [0] * 5
    assert cross_correlogram([0.1], [], width=0.1, max_lag=0.0).counts.tolist() == [0]
    assert cross_correlogram([0.1, 0.5], [0.1, 0.5], width=0.1, max_lag=0.0).counts.tolist() == [2]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="cross_correlogram: width must be a time above 0 s, got -1"):
        cross_correlogram([], [], width=-1.0, max_lag=1.0)
    for lag in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="cross_correlogram: max_lag must be a time of 0 s or above, got"):
            cross_correlogram([], [], width=1.0, max_lag=lag)
    with pytest.raises(ValueError, match="cross_correlogram: b must be sorted"):
        cross_correlogram([], [1.0, 0.0], width=1.0, max_lag=1.0)
