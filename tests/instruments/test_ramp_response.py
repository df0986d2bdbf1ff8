"""Ramp responses against the closed form of a leaky membrane."""

import numpy as np
import pytest
from scipy.optimize import brentq

import ranvier as rv
from ranvier.instruments import ramp_response
from ranvier.units import ms


def test_a_leaky_membrane_follows_a_ramp_with_its_delay() -> None:
    """v = slope (t - tau (1 - exp(-t/tau))) reaches the threshold of 1 later than the current does, by less than tau."""
    response = ramp_response(rv.LIF(dt=0.1 * ms), [0.5, 2.0, 4.0, 10.0])
    assert response.slopes.tolist() == [1.0, 4.0, 8.0, 20.0]
    assert np.isnan(response.latencies[0]) and np.isnan(response.threshold_currents[0]) and not len(response.spikes[0])
    for k in (1, 2, 3):
        slope = response.slopes[k]
        reached = brentq(lambda t, s=slope: s * (t + 0.02 * np.expm1(-t / 0.02)) - 1, 1e-3, 0.5)
        assert response.latencies[k] == pytest.approx(reached, abs=0.15 * ms)
        assert response.threshold_currents[k] == pytest.approx(slope * reached, rel=0.01)
        assert response.spikes[k][0] == response.latencies[k]
    assert response.membrane.shape == (5001, 4) and response.currents.shape == (5000, 4)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="ramp_response: last must be finite numbers"):
        ramp_response(rv.LIF(), [])
    with pytest.raises(TypeError, match="ramp_response: neuron must be a Neuron object, got str"):
        ramp_response("LIF", [1.0])  # pyright: ignore[reportArgumentType]
