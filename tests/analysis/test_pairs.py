"""What all distances have in common."""

import doctest
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.analysis import (
    isi_distance,
    isi_distance_matrix,
    spike_distance,
    spike_distance_matrix,
    spike_synchronization,
    spike_synchronization_matrix,
    van_rossum,
    van_rossum_matrix,
    victor_purpura,
    victor_purpura_matrix,
)
from ranvier.kernels.cpu import threads

WINDOW = {"start": -0.5, "stop": 1.0}
CASES = {
    "victor_purpura": (victor_purpura, victor_purpura_matrix, {"cost": 20.0}),
    "victor_purpura, free moves": (victor_purpura, victor_purpura_matrix, {"cost": 0.0}),
    "victor_purpura, no moves": (victor_purpura, victor_purpura_matrix, {"cost": math.inf}),
    "van_rossum": (van_rossum, van_rossum_matrix, {"tau": 0.03}),
    "van_rossum, coincidences": (van_rossum, van_rossum_matrix, {"tau": 0.0}),
    "van_rossum, counts": (van_rossum, van_rossum_matrix, {"tau": math.inf}),
    "isi_distance": (isi_distance, isi_distance_matrix, WINDOW),
    "spike_distance": (spike_distance, spike_distance_matrix, WINDOW),
}
SYNCHRONIZATION = {"spike_synchronization": (spike_synchronization, spike_synchronization_matrix, WINDOW)}


def each(cases: dict[str, Any]) -> Any:
    return pytest.mark.parametrize(("of_two", "of_all", "options"), cases.values(), ids=cases.keys())


METRICS = {name: case for name, case in CASES.items() if name != "spike_distance"}
WINDOWED = {name: case for name, case in {**CASES, **SYNCHRONIZATION}.items() if case[2] is WINDOW}
SCALED = {name: case for name, case in CASES.items() if case[2] is not WINDOW}

# A grid, so that spikes coincide and touch the edges; the times are exact in binary.
train = st.lists(st.integers(-64, 128), unique=True, max_size=9).map(lambda times: np.sort(times) / 128)
few = settings(deadline=None, max_examples=20)


@each(CASES)
@few
@given(a=train, b=train, c=train)
def test_distances_are_symmetric_and_zero_to_themselves(
    of_two: Callable[..., float], of_all: Any, options: dict[str, float], a: Any, b: Any, c: Any
) -> None:
    matrix = of_all([a, b, c], **options)
    assert matrix.shape == (3, 3) and matrix.dtype == np.float64
    assert (matrix == matrix.T).all() and (np.diag(matrix) == 0).all() and (matrix >= 0).all()
    assert of_two(a, b, **options) == matrix[0, 1] == pytest.approx(of_two(b, a, **options), abs=1e-12)
    assert of_two(a, a.copy(), **options) == 0.0


@each(WINDOWED)
@few
@given(a=train, b=train)
def test_what_has_no_scale_is_at_most_one(of_two: Any, of_all: Any, options: dict[str, float], a: Any, b: Any) -> None:
    assert 0.0 <= of_two(a, b, **options) <= 1.0 + 1e-12
    assert of_all([a, b], **options).max() <= 1.0 + 1e-12


@each(METRICS)
@few
@given(a=train, b=train, c=train)
def test_metrics_obey_the_triangle_inequality(
    of_two: Any, of_all: Any, options: dict[str, float], a: Any, b: Any, c: Any
) -> None:
    d = of_all([a, b, c], **options)
    assert d[0, 2] <= d[0, 1] + d[1, 2] + 1e-12


def test_the_spike_distance_is_no_metric() -> None:
    d = spike_distance_matrix([[0.875], [0.0, 0.4375, 0.875], [0.4375]], stop=1.0)
    assert d[0, 2] > d[0, 1] + d[1, 2] + 0.2


@each({**CASES, **SYNCHRONIZATION})
@few
@given(a=train, b=train)
def test_only_time_differences_count(of_two: Any, of_all: Any, options: dict[str, float], a: Any, b: Any) -> None:
    later = {name: value + 4.0 if name in WINDOW else value for name, value in options.items()}
    assert of_two(a + 4.0, b + 4.0, **later) == pytest.approx(of_two(a, b, **options), abs=1e-12)
    mirrored = {"start": -1.0, "stop": 0.5} if options is WINDOW else options
    assert of_two(-a[::-1], -b[::-1], **mirrored) == pytest.approx(of_two(a, b, **options), abs=1e-12)


