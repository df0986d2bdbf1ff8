"""Errors near the threshold alone: the same gradients as with all of them, and only where the model allows it."""

import copy

import pytest
import torch

import ranvier as rv
from ranvier.equations.adjoint import derive, filter_of
from ranvier.kernels.cpu import chain, linear
from ranvier.neurons.neuron import _loop


def gradients(net: rv.Sequential, x: torch.Tensor, fused: bool) -> list[torch.Tensor]:
    net = copy.deepcopy(net)
    net.fused = fused
    torch.manual_seed(1)  # of dropout
    x = x.clone().requires_grad_()
    run = net.run(x)
    weights = torch.randn(run.output.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    ((run.output * weights).sum() + sum((v * v).sum() for s in run.state for v in s.values())).backward()
    found = [leaf.grad for leaf in (x, *net.parameters()) if leaf.grad is not None]
    assert len(found) == 1 + sum(1 for _ in net.parameters())
    return found


@pytest.mark.parametrize("stretch", [1 << 30, 1 << 13])
@pytest.mark.parametrize(
    ("surrogate", "dtype"),
    [(rv.Boxcar(0.05), torch.float64), (rv.Boxcar(0.05), torch.float32), (rv.Triangle(0.3, 0.1), torch.float64)],
)
def test_the_gradient_is_the_same(
    surrogate: rv.Surrogate, dtype: torch.dtype, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "WHOLE", stretch)
    monkeypatch.setattr(chain, "STRETCH", stretch)
    monkeypatch.setattr(chain, "OVER_WEIGHTS", 0)
    calls = []
    original = linear.LinearStage._near_gradient
    monkeypatch.setattr(
        linear.LinearStage, "_near_gradient", lambda self, near: calls.append(1) or original(self, near)
    )
    torch.manual_seed(0)

    def lif() -> rv.LIF:
        return rv.LIF(surrogate=surrogate, reset=rv.Subtract(), learn=("tau_mem",))

    net = rv.Sequential(
        rv.Linear(40, 70), lif(), rv.Linear(70, 50), lif(), rv.Dropout(0.3), rv.Linear(50, 66), lif(), rv.Linear(66, 5), lif(),
        input_rate=0.2,
    ).to(dtype)  # fmt: skip
    x = (torch.rand(23, 6, 40) < 0.2).to(dtype)
    tolerance = 1e-9 if dtype == torch.float64 else 1e-4
    for found, expected in zip(gradients(net, x, True), gradients(net, x, False), strict=True):
        assert float((found - expected).abs().max()) <= tolerance * float(expected.abs().max())
    assert calls


@pytest.mark.parametrize(
    ("neuron", "filtered"),
    [
        (rv.LIF(surrogate=rv.Boxcar(), reset=rv.Subtract()), True),
        (rv.LIF(surrogate=rv.Triangle(), reset=rv.NoReset()), True),
        (rv.IF(surrogate=rv.Triangle(), reset=rv.Subtract()), True),
        (rv.LIF(surrogate=rv.Boxcar()), False),  # a reset to a value cuts the memory where a spike was
        (rv.LIF(surrogate=rv.Boxcar(), reset=rv.Subtract(detach=False)), False),
        (rv.LIF(surrogate=rv.FastSigmoid(), reset=rv.Subtract()), False),  # is zero nowhere
        (rv.CubaLIF(surrogate=rv.Boxcar(), reset=rv.Subtract()), False),  # two states
    ],
)
def test_it_is_found_out_from_the_equations(neuron: rv.Neuron, filtered: bool) -> None:
    loop = _loop(type(neuron), neuron.options)
    assert (filter_of(loop, derive(loop, (loop.program.output,))) is not None) == filtered


def test_time_constants_that_differ_between_neurons_take_all_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear.LinearStage, "_near_gradient", None)  # must not be called
    tau = torch.linspace(5e-3, 30e-3, 20)
    lif = rv.LIF(surrogate=rv.Boxcar(0.05), reset=rv.Subtract(), tau_mem=tau)
    net = rv.Sequential(rv.Linear(10, 20), rv.LIF(), rv.Linear(20, 20), lif, rv.Linear(20, 2), rv.LI()).double()
    x = (torch.rand(9, 4, 10, generator=torch.Generator().manual_seed(0)) < 0.4).double()
    for found, expected in zip(gradients(net, x, True), gradients(net, x, False), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
