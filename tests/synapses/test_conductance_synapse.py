"""ConductanceSynapse: Ohm's law at a held potential, sign, and on the membrane of a neuron: bounds, shunting, one program."""

import math

import pytest
import torch

from ranvier.layers import Linear, Sequential
from ranvier.neurons import LI, LIF
from ranvier.simulation import Network
from ranvier.synapses import ConductanceSynapse
from ranvier.units import Mohm, ms, mV, nS

F64 = torch.float64
REST = {"r": 100 * Mohm, "v_leak": -65 * mV, "backend": "eager"}


def test_current_at_a_held_potential() -> None:
    x = torch.zeros(40, 1, 1, dtype=F64)
    x[0] = 2 * nS
    for v_rev, v_hold in ((0.0, -65 * mV), (-80 * mV, -65 * mV), (-65 * mV, -65 * mV)):
        i = ConductanceSynapse(tau=5 * ms, v_rev=v_rev, v_hold=v_hold, backend="eager")(x).flatten()
        expected = 2 * nS * torch.exp(-torch.arange(40, dtype=F64) / 5) * (v_rev - v_hold)
        torch.testing.assert_close(i, expected, rtol=1e-12, atol=1e-24)


def test_the_potential_is_a_state_that_one_may_write() -> None:
    synapse = ConductanceSynapse(backend="eager")
    state = synapse.initial_state((1, 1), torch.empty(0, dtype=F64)) | {"v": torch.full((1, 1), -30 * mV, dtype=F64)}
    i, after = synapse.step(torch.full((1, 1), 1 * nS, dtype=F64), state)
    assert i.item() == pytest.approx(1 * nS * 30 * mV, rel=1e-12) and after["v"].item() == -30 * mV


def test_no_conductance_is_negative_and_positive_ones_add() -> None:
    x = torch.tensor([3.0, -2.0, 1.0], dtype=F64).view(3, 1, 1)
    g = ConductanceSynapse(tau=5 * ms, backend="eager").run(x, record=("g",)).records["g"].flatten()
    assert g.tolist() == pytest.approx([3, 3 * math.exp(-0.2), 3 * math.exp(-0.4) + 1], rel=1e-12)


def test_a_sum_below_zero_opens_nothing_and_has_no_gradient() -> None:
    x = torch.tensor([3.0, -2.0, 1.0], dtype=F64).view(3, 1, 1).requires_grad_()
    ConductanceSynapse(tau=5 * ms, v_hold=-1.0, backend="eager")(x).sum().backward()
    opened = [1 + math.exp(-0.2) + math.exp(-0.4), 0.0, 1.0]
    assert x.grad is not None and x.grad.flatten().tolist() == pytest.approx(opened, rel=1e-12, abs=0)


@pytest.mark.thorough
def test_the_rule_for_sums_below_zero_holds_on_every_backend() -> None:
    """Compiled, and in a chain behind weights of both signs."""
    x = torch.tensor([3.0, -2.0, 1.0], dtype=F64).view(3, 1, 1)
    expected = ConductanceSynapse(backend="eager")(x)
    torch.testing.assert_close(ConductanceSynapse(backend="cpu")(x), expected, rtol=1e-12, atol=0)
    both = torch.cat([x.clamp(min=0), (-x).clamp(min=0)], 2)
    for fused in (True, False):
        linear = Linear(2, 1, bias=False)
        net = Sequential(linear, ConductanceSynapse(), fused=fused).double()
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[1.0, -1.0]]))
        torch.testing.assert_close(net(both), expected, rtol=1e-12, atol=0)


def test_a_network_refuses_a_weight_below_zero() -> None:
    net = Network(dt=0.1 * ms)
    cells = net.add(2, LIF(r=100 * Mohm, dt=0.1 * ms))
    net.connect(cells, cells, weight=-1 * nS, synapse=ConductanceSynapse(dt=0.1 * ms))
    with pytest.raises(ValueError, match="ConductanceSynapse does not react to negative impulses. Change the sign"):
        net.build()


def test_on_a_membrane_it_pulls_to_the_mean_of_the_potentials() -> None:
    """V_inf = (v_leak + r g v_rev)/(1 + r g), reached with time constant tau_mem/(1 + r g)."""
    neuron = ConductanceSynapse.onto(LI)(tau=1e9, **REST)
    state = neuron.initial_state((1, 1), torch.empty(0, dtype=F64)) | {"g": torch.full((1, 1), 5 * nS, dtype=F64)}
    v = neuron.run(torch.zeros(30, 1, 1, dtype=F64), state).output.flatten()
    load = 1 + 100 * Mohm * 5 * nS
    target, t = -65 * mV / load, torch.arange(1, 31, dtype=F64) * ms
    torch.testing.assert_close(v, target + (-65 * mV - target) * torch.exp(-t * load / (20 * ms)), rtol=1e-6, atol=0)


def test_the_membrane_never_passes_the_reversal_potential() -> None:
    x = 1e4 * nS * torch.rand(50, 2, 3, dtype=F64)
    v = ConductanceSynapse.onto(LI)(v_rev=-80 * mV, **REST)(x)
    assert v.min() >= -80 * mV - 1e-12 and v.max() <= -65 * mV + 1e-12 and v.min() < -79 * mV


def test_the_joined_neuron_is_one_model_of_both() -> None:
    kind = ConductanceSynapse.onto(LIF)
    neuron = kind(v_threshold=-50 * mV, v_reset=-65 * mV, tau=3 * ms, **REST)
    assert kind is ConductanceSynapse.onto(LIF) and kind.__name__ == "LIFWithConductanceSynapse"
    assert neuron.fires and neuron.membrane == "v" and "v_hold" not in neuron.parameter_values()
    assert neuron.program.state_names == ("g", "v") and (neuron.tau, neuron.tau_mem) == (3 * ms, 20 * ms)
    assert neuron.initial_state((1, 1))["v"].item() == pytest.approx(-65 * mV)
    silent, driven = (neuron(torch.full((200, 1, 1), g, dtype=F64)).sum().item() for g in (0.0, 2 * nS))
    assert silent == 0 < driven
    with pytest.raises(TypeError, match=r"LIFWithConductanceSynapse has no parameter v_hold"):
        kind(v_hold=0.0)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"ConductanceSynapse: tau must be > 0, got 0"):
        ConductanceSynapse(tau=0.0)
