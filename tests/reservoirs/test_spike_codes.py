"""Rows to spikes."""

import numpy as np
import pytest

from ranvier.reservoirs import Counts, Rates
from ranvier.reservoirs.spike_codes import raster

STEP = 0.01


def test_a_rate_fires_regularly_and_its_sign_chooses_the_channel():
    rows = np.tile([1.0, -2.0], (100, 1))
    times, channels, _ = Rates(50.0).spikes(rows, STEP, np.zeros(4))
    assert Rates(50.0).channels(2) == 4
    np.testing.assert_allclose(times[channels == 0], np.arange(1, 51) / 50.0, atol=1e-8)
    assert (channels == 3).sum() == 100 and not np.isin(channels, [1, 2]).any()
    assert np.diff(times[channels == 3]) == pytest.approx(0.01)


def test_an_unsigned_rate_is_silent_below_zero():
    rates = Rates(100.0, signed=False)
    times, channels, _ = rates.spikes(np.tile([1.0, -2.0], (10, 1)), STEP, np.full(2, 0.5))
    assert rates.channels(2) == 2 and len(times) == 10 and (channels == 0).all()


def test_a_sequence_in_two_parts_has_the_spikes_of_the_whole():
    rows, sums = np.random.default_rng(0).normal(size=(40, 3)), np.random.default_rng(1).random(6)
    code = Rates(170.0)
    times, channels, after = code.spikes(rows, STEP, sums)
    a, b, middle = code.spikes(rows[:13], STEP, sums)
    c, d, end = code.spikes(rows[13:], STEP, middle)
    np.testing.assert_allclose(np.concatenate([a, c + 13 * STEP]), times, atol=1e-12)
    np.testing.assert_array_equal(np.concatenate([b, d]), channels)
    np.testing.assert_array_equal(end, after)


def test_counts_are_spread_over_their_row():
    times, channels, sums = Counts().spikes(np.array([[0, 2], [1, 0]]), STEP, np.zeros(2))
    np.testing.assert_allclose(times, [0.0025, 0.0075, 0.015])
    assert channels.tolist() == [1, 1, 0] and Counts().channels(7) == 7 and sums.tolist() == [0, 0]
    assert len(Counts().spikes(np.zeros((3, 2)), STEP, np.zeros(2))[0]) == 0


def test_spike_times_become_rows_of_counts():
    rows = raster(np.array([0.001, 0.0015, 0.0299]), np.array([1, 1, 0]), 2, 0.03, 0.01)
    assert rows.tolist() == [[0, 2], [0, 0], [1, 0]]


def test_what_is_no_number_of_spikes_is_refused():
    with pytest.raises(
        ValueError, match=r"numbers of spikes, 0, 1, 2, \.\.\., got 0\.5\. For other numbers use code=Rates"
    ):
        Counts().spikes(np.array([[0.5]]), STEP, np.zeros(1))
    with pytest.raises(ValueError, match="rate must be above 0 Hz, got 0"):
        Rates(0.0)
