import numpy as np
import pytest

from ranvier.analysis import isi_distance


def test_golden() -> None:
    assert isi_distance([0.2, 0.4, 0.6, 0.7], [0.3, 0.45, 0.8, 0.9, 0.95], stop=1.0) == pytest.approx(0.4375, abs=1e-12)


def test_two_regular_trains_differ_by_the_ratio_of_their_rates() -> None:
    slow, fast = np.arange(0.0, 10.25, 0.5), np.arange(0.0, 10.125, 0.25)
    assert isi_distance(slow, fast, stop=10.0) == pytest.approx(0.5)
    assert isi_distance(slow, slow[:-1] + 0.25, stop=10.0) == pytest.approx(0.0)  # phase does not matter


def test_a_silent_train_has_the_window_as_its_interval() -> None:
    regular = np.arange(0.0, 1.05, 0.1)
    assert isi_distance([], regular, stop=1.0) == pytest.approx(0.9)
    assert isi_distance([], [], stop=1.0) == 0.0
    assert isi_distance([], [0.0], stop=1.0) == isi_distance([], [1.0], stop=1.0) == 0.0


def test_one_spike_has_the_intervals_to_both_edges() -> None:
    # 1/4 and 3/4 against 1
    assert isi_distance([0.25], [], stop=1.0) == pytest.approx(0.25 * 0.75 + 0.75 * 0.25)


def test_an_interval_that_an_edge_cuts_is_as_long_as_its_neighbour() -> None:
    # 0.1 before the first spike and 0.2 after the last; the neighbouring interval, 0.7, is longer.
    assert isi_distance([0.1, 0.8], [], stop=1.0) == pytest.approx(0.3)
