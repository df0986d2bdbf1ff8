"""Benchmarks against their definitions, step by step."""

import warnings

import numpy as np
import pytest

from ranvier.reservoirs import tasks


def test_mackey_glass_is_eulers_with_steps_of_a_tenth_and_its_own_past() -> None:
    """Steps of 1, or a delayed value held over a step, give another series."""
    found = tasks.mackey_glass(30, seed=2, discard=0)
    y = list(1.2 + 0.1 * np.random.default_rng(2).normal(size=171))
    for k in range(170, 170 + 290):
        y.append(y[k] + 0.1 * (0.2 * y[k - 170] / (1 + y[k - 170] ** 10) - 0.1 * y[k]))
    assert found == pytest.approx(np.array(y[170::10]), abs=1e-14)
    assert np.array_equal(tasks.mackey_glass(20, seed=2, discard=10), found[10:])
    long = tasks.mackey_glass(2000)
    assert 0.2 < long.min() < 0.5 and 1.2 < long.max() < 1.5
    assert tasks.unsquashed(tasks.squashed(long)) == pytest.approx(long, abs=1e-12)
    assert np.isfinite(tasks.unsquashed(np.array([-2.0, 2.0]))).all()
    with pytest.raises(ValueError, match="1 and tau must be multiples of step, got tau 17 and step 0.3"):
        tasks.mackey_glass(5, tau=17, step=0.3)


@pytest.mark.parametrize(("order", "a", "b", "c"), [(10, 0.3, 0.05, 0.1), (30, 0.2, 0.04, 0.001)])
def test_narma_sums_from_y_of_t_and_takes_u_of_t_minus_n_plus_1(order: int, a: float, b: float, c: float) -> None:
    """One step off in either index is another system."""
    u, target = tasks.narma(order, 80, seed=5)
    y = np.r_[0.0, target]  # y(0), y(1), ...
    for t in range(order, 79):
        expected = a * y[t] + b * y[t] * sum(y[t - i] for i in range(order)) + 1.5 * u[t - order + 1] * u[t] + c
        assert target[t] == pytest.approx(expected, abs=1e-14)
    assert u.min() >= 0 and u.max() <= 0.5


def test_narma_that_escapes_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="narma: order must be 10 or 30, got 20"):
        tasks.narma(20, 5)

    class Wild:
        calls = 0

        def __init__(self, seed: object) -> None:
            pass

        def uniform(self, low: float, high: float, size: int) -> np.ndarray:
            Wild.calls += 1
            return np.full(size, 5.0 if Wild.calls < 3 else 0.1)

    monkeypatch.setattr(tasks.np.random, "default_rng", Wild)
    with pytest.warns(UserWarning, match="the series of seed 0 escaped 2 times and was drawn anew"):
        tasks.narma(10, 200)
    monkeypatch.setattr(Wild, "calls", -1000)
    with pytest.raises(ValueError, match="the series escaped in 100 draws of 200 steps"):
        tasks.narma(10, 200)


def test_lorenz_solves_its_equations() -> None:
    v = tasks.lorenz(5, dt=1e-3, start=[1.0, 2.0, 20.0])
    slope = (v[2] - v[0]) / 2e-3
    x, y, z = v[1]
    assert slope == pytest.approx([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], rel=1e-4)
    series = tasks.lorenz(200, dt=0.05, seed=1, discard=10)
    assert series.shape == (200, 3) and 10 < series[:, 2].mean() < 40
    assert np.array_equal(tasks.lorenz(1, discard=0, seed=3), tasks.lorenz(9, discard=0, seed=3)[:1])


def test_errors_divide_by_what_the_literature_divides_by() -> None:
    y, output = np.array([0.0, 1.0, 2.0, 5.0]), np.array([0.0, 1.0, 2.0, 3.0])
    assert tasks.nmse(y, output) == pytest.approx(1.0 / y.var())
    assert tasks.nrmse(y, output) == pytest.approx(1.0 / y.std()), "not the range, not the variance"
    with pytest.raises(ValueError, match="nmse: y is constant"):
        tasks.nmse(np.ones(3), np.ones(3))


def test_nrmse84_compares_the_84th_free_step() -> None:
    series = np.sin(np.arange(400) * 0.1)
    asked = []

    def run(warm: np.ndarray, steps: int) -> np.ndarray:
        asked.append((warm, steps))
        begins = [int(np.flatnonzero(series == w[0])[0]) for w in warm]
        true = np.stack([series[b + 100 : b + 184] for b in begins])
        true[:, :83] = 99.0  # of no account
        return true + 0.1

    found = tasks.nrmse84(run, series, starts=7, lead=100)
    assert found == pytest.approx(0.1 / series.std()) and asked[0][0].shape == (7, 100) and asked[0][1] == 84
    with pytest.raises(ValueError, match=r"series must have at least lead \+ horizon = 1084 values, got 400"):
        tasks.nrmse84(run, series)


def test_valid_time_ends_where_the_joint_error_first_passes_the_threshold() -> None:
    true = np.random.default_rng(0).normal(size=(50, 3))
    size = np.sqrt(np.square(true - true.mean(0)).sum(1).mean())
    run = true.copy()
    run[20, 1] += 0.6 * size
    assert tasks.valid_time(true, run, dt=0.1, threshold=0.5, exponent=2.0) == pytest.approx(20 * 0.1 * 2)
    assert tasks.valid_time(true, run, dt=0.1, threshold=0.7, exponent=1.0) == pytest.approx(5.0)
    run[3] = np.nan
    assert tasks.valid_time(true, run, dt=1.0, threshold=0.7, exponent=1.0) == 3


def test_memory_task_is_the_past() -> None:
    u, past = tasks.memory_task(6, 2, seed=1)
    assert np.array_equal(past[:, 0], u) and past[:, 2].tolist() == [0, 0, *u[:4]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.abs(u).max() <= 1
