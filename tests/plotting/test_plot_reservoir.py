"""Reservoirs as drawn."""

import numpy as np
import pytest

import ranvier as rv


def test_states_are_drawn_units_down_time_across() -> None:
    values = np.random.default_rng(0).normal(size=(9, 4))
    ax = rv.plot.states(values)
    assert np.array_equal(ax.images[0].get_array(), values.T) and ax.get_ylabel() == "unit"


def test_eigenvalues_stand_in_the_complex_plane_with_the_unit_circle() -> None:
    values = np.array([0.5 + 0.5j, 0.5 - 0.5j])
    circle, points = rv.plot.eigenvalues(values).lines
    assert np.hypot(*circle.get_data()) == pytest.approx(1.0) and points.get_ydata().tolist() == [0.5, -0.5]


def test_memory_curves_share_axes() -> None:
    ax = rv.plot.memory_curve([1.0, 0.5], label="one")
    assert rv.plot.memory_curve([0.9, 0.2], ax=ax) is ax
    assert [line.get_ydata()[1] for line in ax.lines] == [0.5, 0.2] and ax.lines[0].get_color() != ax.lines[
        1
    ].get_color()


def test_the_attractor_of_a_run_lies_over_the_true_one() -> None:
    true = np.random.default_rng(0).normal(size=(30, 3))
    ax = rv.plot.attractor(true, true + 1, variables=(0, 2))
    assert np.array_equal(ax.lines[1].get_xdata(), true[:, 0] + 1) and ax.get_ylabel() == "variable 2"
    flat = rv.plot.attractor(np.arange(9.0), np.arange(9.0), delay=2)
    assert (flat.lines[0].get_xdata() - flat.lines[0].get_ydata() == 2).all() and flat.get_ylabel() == "y(t - 2)"


def test_refusals() -> None:
    with pytest.raises(ValueError, match="attractor: a flat series needs a delay"):
        rv.plot.attractor(np.arange(9.0), np.arange(9.0))
    with pytest.raises(ValueError, match=r"states: must have shape \[T, N\], got \(3,\)"):
        rv.plot.states(np.zeros(3))
    with pytest.raises(ValueError, match="memory_curve: NaN or inf in 1 of 2 values"):
        rv.plot.memory_curve([1.0, np.nan])
