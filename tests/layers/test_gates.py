"""The four gates of the LSTM family are those of `torch.nn.LSTMCell`; spikes in plain operations."""

import torch

from ranvier.equations.options import NoReset, Subtract, ToValue
from ranvier.layers.gates import Gates, reset, spike
from ranvier.surrogates import Boxcar, FastSigmoid


def test_weights_have_the_names_and_shapes_of_torch() -> None:
    gates, theirs = Gates(3, 4, torch.Generator().manual_seed(0)), torch.nn.LSTMCell(3, 4)
    assert {k: v.shape for k, v in gates.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    assert (
        float(gates.weight_ih.detach().abs().max()) <= 0.5
        and len(gates(gates.of_input(torch.zeros(2, 3)), torch.zeros(2, 4))) == 4
    )
    again = Gates(3, 4, torch.Generator().manual_seed(0))
    assert torch.equal(gates.weight_hh, again.weight_hh)


def test_a_spike_is_a_step_with_the_slope_of_its_surrogate() -> None:
    margin = torch.tensor([-1.0, -0.1, 0.0, 0.2, 3.0], dtype=torch.float64, requires_grad=True)
    for surrogate in (FastSigmoid(5.0), Boxcar(0.15)):
        spikes = spike(margin, surrogate)
        assert spikes.tolist() == [0, 0, 1, 1, 1]
        (slope,) = torch.autograd.grad(spikes.sum(), margin)
        torch.testing.assert_close(slope, surrogate.derivative(margin.detach()).to(torch.float64))


def test_three_resets() -> None:
    v = torch.tensor([0.3, 0.7], requires_grad=True)
    spikes = torch.tensor([0.0, 1.0], requires_grad=True)
    assert reset(v, spikes, 0.5, NoReset()) is v
    torch.testing.assert_close(reset(v, spikes, 0.5, Subtract()), torch.tensor([0.3, 0.2]))
    torch.testing.assert_close(reset(v, spikes, 0.5, ToValue()), torch.tensor([0.3, 0.0]))
    (through,) = torch.autograd.grad(reset(v, spikes, 0.5, Subtract(detach=False)).sum(), spikes)
    assert through.tolist() == [-0.5, -0.5] and not (reset(v.detach(), spikes, 0.5, Subtract())).requires_grad