@each({**CASES, **SYNCHRONIZATION})
def test_the_matrix_does_not_depend_on_threads_and_holds_all_pairs(
    of_two: Any, of_all: Any, options: dict[str, float]
) -> None:
    random = np.random.default_rng(3)
    trains = [np.sort(random.uniform(-0.5, 1.0, n)) for n in (*random.integers(0, 160, 37), 0, 1, 2)]
    assert len(trains) * sum(map(len, trains)) > 2 * threads.LEAST  # worth two threads
    alone = of_all(trains, **options)
    torch.set_num_threads(2)
    try:
        shared = of_all(trains, **options)
    finally:
        torch.set_num_threads(1)
    assert np.array_equal(alone, shared)
    for i, j in ((0, 1), (3, 21), (38, 39), (37, 39), (5, 37)):
        assert alone[i, j] == of_two(trains[i], trains[j], **options)


@each({**CASES, **SYNCHRONIZATION})
def test_lists_arrays_and_tensors_are_the_same(of_two: Any, of_all: Any, options: dict[str, float]) -> None:
    a, b = [0.0, 0.25, 0.5], [0, 1]
    expected = of_two(a, b, **options)
    assert of_two(np.array(a, np.float32), torch.tensor(b), **options) == expected
    assert of_two(torch.tensor(a, dtype=torch.float64, requires_grad=True), np.array(b), **options) == expected
    assert of_all([a, np.array(b)], **options)[0, 1] == expected
    assert of_all([], **options).shape == (0, 0) and of_all([a], **options).shape == (1, 1)


@each({**CASES, **SYNCHRONIZATION})
def test_what_is_no_train_is_refused(of_two: Any, of_all: Any, options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"a must be sorted, got 0.5 s before 0.2 s at \[1\]. Use np.sort\(a\)"):
        of_two([0.1, 0.5, 0.2], [], **options)
    with pytest.raises(ValueError, match=r"b must hold finite times, got nan at \[1\]"):
        of_two([], [0.1, math.nan], **options)
    with pytest.raises(ValueError, match=r"b must hold finite times, got inf at \[0\]"):
        of_two([], [math.inf], **options)
    with pytest.raises(ValueError, match=r"a must be one list of seconds, got shape \(1, 2\)"):
        of_two([[0.1, 0.2]], [], **options)
    with pytest.raises(TypeError, match="a must be numbers"):
        of_two(["early"], [], **options)
    with pytest.raises(ValueError, match=r"trains\[1\] must be sorted, got 1 s before 0 s at \[0\]"):
        of_all([[], [1.0, 0.0]], **options)
    for given_ in (np.zeros((2, 3)), torch.zeros(2, 3), 3.0):
        with pytest.raises(TypeError, match="trains must be a list of spike trains, got .* Use .* or spike_trains"):
            of_all(given_, **options)


@each(WINDOWED)
def test_the_window_is_checked(of_two: Any, of_all: Any, options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a must hold each time once, got 0.5 s twice"):
        of_two([0.5, 0.5], [], **options)
    with pytest.raises(ValueError, match=r"spikes must lie in \[-0.5, 1\] s, got 0.5 to 1.25 s. Give the window"):
        of_all([[], [0.5, 1.25]], **options)
    for start, stop in ((0.0, 0.0), (1.0, 0.0), (math.nan, 1.0), (0.0, math.inf)):
        with pytest.raises(ValueError, match="the window must begin before it ends, got start="):
            of_two([], [], start=start, stop=stop)


@each(SCALED)
def test_the_scale_is_checked(of_two: Any, of_all: Any, options: dict[str, float]) -> None:
    name = next(iter(options))
    for value in (-1.0, math.nan):
        with pytest.raises(ValueError, match=f"{name} must be 0 .* or above, got {value}. Use for example {name}="):
            of_two([], [], **{name: value})
        with pytest.raises(ValueError, match=f"_matrix: {name} must be 0"):
            of_all([[], []], **{name: value})


@pytest.mark.parametrize(
    "module",
    [
        "trains", "distances.victor_purpura", "distances.van_rossum", "distances.isi_distance",
        "distances.spike_distance", "statistics.bursts",
    ],
)  # fmt: skip
def test_examples_run(module: str) -> None:
    done = doctest.testmod(importlib.import_module(f"ranvier.analysis.{module}"))
    assert done.attempted > 0 and done.failed == 0
