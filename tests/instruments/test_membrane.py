"""Membrane traces against closed forms."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.equations import NoReset
from ranvier.instruments import Step, membrane_trace
from ranvier.units import NAMED, ms


def test_a_step_charges_the_membrane_exponentially_and_lets_it_go() -> None:
    trace = membrane_trace(rv.LIF(), Step(0.8, start=50 * ms, stop=150 * ms), duration=0.3)
    t = trace.times
    up = 0.8 * -np.expm1(-(t - 0.05) / 0.02)
    down = 0.8 * -np.expm1(-0.1 / 0.02) * np.exp(-(t - 0.15) / 0.02)
    expected = np.where(t <= 0.05, 0.0, np.where(t <= 0.15, up, down))
    assert trace.v == pytest.approx(expected, abs=1e-12)
    assert trace.times.shape == (301,) and trace.current.shape == (300,)
    assert trace.rate == 0 and not len(trace.spikes)
    assert trace.dimensions == {"v": NAMED["voltage"], "input": NAMED["current"]}


def test_a_spike_stands_where_its_step_begins_with_the_level_it_was_fired_at() -> None:
    trace = membrane_trace(rv.LIF(dt=0.1 * ms), 1.5, duration=0.1)
    first = 0.02 * np.log(1.5 / 0.5)  # when r i (1 - exp(-t/tau)) reaches 1
    assert trace.spikes[0] == pytest.approx(first, abs=0.1 * ms)
    k = round(trace.spikes[0] / trace.dt)
    assert trace.v[k] < 1.0 and trace.v[k + 1] == 0.0
    assert trace.levels == pytest.approx(np.ones(len(trace.spikes)))
    assert trace.rate == pytest.approx(len(trace.spikes) / 0.1)


def test_levels_follow_an_adaptive_threshold() -> None:
    trace = membrane_trace(rv.AdaptiveLIF(backend="eager"), 2.0, duration=0.2)
    steps = np.rint(trace.spikes / trace.dt).astype(int)
    assert len(steps) > 3
    assert trace.levels == pytest.approx(1 + trace.states["b"][steps])


def test_no_reset_no_level() -> None:
    trace = membrane_trace(rv.LIF(reset=NoReset(), backend="eager"), 2.0, duration=0.05)
    assert len(trace.spikes) and np.isnan(trace.levels).all()


def test_it_may_begin_anywhere_and_records_a_readout() -> None:
    trace = membrane_trace(rv.LI(backend="eager"), 0.0, duration=0.02, start={"v": 1.0})
    assert trace.v == pytest.approx(np.exp(-trace.times / 0.02)) and not len(trace.spikes)
    with pytest.raises(ValueError, match="membrane_trace: LIF has no state u. It has: v."):
        membrane_trace(rv.LIF(), 0.0, start={"u": 1.0})
