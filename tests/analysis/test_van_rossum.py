import math

import numpy as np
import pytest

from ranvier.analysis import van_rossum
from ranvier.units import ms

A, B = np.array([10, 20, 30]) * ms, np.array([12, 24, 30]) * ms


def sums(a: np.ndarray, b: np.ndarray, tau: float) -> float:
    """The closed form by sums over all pairs of spikes."""
    aa, bb, ab = (np.exp(-np.abs(np.subtract.outer(x, y)) / tau).sum() for x, y in ((a, a), (b, b), (a, b)))
    return math.sqrt(max(0.0, 0.5 * (aa + bb) - ab))


def test_golden() -> None:
    assert van_rossum(A, B, tau=10 * ms) == pytest.approx(0.695771, abs=1e-6)
    assert math.sqrt(2) * van_rossum(A, B, tau=10 * ms) == pytest.approx(0.983968, abs=1e-6)


@pytest.mark.parametrize("tau", [1e-4, 0.01, 0.3, 50.0])
def test_it_is_the_closed_form(tau: float) -> None:
    random = np.random.default_rng(1)
    a, b = (np.sort(random.uniform(-1, 2, n)) for n in (80, 57))
    b[::3] = a[: len(b[::3])]
    b = np.sort(np.concatenate([b, b[:4]]))  # shared and repeated times
    assert van_rossum(a, b, tau=tau) == pytest.approx(sums(a, b, tau), rel=1e-9)


def test_it_is_the_integral() -> None:
    tau, t = 0.02, np.arange(0, 0.6, 1e-5)
    f, g = (
        np.sum([np.where(t >= s, np.exp(-np.maximum(t - s, 0) / tau), 0) for s in train], 0)
        for train in ([0.05, 0.1], [0.06, 0.2])
    )
    integral = math.sqrt(float(((f - g) ** 2).sum()) * 1e-5 / tau)
    assert van_rossum([0.05, 0.1], [0.06, 0.2], tau=tau) == pytest.approx(integral, rel=1e-3)


def test_limits_and_silence() -> None:
    assert van_rossum([0.1], [], tau=0.3) == pytest.approx(math.sqrt(0.5))
    assert van_rossum([0.1, 0.2, 0.3], [0.2, 0.4], tau=0.0) == pytest.approx(math.sqrt(5 / 2 - 1))
    assert van_rossum([0.1, 0.2, 0.3], [0.2], tau=math.inf) == pytest.approx(2 / math.sqrt(2))
    assert van_rossum([], [], tau=0.1) == 0.0
    assert van_rossum([0.1, 0.2, 0.3], [0.1, 0.2, 0.4], tau=1e-9) == pytest.approx(1.0)
    assert van_rossum([0.1, 0.2, 0.3], [0.2], tau=1e9) == pytest.approx(2 / math.sqrt(2), rel=1e-6)


def test_nearly_equal_trains_lose_no_digits() -> None:
    # Two spikes a small time s apart: D^2 = 1 - exp(-s / tau), which is below the rounding of the sums over pairs.
    shift = 2.0**-50
    a = np.array([0.25, 0.5])
    expected = math.sqrt(-math.expm1(-shift / 0.5))
    assert van_rossum(a[:1], a[:1] + shift, tau=0.5) == pytest.approx(expected, rel=1e-9)
