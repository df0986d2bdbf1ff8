"""Index lists: the same spikes as the dense table, at every density and width."""

import numpy as np
import pytest

from ranvier.kernels.cpu import threads
from ranvier.kernels.cpu.lists import CHUNK, Lists, densify, of_mask, of_values, remap


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call may split its rows, whatever the work."""
    monkeypatch.setattr(threads, "LEAST", 1)


def mask_of(shape: tuple[int, int], density: float | str, seed: int = 0) -> np.ndarray:
    if density == "one":
        mask = np.zeros(shape, np.uint8)
        mask[-1, -1] = 1
        return mask
    return (np.random.default_rng(seed).random(shape) < density).astype(np.uint8)


def rows_of(found: Lists) -> list[list[int]]:
    return [found.index[a:b].tolist() for a, b in zip(found.start, found.start[1:], strict=False)]


def places(mask: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in mask]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (4, 8), (5, 9), (2, 63), (7, 130)])
@pytest.mark.parametrize("density", [0.0, "one", 0.02, 0.5, 1.0])
def test_lists_of_a_mask_name_its_ones(shape: tuple[int, int], density: float | str) -> None:
    mask = mask_of(shape, density)
    found = of_mask(mask)
    assert rows_of(found) == places(mask) and found.index.dtype == np.int32
    assert (found.rows, found.inputs, found.count) == (*shape, int(mask.sum()))
    assert found.density == pytest.approx(mask.mean())


@pytest.mark.parametrize("width", range(1, 27))
def test_eight_bytes_at_once_miss_no_spike(width: int) -> None:
    """One spike at each place in turn, alone and with a last one behind it."""
    for both in (False, True):
        mask = np.eye(width, dtype=np.uint8)
        mask[:, -1] |= both
        assert rows_of(of_mask(mask)) == places(mask)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("density", [0.0, "one", 0.3, 1.0])
def test_lists_of_values_are_those_of_the_mask(dtype: type, density: float | str) -> None:
    mask = mask_of((6, 21), density)
    found = of_values(mask.astype(dtype))
    assert found is not None and rows_of(found) == places(mask)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("odd", [2.0, -1.0, 0.5, np.nan, np.inf, np.nextafter(np.float32(1), np.float32(2)), 1e-30])
@pytest.mark.parametrize("row", [0, 3, 5])
def test_values_that_are_no_spikes_have_no_lists(odd: float, row: int, dtype: type) -> None:
    x = mask_of((6, 21), 0.2).astype(dtype)
    x[row, 20] = odd
    assert of_values(x) is None


def test_a_negative_zero_is_silence() -> None:
    found = of_values(np.array([[-0.0, 1.0, 0.0]]))
    assert found is not None and rows_of(found) == [[1]]


def test_more_than_the_densest_share_has_no_lists() -> None:
    x = np.zeros((4, 10))
    x[:, :3] = 1
    for densest, sparse in ((0.31, True), (0.3, True), (0.29, False), (0.0, False)):
        assert (of_values(x, densest) is not None) == sparse, densest
    assert of_values(np.zeros((4, 10)), 0.0) is not None


def test_no_rows_have_no_lists() -> None:
    assert of_values(np.zeros((0, 4))) is None


@pytest.mark.parametrize("density", [0.0, "one", 0.2, 1.0])
@pytest.mark.parametrize("rows", [1, 7, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3])
def test_transposed_lists_name_the_rows_of_each_input(rows: int, density: float | str) -> None:
    mask = mask_of((rows, 5), density)
    start, row = of_mask(mask).transposed
    assert start.shape[0] == -(-rows // CHUNK) and len(row) == mask.sum()
    for c in range(start.shape[0]):
        part = mask[c * CHUNK : (c + 1) * CHUNK]
        for i in range(5):
            assert row[start[c, i] : start[c, i + 1]].tolist() == np.flatnonzero(part[:, i]).tolist()


def test_a_part_of_longer_lists_is_transposed_from_its_own_first_row() -> None:
    mask = mask_of((9, 6), 0.4)
    whole = of_mask(mask)
    part = Lists(whole.start[4:8], whole.index, 6)
    assert part.count == mask[4:7].sum() and part.density == pytest.approx(mask[4:7].mean())
    start, row = part.transposed
    for i in range(6):
        assert row[start[0, i] : start[0, i + 1]].tolist() == np.flatnonzero(mask[4:7, i]).tolist()


def test_remap_moves_drops_and_joins() -> None:
    found = of_mask(np.array([[1, 1, 0, 1], [0, 0, 0, 0], [1, 0, 1, 1]], np.uint8))
    table = np.array([[2, -1, 0, 2]], np.int32)
    moved = remap(found, table, 3)
    assert rows_of(moved) == [[2, 2], [], [2, 0, 2]] and moved.inputs == 3
    assert densify(moved, 0.5, np.float64).tolist() == [[0, 0, 1], [0, 0, 0], [0.5, 0, 1]]
    assert rows_of(remap(found, np.full((1, 4), -1, np.int32), 3)) == [[], [], []]


def test_remap_takes_the_table_of_the_sample() -> None:
    """Rows are (t, b): row r belongs to sample r % batch."""
    found = of_mask(np.ones((6, 2), np.uint8))
    table = np.array([[0, -1], [1, 0], [-1, -1]], np.int32)
    assert rows_of(remap(found, table, 2, batch=3)) == [[0], [1, 0], []] * 2
    assert rows_of(remap(found, table[:1], 2, batch=3)) == [[0]] * 6


def test_remap_of_a_part_of_longer_lists() -> None:
    whole = of_mask(mask_of((9, 6), 0.4))
    part = Lists(whole.start[4:8], whole.index, 6)
    moved = remap(part, np.arange(6, dtype=np.int32)[None, ::-1].copy(), 6)
    assert moved.start[0] == 0 and rows_of(moved) == [[5 - i for i in row] for row in rows_of(part)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("density", [0.0, "one", 0.3, 1.0])
def test_dense_values_are_scale_times_the_number_of_events(dtype: type, density: float | str) -> None:
    mask = mask_of((5, 11), density)
    found = densify(of_mask(mask), 0.25, dtype)
    assert found.dtype == dtype and (found == 0.25 * mask).all()
