import numpy as np
import pytest
import torch

from ranvier.analysis import cross_correlogram, firing_rate, isi_histogram, spike_counts, spike_trains
from ranvier.analysis.statistics.bins import counts_in_bins, tolerance
from ranvier.units import ms

EVERY = spike_trains(torch.ones(1000, 1, 1), dt=1 * ms)[0][0]  # a spike in each step of a second


@pytest.mark.parametrize("bins", [20, 40, 100, 500])
def test_steps_fall_into_the_bins_that_hold_them(bins: int) -> None:
    for edges in (np.linspace(0.0, 1.0, bins + 1), np.arange(bins + 1) * (1.0 / bins)):
        assert (spike_counts([EVERY], edges=edges) == 1000 // bins).all()


def test_intervals_and_lags_of_steps_fall_into_the_bins_that_hold_them() -> None:
    train = EVERY[::3]
    assert isi_histogram(train, edges=np.arange(7) * ms).tolist() == [0, 0, 0, 333, 0, 0]
    # Differences are 3 steps, bins two steps wide: those of 3 steps lie on the edge between lags 2 and 4, and belong to 4.
    found = cross_correlogram(train, train, width=2 * ms, max_lag=4 * ms)
    assert found.counts.tolist() == [0, 333, 334, 0, 333]
    assert firing_rate(EVERY, start=0.1 + 0.2, stop=0.4) == pytest.approx(101 / (0.4 - 0.3))


def test_the_tolerance_is_far_below_a_bin() -> None:
    values = np.array([0.1 - 1e-6, 0.1 - 1e-14, 0.1])
    assert counts_in_bins(values, np.array([0.0, 0.1, 0.2])).tolist() == [1, 2]
    assert tolerance(0.1) == pytest.approx(1e-10)
    assert 1e-13 < tolerance(1e-9, np.array([-3000.0, 10.0]), np.empty(0)) < 1e-11
