"""LI and Accumulator, the readouts that do not fire: their output is the membrane."""

import math

import pytest
import torch

from ranvier.equations import CurrentInput, ImpulseInput
from ranvier.neurons import LI, Accumulator
from ranvier.units import ms


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_li_filters_its_input(backend: str) -> None:
    x = torch.zeros(40, 1, 1, dtype=torch.float64)
    x[3:] = 0.7
    run = LI(tau_mem=10 * ms, r=2.0, v_leak=0.1, backend=backend).run(x, record=("v",))
    t = torch.arange(40, dtype=torch.float64)
    expected = 0.1 - 1.4 * torch.expm1(-(t - 2).clamp(min=0) / 10)
    torch.testing.assert_close(run.output.flatten(), expected, rtol=0, atol=1e-12)
    assert torch.equal(run.output, run.records["v"]) and torch.equal(run.state["v"], run.output[-1])


def test_li_takes_impulses_unscaled() -> None:
    x = torch.tensor([1.0, 0, 0], dtype=torch.float64).view(3, 1, 1)
    y = LI(backend="eager", tau_mem=10 * ms, r=5.0, input=ImpulseInput())(x).flatten().tolist()
    assert y == pytest.approx([1, math.exp(-0.1), math.exp(-0.2)], abs=1e-12)


def test_the_accumulator_is_a_running_sum() -> None:
    x = torch.randn(20, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(Accumulator(backend="eager")(x), x.cumsum(0))
    torch.testing.assert_close(Accumulator(backend="eager", c=2e-3, input=CurrentInput())(x), x.cumsum(0) / 2)


def test_readouts_do_not_fire() -> None:
    assert not LI(backend="eager").fires and not Accumulator(backend="eager").fires
    assert LI(backend="eager")(torch.full((50, 1, 1), 9.0)).max() > 8
