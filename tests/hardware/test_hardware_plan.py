import math

import numpy as np
import pytest
import torch
from torch import nn

import ranvier as rv
from ranvier.hardware.plan import Convolution, Delay, Dense, Gate, Pool, Population, Rearrange, Scaled, plan
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.scale import Scale


class Column(nn.Module):
    def forward(self, x):
        return x.unsqueeze(-1)


class Twice(nn.Module):
    def forward(self, x):
        return 2 * x


def test_operations_carry_shapes_and_numbers() -> None:
    tau = torch.linspace(5e-3, 20e-3, 4).reshape(4, 1, 1)
    inner = rv.Sequential(rv.Flatten(), rv.Dropout(0.5), rv.Linear(16, 3), rate=None)
    net = rv.Sequential(
        rv.Delays(2),
        Column(),
        rv.Conv2d(2, 4, (2, 1)),
        rv.LIF(tau_mem=tau),
        rv.AvgPool2d((2, 1)),
        inner,
        rv.LI(),
        rate=None,
    )
    ops = plan(net, (9,))
    kinds = [Delay, Rearrange, Convolution, Population, Pool, Rearrange, Rearrange, Dense, Population]
    assert [type(op) for op in ops] == kinds
    assert [op.place for op in ops] == ["0", "1", "2", "3", "4", "5.0", "5.1", "5.2", "6"]
    assert [op.after for op in ops] == [(2, 9), (2, 9, 1), (4, 8, 1), (4, 8, 1), (4, 4, 1), (16,), (16,), (3,), (3,)]
    population = ops[3]
    assert isinstance(population, Population) and population.size == 32 and population.fires
    decay = next(
        v
        for k, v in population.values.items()
        if str(next(e for s, e in population.loop.coefficients.items() if str(s) == k)) == "exp(-dt/tau_mem)"
    )
    assert np.allclose(decay[:, 0, 0], np.exp(-1e-3 / tau.double().flatten().numpy()))
    assert math.prod(ops[2].weights.values.shape) == 16 and ops[2].weights.codes is None  # pyright: ignore
    assert ops[2].label == "layer 2 (Conv2d)"


def test_gates_and_factors() -> None:
    net = rv.Sequential(MaxGate(nn.MaxPool2d((3, 1), 2, (1, 0), (1, 2))), Scale(torch.rand(2, 3, 2)), rate=None)
    gate, scaled = plan(net, (2, 5, 4))
    assert isinstance(gate, Gate) and (gate.kernel, gate.stride, gate.padding, gate.dilation) == (
        (3, 1),
        (2, 2),
        (1, 0),
        (1, 2),
    )
    assert isinstance(scaled, Scaled) and scaled.factor.shape == gate.after == (2, 3, 2)
    with pytest.raises(
        rv.RanvierError, match=r"layer 0 \(MaxGate\) gets an input of shape \(8,\), expected \(C, H, W\)"
    ):
        plan(net, (8,))


def test_the_shape_is_known_from_a_linear_layer_alone() -> None:
    assert plan(rv.Sequential(rv.Linear(5, 2), rate=None))[0].before == (5,)
    with pytest.raises(ValueError, match=r"check: give the shape of a sample's input, such as shape=\(1, 28, 28\)"):
        plan(rv.Sequential(rv.Flatten(), rate=None), where="check")


def test_branches_of_different_shapes_are_refused() -> None:
    block = rv.Residual(rv.Sequential(rv.Linear(3, 4), rate=None), rv.Sequential(rv.Linear(3, 5), rate=None))
    with pytest.raises(rv.RanvierError, match=r"layer 0 \(Residual\) adds shapes \(4,\) and \(5,\)"):
        plan(rv.Sequential(block, rate=None), (3,))


def test_what_has_no_form_is_refused_by_name() -> None:
    for layer in (Twice(), nn.Linear(4, 4), rv.SpikingLSTM(4, 3)):
        with pytest.raises(
            rv.RanvierError, match=rf"layer 1 \({type(layer).__name__}\) has no form for hardware. Known: Linear"
        ):
            plan(rv.Sequential(rv.Linear(3, 4), layer, rate=None))
    with pytest.raises(TypeError, match="net must be a Sequential, got LIF"):
        plan(rv.LIF())  # pyright: ignore[reportArgumentType]


def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(rv.RanvierError, match=r"layer 0 \(Linear\) gets an input of shape \(2, 3\), expected \(3,\)"):
        plan(rv.Sequential(rv.Linear(3, 4), rate=None), (2, 3))
    with pytest.raises(
        rv.RanvierError, match=r"layer 0 \(Conv2d\) gets an input of shape \(3, 5, 5\), expected \(2, H, W\)"
    ):
        plan(rv.Sequential(rv.Conv2d(2, 4, 3), rate=None), (3, 5, 5))
    with pytest.raises(rv.RanvierError, match=r"layer 0 does not take an input of shape \(2, 2, 2\)"):
        plan(rv.Sequential(rv.Conv2d(2, 4, 3), rate=None), (2, 2, 2))
