"""The rheobase of models whose own is known."""

import math

import pytest

import ranvier as rv
from ranvier.equations import ImpulseInput
from ranvier.instruments import rheobase
from ranvier.units import ms, mV


@pytest.mark.parametrize(("gap", "r"), [(1.0, 1.0), (15 * mV, 100e6), (1.0, 1e-6)])
def test_a_leaky_membrane_needs_its_gap_over_its_resistance(gap: float, r: float) -> None:
    """After 50 time constants the last thousandth of a thousandth is charged."""
    assert rheobase(rv.LIF(v_threshold=gap, r=r)) == pytest.approx(gap / r, rel=1e-5)


def test_a_bracket_may_be_given() -> None:
    assert rheobase(rv.LIF(), low=0.5, high=2.0) == pytest.approx(1.0, rel=1e-5)
    assert rheobase(rv.LIF(), high=5.0, tolerance=0.1) == pytest.approx(1.0, rel=0.1)
    assert rheobase(rv.LIF(), low=-1.0) == pytest.approx(1.0, rel=1e-5)
    assert math.isnan(rheobase(rv.LIF(), low=0.1, high=0.5)), "it never fires"
    assert math.isnan(rheobase(rv.LIF(), low=2.0, high=3.0)), "it always fires"


def test_impulses_have_one_too() -> None:
    """One impulse a step settles at w/(1 - exp(-dt/tau))."""
    expected = -math.expm1(-1 / 20)
    assert rheobase(rv.LIF(input=ImpulseInput(), backend="eager"), tolerance=1e-3, duration=0.3) == pytest.approx(
        expected, rel=2e-3
    )


def test_a_neuron_that_rests_above_its_threshold_needs_nothing() -> None:
    assert rheobase(rv.LIF(v_leak=1.5)) == 0.0


def test_refusals() -> None:
    with pytest.raises(ValueError, match="rheobase: LI is a readout and never fires"):
        rheobase(rv.LI())
    with pytest.raises(
        ValueError, match="rheobase: EscapeLIF fires at random, at any current now and then. Use fi_curve"
    ):
        rheobase(rv.EscapeLIF())
    with pytest.raises(ValueError, match="rheobase: low must lie below high, got low=2 and high=1"):
        rheobase(rv.LIF(), low=2.0, high=1.0)
    with pytest.raises(ValueError, match="rheobase: duration must last one step"):
        rheobase(rv.LIF(dt=1 * ms), duration=0.1 * ms)
