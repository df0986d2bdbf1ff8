"""What a model class says, and what is refused when it is made."""

import pytest
import torch

from ranvier.equations import Declaration, ModelError, parameter, state
from ranvier.neurons import LIF, Neuron
from ranvier.units import NAMED, Current, Dimensionless, Resistance, Time, Voltage, ms, mV


class Cell(Neuron):
    """A model with a helper method, a class constant, and a membrane of another name."""

    membrane = "u"
    exponent = 2
    tau: Time = parameter(10 * ms, positive=True)
    r: Resistance = parameter(1.0)
    u_threshold: Voltage = parameter(1.0)
    u: Voltage = state("u_threshold")

    def leak(self, u):
        return -u / self.tau

    def dynamics(self, s, i):
        return {"u": self.leak(s.u) + self.r * i / self.tau * (self.exponent - 1)}

    def receive(self, s, x: Current):
        return {"u": s.u + self.r * x}

    def threshold(self, s):
        return s.u - self.u_threshold

    def reset(self, s):
        return {"u": 0 * s.u}


def test_a_declaration_holds_parameters_states_and_dimensions_in_order() -> None:
    d = Cell.declaration
    assert (d.name, d.membrane) == ("Cell", "u")
    assert list(d.parameters) == ["tau", "r", "u_threshold"] and list(d.states) == ["u"]
    assert d.parameters["tau"].positive and not d.parameters["r"].positive
    assert d.states["u"].initial == "u_threshold"
    assert d.dimensions["r"] == NAMED["resistance"]
    assert d.input_dimension("dynamics") == NAMED["current"]
    assert d.input_dimension("receive") == NAMED["current"]  # by its annotation; a voltage otherwise
    assert LIF.declaration.input_dimension("receive") == NAMED["voltage"]


def test_helpers_and_constants_of_the_class_work_in_equations() -> None:
    y = Cell(backend="eager").run(torch.ones(1, 1, 1), record=("u",))
    assert y.output.item() == 1  # starts at the threshold and is driven by more than its leak takes
    slope = Cell.declaration.call(
        "dynamics", {"tau": 0.01, "r": 1.0, "u_threshold": 1.0, "u": torch.tensor(3.0)}, torch.tensor(1.0)
    )
    assert slope["u"].item() == pytest.approx(-200)


def test_a_subclass_may_change_a_default_and_an_equation() -> None:
    class Slow(LIF):
        tau_mem: Time = parameter(40 * ms, positive=True)

        def reset(self, s):
            return {"v": self.v_reset - 0.5 * self.v_threshold}

    assert Slow().tau_mem == 40 * ms and LIF().tau_mem == 20 * ms
    after = Slow(backend="eager").run(torch.full((1, 1, 1), 100.0), record=("v",)).records["v"]
    assert after.item() == -0.5


def _make(**body):
    hints = {"tau": Time, "v": Voltage}
    base = {"tau": parameter(10 * ms), "v": state(0.0), "dynamics": lambda self, s, i: {"v": -s.v / self.tau}}
    return type("Broken", (Neuron,), {"__annotations__": hints, **base, **body})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"v": 1.0}, r"Broken declares no state\. Write, for example, `v: Voltage = state"),
        ({"spike": state(0.0)}, r"the name 'spike' has a meaning of its own"),
        ({"dt": parameter(1.0)}, r"the name 'dt' has a meaning of its own"),
        ({"waiting": state(0.0)}, r"the name 'waiting' has a meaning of its own"),
        ({"v": state("rest")}, r"Broken: v starts at 'rest', which is neither a parameter nor a method"),
        ({"v": state("tau")}, r"Broken: v has dimension voltage, but starts at 'tau' of dimension time"),
        ({"v": state("rest"), "rest": lambda self: self.tau + 1}, r"Broken\.rest: tau \+ 1: dimensions"),
        ({"threshold": lambda self, s: s.v, "rearm": lambda self, s: s.v - 1}, r"Broken\.rearm: v - 1: dimensions"),
        ({"membrane": "w"}, r"the membrane state is 'w', but the states are \['v'\]"),
        ({"dynamics": None}, r"Broken has no dynamics\. Define `def dynamics"),
        (
            {"dynamics": lambda self, s, i: -s.v / self.tau},
            r"Broken\.dynamics must return a dict of states, got Quantity",
        ),
        ({"dynamics": lambda self, s, i: {"v": -s.v / self.tau, "w": 0}}, r"returns 'w', which is no state"),
        ({"w": state(0.0)}, r"gives no derivative of \['w'\]\. Return 0"),
        ({"dynamics": lambda self, s, i: {"v": -s.v / self.taum}}, r"uses self\.taum, which is not declared"),
        ({"reset": lambda self, s: {"x": 0}}, r"Broken\.reset returns 'x'"),
    ],
)
def test_a_broken_declaration_is_refused_when_the_class_is_made(body: dict, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        _make(**body)


def test_a_declaration_can_be_read_from_a_plain_class() -> None:
    class Plain:
        v = state(0.0)

        def dynamics(self, s):
            return {"v": -s.v}

    d = Declaration.of(Plain)
    assert d.call("dynamics", {"v": 2.0}) == {"v": -2.0}
    assert d.has("dynamics") and not d.has("reset")
    assert d.dimensions["v"] == NAMED["dimensionless"]


class Scaled(Neuron):
    """Constants with a dimension, and a state that starts where a method says."""

    tau: Time = parameter(10 * ms, positive=True)
    r: Resistance = parameter(1.0)
    v_leak: Voltage = parameter(3 * mV)
    v: Voltage = state("v_leak")
    n: Dimensionless = state("n_rest")
    unit: Voltage = 1 * mV
    exponent = 2  # a plain number, as it may stand in a power

    def settled(self, v):
        return (v / self.unit) ** self.exponent

    def n_rest(self):
        return self.settled(self.v_leak)

    def dynamics(self, s, i):
        return {"v": (self.v_leak - s.v + self.r * i) / self.tau, "n": (self.settled(s.v) - s.n) / self.tau}


def test_a_constant_with_a_dimension_is_an_annotated_attribute() -> None:
    assert Scaled.declaration.dimensions["unit"] == NAMED["voltage"]
    assert "exponent" not in Scaled.declaration.dimensions
    with pytest.raises(ModelError, match=r"Slip\.dynamics: v\*\*2 - n: dimensions voltage\^2 and dimensionless"):

        class Slip(Scaled):
            def settled(self, v):
                return v**self.exponent


def test_a_state_may_start_where_a_method_says() -> None:
    start = Scaled(v_leak=torch.tensor([2.0, 5.0], dtype=torch.float64) * mV).initial_state((1, 2))
    assert start["n"].flatten().tolist() == pytest.approx([4, 25], rel=1e-6)
    learned = Scaled(learn=("v_leak",))
    learned.initial_state((1, 1))["n"].sum().backward()
    assert learned.raw_v_leak.grad.item() == pytest.approx(2 * 3 / mV, rel=1e-5)
    still = Scaled(backend="eager").run(torch.zeros(9, 1, 1, dtype=torch.float64))
    assert still.state["n"].item() == pytest.approx(9)
