"""Proxies of the local field potential."""

import numpy as np
import pytest

from ranvier.analysis import absolute_sum, reference_weighted_sum

EXC, INH = np.array([0.0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), -np.array([0.0, 0, 2, 0, 0, 0, 0, 0, 0, 0])


def test_excitation_comes_six_milliseconds_late_and_inhibition_weighs_more():
    found = reference_weighted_sum(EXC, INH, dt=1e-3, standard=False)
    np.testing.assert_allclose(found, [0, 0, 3.3, 0, 0, 0, 0, 1, 0, 0])
    other = reference_weighted_sum(EXC, INH, dt=1e-3, standard=False, delay=2e-3, ratio=1.0)
    np.testing.assert_allclose(other, [0, 0, 2, 1, 0, 0, 0, 0, 0, 0])
    standard = reference_weighted_sum(EXC, INH, dt=1e-3)
    assert standard.mean() == pytest.approx(0, abs=1e-12) and standard.std() == pytest.approx(1)
    np.testing.assert_array_equal(reference_weighted_sum(EXC * 0 + 3, EXC * 0, dt=1e-3), 0 * EXC)
    assert reference_weighted_sum(EXC[:2], INH[:2], dt=1e-3, standard=False).tolist() == [
        0,
        0,
    ]  # shorter than the delay


def test_absolute_sum():
    np.testing.assert_array_equal(absolute_sum(EXC, INH), EXC - INH)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: reference_weighted_sum(EXC, INH[1:], dt=1e-3),
            ValueError,
            "must be currents of the same times, got 10 and 9 samples",
        ),
        (lambda: reference_weighted_sum([], [], dt=1e-3), ValueError, "got 0 and 0 samples"),
        (
            lambda: reference_weighted_sum(EXC, -INH, dt=1e-3),
            ValueError,
            "inhibitory currents must be <= 0, got a maximum of 2. Write -inhibitory",
        ),
        (lambda: reference_weighted_sum(EXC, INH, dt=0.0), ValueError, "dt must be a time above 0 s"),
        (lambda: reference_weighted_sum(EXC, INH, dt=1e-3, delay=-1.0), ValueError, "delay must be >= 0, got -1"),
        (lambda: absolute_sum(["a"], INH), TypeError, "absolute_sum: excitatory"),
    ],
)
def test_what_is_no_pair_of_currents_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
