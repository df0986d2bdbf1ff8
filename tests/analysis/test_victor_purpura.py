import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.analysis import victor_purpura
from ranvier.units import ms

A, B = np.array([10, 20, 30]) * ms, np.array([12, 24, 30]) * ms
times = st.lists(st.integers(0, 30), max_size=8).map(lambda x: np.sort(x) / 64)  # repeated times too


def table(a: Any, b: Any, cost: float) -> float:
    """The recursion over both trains, as it is defined."""
    g = np.add.outer(np.arange(len(a) + 1.0), np.arange(len(b) + 1.0))
    for i, j in np.ndindex(len(a), len(b)):
        shift = abs(a[i] - b[j])
        move = cost * shift if shift else 0.0
        g[i + 1, j + 1] = min(g[i, j + 1] + 1, g[i + 1, j] + 1, g[i, j] + move)
    return g[-1, -1]


@pytest.mark.parametrize(("cost", "expected"), [(0.1, 0.6), (1.0, 4.0), (0.0, 0.0), (math.inf, 4.0)])
def test_golden(cost: float, expected: float) -> None:
    assert victor_purpura(A, B, cost=cost / ms) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(a=times, b=times, cost=st.sampled_from((0.0, 0.5, 3.0, 17.0, 64.0, 128.0, 1000.0, math.inf)))
def test_it_is_the_recursion(a: Any, b: Any, cost: float) -> None:
    assert victor_purpura(a, b, cost=cost) == pytest.approx(table(a, b, cost), abs=1e-12)


def test_long_trains_with_few_and_many_spikes_within_reach() -> None:
    random = np.random.default_rng(0)
    a, b = (np.sort(random.uniform(0, 10, n)) for n in (151, 120))
    for cost in (0.01, 1.0, 20.0, 300.0):
        assert victor_purpura(a, b, cost=cost) == pytest.approx(table(a, b, cost), abs=1e-10)


def test_limits_and_silence() -> None:
    assert victor_purpura([0.1, 0.2, 0.3], [0.7], cost=0.0) == 2.0
    assert victor_purpura([0.1, 0.2, 0.3], [0.2, 0.31], cost=math.inf) == 3.0  # one coincidence saves both its spikes
    assert victor_purpura([0.1, 0.2], [], cost=5.0) == victor_purpura([], [0.1, 0.2], cost=5.0) == 2.0
    assert victor_purpura([], [], cost=5.0) == 0.0
    assert victor_purpura([0.1], [0.1 + 1e-12], cost=math.inf) == 2.0
