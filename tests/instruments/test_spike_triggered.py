"""Spike-triggered averages: a shape that is known, and reverse correlation under noise."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.instruments import Noise, Pulses, membrane_trace, spike_triggered_average
from ranvier.units import NAMED, ms


def test_what_is_always_the_same_is_the_average() -> None:
    """One pulse, one spike: the average is the pulse, without spread."""
    trace = membrane_trace(rv.LIF(), Pulses(6.0, width=4 * ms, period=100 * ms, start=50 * ms), duration=0.5)
    assert len(trace.spikes) == 5
    shape = spike_triggered_average(trace, before=10 * ms, after=20 * ms)
    k = round(trace.spikes[0] / trace.dt)
    assert shape.count == 5 and shape.lags[0] == pytest.approx(-10 * ms) and len(shape.lags) == 31
    assert shape.current.tolist() == trace.current[k - 10 : k + 21].tolist()
    assert shape.membrane == pytest.approx(trace.v[k - 10 : k + 21], abs=1e-4)
    assert shape.membrane_std.max() < 1e-2
    assert shape.membrane[10] > 0.5 and shape.membrane[11] == 0.0, "before and after the reset"


def test_noise_rises_before_a_spike_and_knows_nothing_after_it() -> None:
    trace = membrane_trace(rv.LIF(), Noise(0.9, 1.0, tau=0.0, seed=1), duration=60.0)
    shape = spike_triggered_average(trace, before=60 * ms, after=30 * ms)
    last, after, long_ago = shape.current[shape.lags == 0], shape.current[shape.lags > 0.5 * ms], shape.current[:10]
    error = 1.0 / np.sqrt(shape.count)
    assert last[0] > 0.9 + 20 * error
    assert after == pytest.approx(np.full(len(after), 0.9), abs=5 * error), "white noise has no foresight"
    assert long_ago.mean() < last[0] - 10 * error
    assert shape.dimensions == {"membrane": NAMED["voltage"], "input": NAMED["current"]}


def test_refusals() -> None:
    trace = membrane_trace(rv.LIF(), 2.0, duration=0.05)
    with pytest.raises(TypeError, match="spike_triggered_average: trace must be a recording, got list"):
        spike_triggered_average([1.0])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="before and after must be 0 or above, got -1 and 0.01 s"):
        spike_triggered_average(trace, before=-1)
    with pytest.raises(ValueError, match="none of the [1-9] spikes has 1 s before and 0.01 s after it"):
        spike_triggered_average(trace, before=1.0)
