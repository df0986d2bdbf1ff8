"""What a model class says, and what is refused when it is made."""

import pytest
import torch

from ranvier.equations import Declaration, ModelError, parameter, state
from ranvier.neurons import LIF, Neuron
from ranvier.units import NAMED, Current, Resistance, Time, Voltage, ms


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
