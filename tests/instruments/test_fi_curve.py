"""The f-I curve of the LIF against its closed form, and what an adapting neuron shows."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.equations import Clamp
from ranvier.instruments import fi_curve
from ranvier.units import NAMED, ms


@pytest.mark.parametrize("refractory", [0.0, 5 * ms])
def test_the_rates_of_a_leaky_membrane_are_the_closed_form(refractory: float) -> None:
    """1/f = t_ref + tau ln(r i/(r i - gap)), to 1 %: a spike falls on a step."""
    currents = np.array([0.5, 0.95, 1.05, 1.2, 1.5, 2.0, 3.0, 5.0])
    clamp = {"refractory": Clamp(refractory)} if refractory else {}
    curve = fi_curve(rv.LIF(dt=0.05 * ms, **clamp), currents)
    above = currents[2:]
    expected = 1 / (refractory + 0.02 * np.log(above / (above - 1)))
    assert curve.rates[2:] == pytest.approx(expected, rel=0.01)
    assert (curve.rates[:2] == 0).all() and np.isnan(curve.latencies[:2]).all()
    assert curve.latencies[2:] == pytest.approx(0.02 * np.log(above / (above - 1)), abs=0.1 * ms)
    assert curve.initial_rates[2:] == pytest.approx(expected, rel=0.01)
    assert curve.rheobase == pytest.approx(1.0, rel=1e-4)
    assert curve.counts[-1] == pytest.approx(expected[-1], rel=0.01) and curve.dimension == NAMED["current"]


def test_an_adapting_neuron_slows_down() -> None:
    curve = fi_curve(rv.AdaptiveLIF(backend="eager"), [2.0, 1.5], duration=0.4)
    assert (curve.initial_rates > 1.3 * curve.rates).all() and (curve.rates > 0).all()
    assert curve.currents.tolist() == [2.0, 1.5] and np.isnan(curve.rheobase), "nothing silent to begin from"


def test_a_single_late_spike_counts_as_one_in_the_window() -> None:
    curve = fi_curve(rv.LIF(), [1.01], duration=0.15, settle=0.05)
    assert (
        curve.counts.tolist() == [1] and curve.rates == pytest.approx([10.0]) and curve.initial_rates.tolist() == [0.0]
    )


def test_spikes_at_random_have_rates_but_no_rheobase() -> None:
    curve = fi_curve(rv.EscapeLIF(backend="eager"), [-9.0, 2.0], duration=0.3)
    assert curve.counts[0] == 0 < curve.rates[1] and np.isnan(curve.rheobase)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="fi_curve: LI is a readout and never fires"):
        fi_curve(rv.LI(), [1.0])
    with pytest.raises(ValueError, match=r"fi_curve: settle must lie in \[0, duration\), got 2.0 of 1.0 s"):
        fi_curve(rv.LIF(), [1.0], settle=2.0)
    for bad in ([], [np.nan], [[1.0]]):
        with pytest.raises(ValueError, match=r"fi_curve: currents must be finite numbers \[K\]"):
            fi_curve(rv.LIF(), bad)
