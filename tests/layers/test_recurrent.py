"""Recurrent: the output of the step before is fed back through the weights."""

import copy

import pytest
import torch

from ranvier.layers import Recurrent
from ranvier.neurons import IF, LI, LIF, CubaLIF
from ranvier.units import ms


def test_equals_a_loop_over_steps_written_out() -> None:
    layer = Recurrent(LIF(tau_mem=5 * ms), 6).double()
    x = 3 * torch.rand(15, 2, 6, dtype=torch.float64)
    out, state, rows = torch.zeros(2, 6, dtype=torch.float64), None, []
    for x_t in x:
        out, state = layer.neuron.step(x_t + out @ layer.weight.T, state)
        rows.append(out)
    run = layer.run(x, record=("v",))
    assert 5 < run.output.sum() < 170 and torch.equal(run.output, torch.stack(rows))
    torch.testing.assert_close(run.state["v"], state["v"])
    assert torch.equal(run.state["last"], out) and torch.equal(layer(x), run.output)
    assert torch.equal(run.records["v"][-1], run.state["v"])


def test_a_chain_of_neurons_hands_a_spike_on() -> None:
    layer = Recurrent(IF(), 4)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(4).roll(1, 0))  # neuron k drives neuron k + 1, the last one the first
    x = torch.zeros(6, 1, 4)
    x[0, 0, 0] = 1
    assert layer(x)[:, 0].argmax(1).tolist() == [0, 1, 2, 3, 0, 1]


def test_step_by_step_and_in_two_parts() -> None:
    layer, x = Recurrent(CubaLIF(), 5), 2 * torch.rand(14, 3, 5)
    whole = layer.run(x)
    first = layer.run(x[:9])
    second = layer.run(x[9:], first.state)
    assert torch.equal(torch.cat([first.output, second.output]), whole.output)
    out, state = None, None
    for x_t in x:
        out, state = layer.step(x_t, state)
    assert torch.equal(out, whole.output[-1]) and all(torch.equal(state[k], v) for k, v in whole.state.items())
    assert torch.equal(copy.deepcopy(layer)(x), whole.output)


def test_a_readout_feeds_its_membrane_back() -> None:
    layer = Recurrent(LI(tau_mem=5 * ms), 2)
    with torch.no_grad():
        layer.weight.zero_()[1, 0] = 1.0
    y = layer(torch.tensor([[[1.0, 0.0]]]).expand(30, 1, 2))
    assert y[0, 0, 1] == 0 and 0.9 < y[-1, 0, 1] < 1


def test_what_does_not_fit_is_refused() -> None:
    layer = Recurrent(LIF(), 4)
    with pytest.raises(ValueError, match="Recurrent: size must be at least 1, got 0"):
        Recurrent(LIF(), 0)
    with pytest.raises(ValueError, match=r"input has 5 neurons on axis 2 .*expected 4"):
        layer(torch.zeros(3, 2, 5))
    with pytest.raises(ValueError, match=r"must have the 3 axes \[T, B, size\], got shape \(3, 4\)"):
        layer(torch.zeros(3, 4))
    with pytest.raises(ValueError, match=r"state must hold 'last' besides the neuron's, got \['v'\]"):
        layer.run(torch.zeros(3, 2, 4), {"v": torch.zeros(2, 4)})
    with pytest.raises(TypeError, match=r"Recurrent\( size=4 .* input is torch.float64, the weights are torch.float32"):
        layer(torch.zeros(3, 2, 4, dtype=torch.float64))
    with pytest.raises(ValueError, match="no entries along time"):
        layer(torch.zeros(0, 2, 4))


def test_a_state_of_another_dtype_is_converted() -> None:
    layer = Recurrent(LIF(), 4)
    state = layer.initial_state((2, 4))
    assert layer.double().run(torch.zeros(3, 2, 4, dtype=torch.float64), state).output.dtype == torch.float64
