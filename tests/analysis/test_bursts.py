import math
from typing import Any

import numpy as np
import pytest

from ranvier.analysis import bursts

LIMITS: dict[str, Any] = {"max_begin": 0.1, "max_end": 0.2, "min_between": 0.0, "min_duration": 0.0, "min_spikes": 2}


def found(intervals: list[float], **limits: Any) -> list[list[int]]:
    times = np.cumsum([0.0, *intervals])
    return bursts(times, **{**LIMITS, **limits}).tolist()


def test_a_burst_begins_with_a_short_interval_and_goes_on_with_longer_ones() -> None:
    assert found([0.5, 0.15, 0.05, 0.15, 0.15, 0.5, 0.05]) == [[2, 6], [6, 8]]
    assert found([0.15, 0.15, 0.15]) == []
    assert found([0.0625, 0.125], max_begin=0.0625, max_end=0.125) == [[0, 3]]  # limits included


def test_near_bursts_are_one() -> None:
    intervals = [0.05, 0.05, 0.25, 0.05, 0.6, 0.05]
    assert found(intervals) == [[0, 3], [3, 5], [5, 7]]
    assert found(intervals, min_between=0.3) == [[0, 5], [5, 7]]
    assert found(intervals, min_between=1.0) == [[0, 7]]


def test_short_and_small_bursts_are_dropped() -> None:
    intervals = [0.05, 0.05, 0.5, 0.01, 0.01, 0.01, 0.5, 0.09]
    assert found(intervals) == [[0, 3], [3, 7], [7, 9]]
    assert found(intervals, min_spikes=3) == [[0, 3], [3, 7]]
    assert found(intervals, min_duration=0.08) == [[0, 3], [7, 9]]


def test_few_spikes_hold_no_burst() -> None:
    for train in ([], [0.1], [0.1, 0.5]):
        assert bursts(train).shape == (0, 2) and bursts(train).dtype == np.int64


def test_refusals() -> None:
    for limit in ("max_begin", "max_end", "min_between", "min_duration"):
        with pytest.raises(ValueError, match=f"bursts: {limit} must be 0 s or above, got nan"):
            found([], **{limit: math.nan})
    for count in (1, 2.5, True):
        with pytest.raises(ValueError, match="bursts: min_spikes must be an int of 2 or more, got"):
            found([], min_spikes=count)
    with pytest.raises(ValueError, match="bursts: times must be sorted"):
        bursts([1.0, 0.0])
