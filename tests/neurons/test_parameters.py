"""What the parameters of every model share: values that are refused, warnings, learned values, values that are set."""

import math

import pytest
import torch

from ranvier.equations import Euler, SemiImplicitEuler
from ranvier.neurons import LIF, AdaptiveLIF
from ranvier.neurons.presets import spikingjelly_lif
from ranvier.units import ms


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"tau_mem": 0.0}, ValueError, r"LIF: tau_mem must be > 0, got 0\. Write tau_mem=0\.02 for the default"),
        ({"tau_mem": -1 * ms}, ValueError, r"LIF: tau_mem must be > 0, got -0\.001"),
        ({"tau_mem": math.nan}, ValueError, r"LIF: tau_mem must be finite, got nan"),
        ({"tau_mem": torch.tensor([0.01, math.inf])}, ValueError, r"LIF: tau_mem must be finite, got tensor\[2\]"),
        ({"tau_mem": torch.tensor([0.01, -0.01])}, ValueError, r"LIF: tau_mem must be > 0, got -0\.01"),
        ({"tau_mem": torch.zeros(0)}, ValueError, r"LIF: tau_mem is empty"),
        (
            {"tau_mem": "20ms"},
            TypeError,
            r"LIF: tau_mem must be a number or a tensor of the neurons' shape, got '20ms'",
        ),
        ({"tau_mem": None}, TypeError, r"LIF: tau_mem must be a number or a tensor"),
        (
            {"dt": 30 * ms},
            ValueError,
            r"LIF: dt must not exceed tau_mem, got dt=0\.03 s and tau_mem=0\.02 s\. Use a smaller dt",
        ),
        ({"v_threshold": 0.0}, ValueError, r"v_threshold must lie above v_reset, .*; got v_threshold=0, v_reset=0"),
        ({"v_reset": 2.0}, ValueError, r"v_threshold must lie above v_reset"),
        ({"v_reset": torch.tensor([0.0, 1.0])}, ValueError, r"v_threshold must lie above v_reset"),
    ],
)
def test_values_that_make_no_neuron_are_refused(values: dict, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        LIF(**values)


@pytest.mark.parametrize("method", [Euler(), SemiImplicitEuler()])
def test_coarse_explicit_steps_are_warned_of(method) -> None:
    with pytest.warns(
        UserWarning,
        match=r"LIF: .*Euler\(\) with dt=0\.001 s above a fifth of tau_mem=0\.004 s misses its decay by more than a tenth",
    ):
        LIF(tau_mem=4 * ms, integrator=method)
    assert LIF(tau_mem=5 * ms, integrator=method).tau_mem == 5 * ms, "a fifth is fine"
    assert spikingjelly_lif(tau=2.0).options.integrator == Euler(), (
        "where another package means it, there is no warning"
    )


def test_warnings_point_to_the_line_that_makes_the_neuron() -> None:
    """The base's own and a model's."""
    with pytest.warns(UserWarning, match="above a fifth of tau_mem") as steps:
        LIF(tau_mem=4 * ms, integrator=Euler())
    with pytest.warns(UserWarning, match="tau_adapt=0.01 s is shorter than tau_mem") as adaptation:
        AdaptiveLIF(tau_adapt=10 * ms)
    assert [w.filename for w in (*steps, *adaptation)] == [__file__, __file__]


def test_learned_parameters_are_logarithms_where_they_must_stay_positive() -> None:
    neuron = LIF(tau_mem=10 * ms, learn=("tau_mem", "v_threshold"))
    assert sorted(dict(neuron.named_parameters())) == ["log_tau_mem", "raw_v_threshold"]
    assert neuron.tau_mem.item() == pytest.approx(10 * ms) and neuron.tau_mem.requires_grad
    optimiser = torch.optim.SGD(neuron.parameters(), lr=1e-3)
    before = neuron.tau_mem.item()
    x = 3 * torch.rand(20, 2, 4)
    neuron.run(x, record=("v",)).records["v"].sum().backward()
    optimiser.step()
    assert 0 < neuron.tau_mem.item() != before
    assert "learn=('tau_mem', 'v_threshold')" in repr(neuron)


def test_one_name_to_learn_may_be_a_plain_string() -> None:
    assert LIF(learn="tau_mem").learn == ("tau_mem",)


def test_a_parameter_can_be_set_and_a_refused_value_changes_nothing() -> None:
    plain, learned = LIF(), LIF(learn=("tau_mem", "v_reset"))
    for neuron in (plain, learned):
        neuron.tau_mem = 30 * ms
        assert torch.as_tensor(neuron.tau_mem).item() == pytest.approx(30 * ms)
        for bad in (0.1 * ms, -1.0, math.nan):
            with pytest.raises(ValueError, match="tau_mem"):
                neuron.tau_mem = bad
        with pytest.raises(ValueError, match="v_threshold must lie above"):
            neuron.v_reset = 5.0
        assert (
            torch.as_tensor(neuron.tau_mem).item() == pytest.approx(30 * ms)
            and torch.as_tensor(neuron.v_reset).item() == 0
        )
    plain.v_leak = torch.tensor([0.1, 0.2])
    assert plain.run(torch.zeros(1, 1, 2)).state["v"].flatten().tolist() == pytest.approx([0.1, 0.2])
    plain.v_leak = 0.25
    assert plain.v_leak == 0.25 and not dict(plain.named_buffers())
