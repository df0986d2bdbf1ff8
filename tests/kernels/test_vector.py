"""Sums in vector registers equal NumPy's, for both dtypes and any count."""

from collections.abc import Callable

import numpy as np
import pytest
from numba import njit

from ranvier.kernels.cpu import vector
from ranvier.kernels.cpu.vector import LANES, PANEL, ROWS, SHORT, WIDE

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])
COUNTS = [0, 1, SHORT - 1, SHORT, SHORT + 3, WIDE - 1, WIDE, WIDE + 1, WIDE + SHORT + 5, 3 * WIDE + 2 * SHORT + 1]


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    return njit(function)


@compiled
def add_rows(total, table, index, begin, end, shift):
    vector.add_rows(total, table, index, begin, end, shift)


@compiled
def add_scaled_rows(total, table, index, begin, end, shift, factor):
    vector.add_scaled_rows(total, table, index, begin, end, shift, factor)


@compiled
def add_products(total, table, factor, place):
    vector.add_products(total, table, factor, place)


@compiled
def add_stretch(target, to, source, start, count):
    vector.add_stretch(target, to, source, start, count)


@compiled
def add_stretch_scaled(target, to, source, start, count, factor):
    vector.add_stretch_scaled(target, to, source, start, count, factor)


@compiled
def largest(target, to, which, source, start, offset, count):
    vector.largest(target, to, which, source, start, offset, count)


@compiled
def list_eight(row, i, index, n):
    return vector.list_eight(row, i, index, n)


def random(dtype: type, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tolerance(dtype: type) -> float:
    return 1e-5 if dtype == np.float32 else 1e-12


@both
@pytest.mark.parametrize(("begin", "end", "shift"), [(0, 0, 0), (2, 1, 0), (0, 1, 0), (1, 6, 0), (2, 9, 3), (0, 9, -2)])
def test_rows_of_a_table_are_added(dtype: type, begin: int, end: int, shift: int) -> None:
    table, index = random(dtype, 12, LANES), np.array([2, 7, 2, 3, 8, 5, 5, 4, 6], np.int32)
    total = random(dtype, LANES + 1, seed=1)  # what lies behind must stay
    expected = total.copy()
    expected[:LANES] += table[index[begin:end] + shift].sum(0)
    add_rows(total, table.reshape(-1), index, begin, end, shift)
    np.testing.assert_allclose(total, expected, rtol=0, atol=tolerance(dtype) * 10)


@both
@pytest.mark.parametrize(("begin", "end", "shift"), [(0, 0, 0), (1, 2, 0), (2, 9, 3)])
def test_scaled_rows_of_a_table_are_added(dtype: type, begin: int, end: int, shift: int) -> None:
    table, index = random(dtype, 12, LANES), np.array([2, 7, 2, 3, 8, 5, 5, 4, 6], np.int32)
    factor, total = random(dtype, 9, seed=2), random(dtype, LANES + 1, seed=1)
    expected = total.copy()
    expected[:LANES] += (table[index[begin:end] + shift] * factor[begin:end, None]).sum(0)
    add_scaled_rows(total, table.reshape(-1), index, begin, end, shift, factor)
    np.testing.assert_allclose(total, expected, rtol=0, atol=tolerance(dtype) * 10)


@both
@pytest.mark.parametrize("inputs", [0, 1, 7])
@pytest.mark.parametrize("place", [0, LANES - PANEL, LANES, LANES + PANEL])
def test_products_of_several_rows_with_a_panel(dtype: type, inputs: int, place: int) -> None:
    table, factor = random(dtype, inputs, LANES), random(dtype, ROWS, inputs, seed=1)
    total = random(dtype, ROWS, 2 * LANES, seed=2)
    expected, lane = total.copy(), place % LANES
    expected[:, place : place + PANEL] += factor @ table[:, lane : lane + PANEL]
    add_products(total, table.reshape(-1), factor, place)
    np.testing.assert_allclose(total, expected, rtol=0, atol=tolerance(dtype) * 10)


@both
@pytest.mark.parametrize("count", COUNTS)
def test_a_stretch_of_any_length_is_added(dtype: type, count: int) -> None:
    source, target = random(dtype, count + 9), random(dtype, count + 9, seed=1)
    for factor in (None, -1.5):
        expected, found = target.copy(), target.copy()
        expected[3 : 3 + count] += (1 if factor is None else factor) * source[5 : 5 + count]
        if factor is None:
            add_stretch(found, 3, source, 5, count)
        else:
            add_stretch_scaled(found, 3, source, 5, count, dtype(factor))
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance(dtype))


@both
@pytest.mark.parametrize("count", [1, SHORT - 1, SHORT, SHORT + 1, 2 * SHORT, 2 * SHORT + 5])
@pytest.mark.parametrize("places", [1, 2, 5])
def test_the_largest_and_the_first_place_that_holds_it(dtype: type, count: int, places: int) -> None:
    rng = np.random.default_rng(0)
    source = rng.integers(-2, 3, 200).astype(dtype)  # with many ties
    offset = rng.permutation(100)[:places].astype(np.int64)
    target, which = np.full(count + 4, 9, dtype), np.full(count + 4, 77, np.uint8)
    largest(target, 2, which, source, 11, offset, count)
    window = np.stack([source[11 + o : 11 + o + count] for o in offset])
    assert (target[2 : 2 + count] == window.max(0)).all() and (which[2 : 2 + count] == window.argmax(0)).all()
    assert (target[[0, 1, -2, -1]] == 9).all() and (which[[0, 1, -2, -1]] == 77).all()


@both
@pytest.mark.parametrize("count", [3, SHORT + 2])
def test_no_number_is_larger_than_any_number(dtype: type, count: int) -> None:
    """As in torch: a NaN wins, the last one if there are several."""
    for where, chosen in (([0], 0), ([1], 1), ([2], 2), ([0, 2], 2)):
        source = random(dtype, 3, count)
        source[where] = np.nan
        target, which = np.zeros(count, dtype), np.zeros(count, np.uint8)
        largest(target, 0, which, source.reshape(-1), 0, np.arange(3) * count, count)
        assert np.isnan(target).all() and (which == chosen).all()


def test_places_of_the_ones_among_eight_bytes() -> None:
    """Every pattern; what lies before and behind the eight entries stays."""
    for bits in range(256):
        row = np.ones(14, np.uint8)
        row[3:11] = [bits >> k & 1 for k in range(8)]
        index = np.full(12, -1, np.int32)
        end = list_eight(row, 3, index, 2)
        expected = [3 + k for k in range(8) if bits >> k & 1]
        assert end == 2 + len(expected) and index[2:end].tolist() == expected
        assert (index[:2] == -1).all() and (index[10:] == -1).all()
