import math

import numpy as np
import pytest
import torch

from ranvier.analysis import chi, spike_synchronization, spike_synchronization_matrix


def test_coincidences_by_hand() -> None:
    a, b = [0.1, 0.3, 0.6], [0.12, 0.45, 0.58]
    # 0.1 and 0.12 coincide; 0.6 and 0.58 do (0.02 against half of 0.13); 0.3 and 0.45 do not (0.15 against 0.065).
    assert spike_synchronization(a, b, stop=1.0) == pytest.approx(4 / 6)


def test_the_window_follows_the_rate() -> None:
    for interval in (0.125, 0.25):
        a = np.arange(0.0, 4.0, interval)
        assert spike_synchronization(a, a + 0.49 * interval, stop=5.0) == 1.0
        assert spike_synchronization(a, a + 0.5 * interval, stop=5.0) == 0.0  # half an interval is not less


def test_silence_and_single_spikes() -> None:
    assert spike_synchronization([], [], stop=1.0) == 1.0
    assert spike_synchronization([], [0.5], stop=1.0) == 0.0
    assert spike_synchronization([0.1], [0.5], stop=1.0) == 1.0  # less than half of the window apart
    assert spike_synchronization([0.1], [0.7], stop=1.0) == 0.0
    assert spike_synchronization_matrix([[], [0.5]], stop=1.0).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_chi_of_equal_and_of_independent_neurons() -> None:
    random = np.random.default_rng(0)
    one = random.normal(size=(5000, 1))
    assert chi(np.repeat(one, 7, 1)) == pytest.approx(1.0)
    assert chi(torch.from_numpy(one)) == 1.0
    assert chi(random.normal(size=(5000, 100))) == pytest.approx(0.1, rel=0.05)
    assert chi(np.concatenate([one, -one], 1)) == pytest.approx(0.0, abs=1e-12)


def test_chi_without_variance_is_nan() -> None:
    assert math.isnan(chi(np.full((10, 3), 0.1)))
    assert math.isnan(chi([[1.0, 2.0]]))


def test_chi_refuses_what_is_no_table() -> None:
    with pytest.raises(ValueError, match=r"chi: v must be numbers of shape \[T, N\], got float32 of shape \(2, 1, 3\)"):
        chi(torch.zeros(2, 1, 3))
    with pytest.raises(ValueError, match=r"chi: v is empty, its shape is \(0, 3\)"):
        chi(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="chi: v contains NaN or inf in 1 of 2 values"):
        chi([[1.0, math.inf]])
