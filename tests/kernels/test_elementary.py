"""The exponentials of the kernels beside the C library's, in extended precision, and where numbers end."""

import math

import numpy as np
import pytest
from numba import njit

from ranvier.kernels.cpu import elementary


@njit
def each(x: np.ndarray, exponential: np.ndarray, relative: np.ndarray, hyperbolic: np.ndarray) -> None:
    for j in range(len(x)):
        exponential[j] = elementary.exp(x[j])
        relative[j] = elementary.exprel(x[j])
        hyperbolic[j] = elementary.tanh(x[j])


def found_for(values: object, kind: type) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, exp, exprel, tanh."""
    x = np.array(values, dtype=kind)
    found = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    each(x, *found)
    return x, *found


@pytest.mark.parametrize(("kind", "largest"), [(np.float32, 87.0), (np.float64, 708.0)])
@pytest.mark.parametrize("span", [1e-8, 0.5, 3.0, 40.0, math.inf])
def test_errors_stay_within_units_of_the_last_place(kind: type, largest: float, span: float) -> None:
    span = min(span, largest)
    x, exponential, relative, hyperbolic = found_for(np.random.default_rng(0).uniform(-span, span, 20_000), kind)
    wide = x.astype(np.longdouble)
    exact_ones = (
        (exponential, np.exp(wide), 1.1),
        (relative, np.expm1(wide) / wide, 2.1),
        (hyperbolic, np.tanh(wide), 2.5),
    )
    for found, exact, units in exact_ones:
        place = np.spacing(np.abs(exact).astype(kind)).astype(np.longdouble)
        assert float(np.max(np.abs(found - exact) / place)) < units


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_ends_of_the_numbers(kind: type) -> None:
    last, least = math.log(float(np.finfo(kind).max)), math.log(float(np.finfo(kind).smallest_subnormal))
    x = [math.nan, math.inf, 2 * last, last + 0.01, last - 0.01, 0.0, -0.0, least - 1, -1000 * last, -math.inf]
    given, exponential, relative, hyperbolic = found_for(x, kind)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(exponential, np.exp(given), rtol=1e-5 if kind is np.float32 else 1e-12)
    assert exponential[5] == relative[5] == relative[6] == 1
    assert math.isnan(relative[0]) and relative[3] == math.inf and relative[-1] == 0
    assert math.isnan(hyperbolic[0]) and hyperbolic[1] == 1 and hyperbolic[-1] == -1
    assert math.copysign(1, hyperbolic[6]) == -1 and hyperbolic[6] == 0
    assert relative[8] == pytest.approx(1e-3 / last)


@pytest.mark.parametrize(("kind", "x"), [(np.float32, -95.0), (np.float64, -730.0)])
def test_underflow_is_gradual(kind: type, x: float) -> None:
    smallest = np.finfo(kind).smallest_subnormal
    _, exponential, *_ = found_for([x], kind)
    assert 0 < exponential[0] < np.finfo(kind).tiny
    assert abs(exponential[0] - np.exp(np.longdouble(kind(x)))) <= 1.5 * np.longdouble(smallest)


def test_without_a_compiler_they_are_the_mathematical_functions() -> None:
    assert elementary.exp(1.0) == math.e
    assert elementary.tanh(0.5) == math.tanh(0.5)
    assert elementary.exprel(0.0) == 1 and elementary.exprel(2.0) == math.expm1(2) / 2


@njit
def each_near(x: np.ndarray, found: np.ndarray) -> None:
    for j in range(len(x)):
        found[j] = elementary.exprel_near(x[j])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_exprel_of_a_small_argument(kind: type) -> None:
    x = np.linspace(elementary.LEAST, elementary.MOST, 20_001).astype(kind)
    found, wide = np.empty_like(x), x.astype(np.longdouble)
    each_near(x, found)
    exact = np.where(wide == 0, 1, np.expm1(wide) / np.where(wide == 0, 1, wide))
    assert float(np.max(np.abs(found - exact) / np.spacing(exact.astype(kind)).astype(np.longdouble))) < 2.1
    assert elementary.exprel_near(0.1) == elementary.exprel(0.1)
