"""Quantities as text, there and back."""

import numpy as np
import pytest

from ranvier.errors import RanvierError
from ranvier.instruments.quantities import parse, show, unit, unit_for
from ranvier.units import NAMED, Dimension


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("20ms", "time", 0.02),
        (" -65 mV ", "voltage", -0.065),
        ("1e-9", "current", 1e-9),
        (".6nA", "current", 0.6e-9),
        ("10uA/cm^2", "current/length^2", 0.1),
        ("10 µA/cm²", "current/length^2", 0.1),
        ("120 mS/cm**2", "conductance/length^2", 1200.0),
        ("2mV/ms", "voltage/time", 2.0),
        ("100Mohm", "resistance", 1e8),
        ("1.5", "dimensionless", 1.5),
        ("0.02/ms", "frequency", 20.0),
        ("+5 kHz", "frequency", 5000.0),
    ],
)
def test_text_is_read_in_si(text: str, kind: str, value: float) -> None:
    assert parse(text, NAMED[kind]) == pytest.approx(value, rel=1e-12)


def test_units_below_a_line_may_stand_in_brackets() -> None:
    curvature = NAMED["frequency"] / NAMED["voltage"]
    assert parse("0.04/(mV ms)", curvature) == pytest.approx(4e4) == parse("0.04 1/mV/ms", curvature)
    assert unit("mV*s/(ms)").size == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("20mV", "time", "'20mV' is of dimension voltage, expected time. Write for example 10ms."),
        ("fast", "time", "'fast' is no quantity. Write a number and its unit, such as 10ms."),
        ("20msec", "time", "no unit 'msec' in 'msec'. Did you mean ms"),
        ("20 zorkmid", "time", "no unit 'zorkmid' in 'zorkmid'. Known: s, ms, us"),
        ("3 uA", "current/length^2", r"dimension current, expected current/length\^2. Write for example 10 uA/cm\^2"),
        ("3 mV", "dimensionless", "expected dimensionless. Write for example 10."),
    ],
)
def test_other_text_is_refused(text: str, kind: str, message: str) -> None:
    with pytest.raises(RanvierError, match=message):
        parse(text, NAMED[kind])


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.02, "time", "20 ms"),
        (25e-6, "time", "0.025 ms"),
        (1.0, "voltage", "1 V"),
        (0.97, "voltage", "0.97 V"),
        (-0.0706, "voltage", "-70.6 mV"),
        (0.0, "voltage", "0 mV"),
        (0.0, "frequency", "0 Hz"),
        (5.77e-10, "current", "0.577 nA"),
        (0.1, "current/length^2", "10 uA/cm^2"),
        (20.0, "frequency", "20 Hz"),
        (1e-20, "current", "1e-08 pA"),
        (3.0, "dimensionless", "3"),
    ],
)
def test_numbers_are_shown_in_the_unit_of_their_size(value: float, kind: str, text: str) -> None:
    assert show(value, NAMED[kind]) == text
    assert parse(text, NAMED[kind]) == pytest.approx(value)


def test_a_dimension_without_a_unit_of_its_own_is_shown_in_base_units_and_read_again() -> None:
    curvature = NAMED["frequency"] / NAMED["voltage"] ** 2
    assert show(4e4, curvature) == "4e+04 1/s/V^2"
    assert parse("4e4 1/s/V^2", curvature) == 4e4
    assert unit_for(NAMED["length"] * NAMED["current"]).symbol == "A*m"


def test_units_of_figures_are_typeset_and_gaps_do_not_decide() -> None:
    assert unit("uA/cm^2").pretty == "µA/cm²"
    assert unit("Mohm").pretty == "MΩ"
    assert unit_for(NAMED["time"], [np.nan, 0.02]).pretty == "ms"
    assert unit("").dimension == Dimension()
