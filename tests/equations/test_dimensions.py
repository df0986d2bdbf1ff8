"""The dimension check: what it lets through, and what it says about the rest."""

import pytest

from ranvier.equations import ModelError, absolute, exp, maximum, parameter, sqrt, state, where
from ranvier.equations.dimensions import DimensionError, Quantity
from ranvier.neurons import Neuron
from ranvier.units import NAMED, Dimension, Dimensionless, Resistance, Time, Voltage, ms

VOLT, SECOND, AMPERE, METRE, ONE = (
    Quantity(NAMED[k], k) for k in ("voltage", "time", "current", "length", "dimensionless")
)


@pytest.mark.parametrize(
    ("quantity", "name"),
    [
        (VOLT / AMPERE, "resistance"),
        (AMPERE / VOLT, "conductance"),
        (AMPERE * SECOND / VOLT, "capacitance"),
        (1 / SECOND, "frequency"),
        (2 * VOLT / VOLT, "dimensionless"),
        (VOLT**2 / SECOND, "voltage^2/time"),
        (VOLT * 3, "voltage"),
        (-VOLT + 0, "voltage"),
        (0 - VOLT, "voltage"),
        (VOLT - VOLT, "voltage"),
        (sqrt(VOLT * VOLT), "voltage"),
        (sqrt(VOLT), "voltage^1/2"),
        (absolute(VOLT), "voltage"),
        (abs(VOLT), "voltage"),
        (maximum(VOLT, 0), "voltage"),
        (where(VOLT > VOLT, 0, SECOND), "time"),
        (exp(VOLT / VOLT), "dimensionless"),
        (1 / Quantity(Dimension(), "x") + 1, "dimensionless"),
        (1 / SECOND / SECOND, "1/time^2"),
        (VOLT / SECOND, "voltage/time"),
        (AMPERE / METRE**2, "current/length^2"),
        (AMPERE / VOLT / METRE**2, "conductance/length^2"),
        (AMPERE * SECOND / VOLT / METRE**2, "capacitance/length^2"),
    ],
)
def test_arithmetic_on_quantities_is_arithmetic_on_dimensions(quantity: Quantity, name: str) -> None:
    assert str(quantity.dimension) == name


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: VOLT + SECOND, r"voltage \+ time: dimensions voltage and time do not agree"),
        (lambda: 1 + VOLT, "dimensions dimensionless and voltage do not agree"),
        (lambda: VOLT - 1, "dimensions voltage and dimensionless do not agree"),
        (lambda: 1 - VOLT, "do not agree"),
        (lambda: VOLT > AMPERE, "voltage compared with current"),
        (lambda: VOLT <= 1.0, "voltage compared with 1.0"),
        (lambda: where(True, VOLT, AMPERE), "voltage where current"),
        (lambda: exp(VOLT), r"exp\(voltage\): the argument has dimension voltage, expected a pure number"),
        (lambda: VOLT**ONE, "the exponent must be a plain number"),
    ],
)
def test_a_mismatch_is_refused_with_both_sides_named(make, text: str) -> None:
    with pytest.raises(DimensionError, match=text):
        make()


def test_two_zeros_have_no_dimension_and_fit_anywhere() -> None:
    assert Quantity.of(0) is None
    assert Quantity.same(0, 0.0, "+").dimension == NAMED["dimensionless"]


def test_a_forgotten_time_constant_is_an_error_when_the_class_is_made() -> None:
    text = r"Forgot\.dynamics: d\(v\)/dt has dimension voltage, expected voltage/time .* Did you forget to divide by a time constant"
    with pytest.raises(ModelError, match=text):

        class Forgot(Neuron):
            r: Resistance = parameter(1.0)
            v: Voltage = state(0.0)

            def dynamics(self, s, i):
                return {"v": self.r * i - s.v}


def _declared(**methods):
    def dynamics(self, s, i):
        return {"v": (self.r * i - s.v) / self.tau, "n": 0 * s.n / self.tau}

    hints = {"tau": Time, "r": Resistance, "v": Voltage, "n": Dimensionless}
    body = {"tau": parameter(10 * ms), "r": parameter(1.0), "v": state(0.0), "n": state(0.0)}
    return type("Model", (Neuron,), {"__annotations__": hints, **body, "dynamics": dynamics, **methods})


@pytest.mark.parametrize(
    ("methods", "text"),
    [
        (
            {"receive": lambda self, s, x: {"v": s.v + x / self.r}},
            r"Model\.receive: v \+ .*current do not agree|Model\.receive",
        ),
        ({"receive": lambda self, s, x: {"n": x}}, r"Model\.receive: n has dimension voltage, expected dimensionless"),
        ({"reset": lambda self, s: {"v": 1.0}}, r"Model\.reset: v has dimension dimensionless, expected voltage"),
        ({"threshold": lambda self, s: s.v - 1.0}, r"Model\.threshold: v - 1\.0: dimensions"),
        (
            {"dynamics": lambda self, s, i: {"v": s.v + i, "n": 0}},
            r"Model\.dynamics: v \+ input: dimensions voltage and current",
        ),
    ],
)
def test_every_equation_is_checked(methods: dict, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        _declared(**methods)


def test_right_equations_pass_and_zero_fits_any_state() -> None:
    model = _declared(reset=lambda self, s: {"v": 0}, threshold=lambda self, s: s.n - 1)
    assert set(model.declaration.states) == {"v", "n"}
    assert model.declaration.dimensions["tau"] == NAMED["time"]
