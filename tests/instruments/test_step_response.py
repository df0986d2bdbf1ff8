"""Step responses: passive properties and delays in closed form."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.instruments import step_response
from ranvier.units import NAMED, ms


def test_a_leaky_membrane_has_the_resistance_and_delay_of_its_parameters() -> None:
    response = step_response(rv.LIF(r=0.5, dt=0.1 * ms), [-1.0, 1.0, 4.0])
    assert (response.steady - response.baseline)[:2] / response.amplitudes[:2] == pytest.approx(0.5, rel=1e-5)
    assert response.peaks[:2] == pytest.approx(response.steady[:2])
    assert np.isnan(response.latencies[:2]).all()
    assert response.latencies[2] == pytest.approx(0.02 * np.log(2.0), abs=0.2 * ms)
    assert len(response.spikes[2]) == pytest.approx(0.3 / (0.02 * np.log(2.0)), abs=1)
    assert response.membrane.shape == (5001, 3) == (len(response.times), 3) and response.currents.shape == (5000, 3)
    assert response.dimensions == {"membrane": NAMED["voltage"], "input": NAMED["current"]}


def test_an_undershoot_is_the_peak() -> None:
    """An oscillating membrane runs past its steady value and comes back."""
    response = step_response(rv.ResonateAndFire(backend="eager"), [0.01], start=0.02, stop=0.22, duration=0.25)
    assert abs(response.peaks[0] - response.baseline[0]) > 1.2 * abs(response.steady[0] - response.baseline[0])


def test_a_baseline_is_held_before() -> None:
    response = step_response(rv.LIF(), [0.2], start=0.3, stop=0.4, baseline=0.5)
    assert response.baseline == pytest.approx([0.5], abs=1e-6)


def test_refusals() -> None:
    for start, stop, duration in ((0.4, 0.1, 0.5), (0.1, 0.6, 0.5), (-0.1, 0.2, 0.5)):
        with pytest.raises(ValueError, match="step_response: must have 0 <= start < stop <= duration, got start="):
            step_response(rv.LIF(), [1.0], start=start, stop=stop, duration=duration)
    with pytest.raises(ValueError, match="step_response: amplitudes must be finite numbers"):
        step_response(rv.LIF(), [np.inf])
