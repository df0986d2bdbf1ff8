"""Traces: the membrane with its spikes, other states, the input, plain values."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.instruments import Step, membrane_trace
from ranvier.plotting.plot_trace import trace as draw
from ranvier.units import NAMED, ms


@pytest.fixture(scope="module")
def recording():
    return membrane_trace(rv.LIF(), Step(2.0, start=0.05), duration=0.2)


def test_a_membrane_rises_to_where_it_fired_and_falls(recording) -> None:
    ax = rv.plot.trace(recording)
    x, y = ax.lines[0].get_data()
    assert y.max() == pytest.approx(1.0) and recording.v.max() < 1.0
    assert np.count_nonzero(np.isclose(y, 1.0)) == len(recording.spikes)
    assert len(x) == len(recording.times) + len(recording.spikes) and (np.diff(x) >= 0).all()
    assert ax.get_ylabel() == "v (V)" and ax.get_xlabel() == "time (ms)" and ax.get_xlim() == (0.0, 200.0)


def test_spikes_are_marked_above(recording) -> None:
    ax = rv.plot.trace(recording)
    segments = np.array(ax.collections[0].get_segments())
    assert segments[:, 0, 0] == pytest.approx(recording.spikes / ms) and segments[:, :, 1].min() > 1.0
    assert not rv.plot.trace(recording, marks=False).collections


def test_a_membrane_without_reset_is_drawn_as_it_is() -> None:
    silent = membrane_trace(rv.LI(backend="eager"), 1.0, duration=0.05)
    assert np.array_equal(rv.plot.trace(silent).lines[0].get_ydata(), silent.v)


def test_the_input_is_a_staircase_that_shows_zero(recording) -> None:
    ax = rv.plot.trace(recording, "input")
    assert ax.lines[0].get_drawstyle() == "steps-post" and ax.get_ylabel() == "input (A)"
    assert ax.get_ylim()[0] <= 0 < 2 < ax.get_ylim()[1] and not ax.collections


def test_states_of_one_dimension_share_axes() -> None:
    two = membrane_trace(rv.AdaptiveLIF(backend="eager"), 2.0, duration=0.1)
    ax = rv.plot.trace(two, "v", "b")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["v", "b"] and ax.get_ylabel() == "v, b (V)"
    with pytest.raises(
        ValueError, match=r"trace: what shares an axis must have one dimension, got v \(voltage\), input \(current\)"
    ):
        rv.plot.trace(two, "v", "input")
    with pytest.raises(ValueError, match="trace: w was not recorded. There are: v, b, input."):
        rv.plot.trace(two, "w")


def test_plain_values_need_a_time_step() -> None:
    run = rv.LI(backend="eager").run(torch.rand(30, 1, 4), record=("v",))
    ax = rv.plot.trace(run.records["v"][:, 0], dt=2 * ms)
    assert len(ax.lines) == 4 and ax.lines[0].get_xdata()[0] == pytest.approx(2.0) and ax.get_ylabel() == "value (mV)"
    one = rv.plot.trace([0.1, 0.2], "gate", dt=1 * ms, dimension=NAMED["dimensionless"])
    assert one.get_ylabel() == "gate" and one.get_legend() is None
    with pytest.raises(ValueError, match="trace: values need the time step in seconds, got dt=None"):
        rv.plot.trace([1.0])
    with pytest.raises(ValueError, match=r"trace: values must have shape \[T\] or \[T, K\], got \(2, 2, 2\)"):
        draw(np.zeros((2, 2, 2)), dt=1 * ms)
    with pytest.raises(ValueError, match="trace: 1 names for 2 columns"):
        draw(np.zeros((3, 2)), "a", dt=1 * ms)
