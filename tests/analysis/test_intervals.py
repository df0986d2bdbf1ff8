import math

import numpy as np
import pytest

from ranvier.analysis import cv, cv2, isi, isi_histogram, lv, lvr
from ranvier.units import ms

VARIATIONS = pytest.mark.parametrize("variation", [cv, cv2, lv, lvr])


def test_intervals_and_their_histogram() -> None:
    assert isi([0.0, 0.25, 1.0]).tolist() == [0.25, 0.75]
    assert isi([0.5]).tolist() == isi([]).tolist() == []
    histogram = isi_histogram([0.0, 0.25, 0.5, 1.5, 2.5], edges=[0.0, 0.25, 0.5, 1.0])
    assert histogram.tolist() == [0, 2, 2] and histogram.dtype == np.int64
    assert isi_histogram([], edges=[0.0, 1.0]).tolist() == [0]


@VARIATIONS
def test_a_regular_train_does_not_vary(variation) -> None:
    assert variation(np.arange(50) / 64) == 0.0


@pytest.mark.parametrize("variation", [cv, cv2, lv])
def test_a_poisson_process_has_one(variation) -> None:
    train = np.cumsum(np.random.default_rng(0).exponential(0.02, 100_000))
    assert variation(train) == pytest.approx(1.0, abs=0.02)


def test_a_gamma_process_has_less() -> None:
    train = np.cumsum(np.random.default_rng(0).gamma(4.0, 0.005, 100_000))
    assert cv(train) == pytest.approx(0.5, abs=0.01)
    assert lv(train) == pytest.approx(3 / (2 * 4 + 1), abs=0.01)  # of order k: 3 / (2k + 1)


def test_a_refractory_period_is_made_up_for() -> None:
    random = np.random.default_rng(0)
    train = np.cumsum(5 * ms + random.exponential(0.05, 100_000))
    assert lv(train) < 0.85 < 0.92 < lvr(train, refractoriness=5 * ms) < 1.0  # exact in the first order of R


def test_local_measures_ignore_a_slow_change_of_the_rate() -> None:
    random = np.random.default_rng(0)
    slow = np.cumsum(np.repeat([0.01, 0.1], 20_000) * random.exponential(1.0, 40_000))
    assert cv(slow) > 1.4
    assert cv2(slow) == pytest.approx(1.0, abs=0.02) and lv(slow) == pytest.approx(1.0, abs=0.02)


def test_goldens_by_hand() -> None:
    train = [0.0, 1.0, 4.0, 6.0]  # intervals 1, 3, 2
    assert cv(train) == pytest.approx(math.sqrt(2 / 3) / 2)
    assert cv2(train) == pytest.approx((2 * 2 / 4 + 2 * 1 / 5) / 2)
    assert lv(train) == pytest.approx(3 * (1 / 4 + 1 / 25) / 2)
    assert lvr(train, refractoriness=0.5) == pytest.approx(3 * (1 / 4 * 1.5 + 1 / 25 * 1.4) / 2)
    assert lvr(train, refractoriness=0.0) == pytest.approx(lv(train))


@VARIATIONS
@pytest.mark.parametrize("train", [[], [0.1], [0.1, 0.2]])
def test_fewer_than_two_intervals_give_nan(variation, train: list[float]) -> None:
    assert math.isnan(variation(train))


@VARIATIONS
def test_what_does_not_rise_is_refused(variation) -> None:
    with pytest.raises(ValueError, match=f"{variation.__name__}: times must hold each time once, got 0.5 s twice"):
        variation([0.0, 0.5, 0.5])
    with pytest.raises(ValueError, match=f"{variation.__name__}: times must be sorted"):
        variation([0.5, 0.0])


@pytest.mark.parametrize("refractoriness", [-1 * ms, math.nan, math.inf])
def test_refractoriness_is_a_time(refractoriness: float) -> None:
    with pytest.raises(ValueError, match="lvr: refractoriness must be a time of 0 s or above, got"):
        lvr([0.0, 1.0, 3.0], refractoriness=refractoriness)
