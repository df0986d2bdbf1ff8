"""IF: counting, soft and hard reset, current input."""

import pytest
import torch

from ranvier.equations import BlockSpikes, CurrentInput, NoReset, Subtract
from ranvier.neurons import IF
from ranvier.units import ms


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_soft_reset_keeps_the_rest_and_hard_reset_loses_it(backend: str) -> None:
    """0.37 a step for 100 steps is 37 spikes in exact arithmetic; float64 misses the last tie by rounding."""
    x = torch.full((100, 1, 1), 0.37, dtype=torch.float64)
    assert int(IF(reset=Subtract(), backend=backend)(x).sum()) == 36
    assert int(IF(backend=backend)(x).sum()) == 33


def test_soft_reset_conserves_charge() -> None:
    x = torch.rand(200, 3, 7, dtype=torch.float64)
    run = IF(backend="eager", reset=Subtract(), v_threshold=1.5).run(x)
    torch.testing.assert_close(run.output.sum(0) * 1.5 + run.state["v"], x.sum(0))


def test_soft_reset_bursts_after_a_large_input() -> None:
    x = torch.tensor([3.5, 0, 0, 0, 0]).view(5, 1, 1)
    assert IF(backend="eager", reset=Subtract())(x).flatten().tolist() == [1, 1, 1, 0, 0]
    assert IF(backend="eager")(x).flatten().tolist() == [1, 0, 0, 0, 0]


def test_current_is_scaled_by_dt_over_c() -> None:
    run = IF(backend="eager", c=2e-3, dt=0.5 * ms, input=CurrentInput()).run(torch.full((4, 1, 1), 0.8), record=("v",))
    torch.testing.assert_close(run.records["v"].flatten(), torch.tensor([0.2, 0.4, 0.6, 0.8]))


def test_starts_at_the_reset_value_and_does_not_leak() -> None:
    run = IF(backend="eager", v_reset=-0.25).run(torch.zeros(5, 1, 1), record=("v",))
    assert run.records["v"].flatten().tolist() == [-0.25] * 5


def test_gradient_of_the_membrane_is_the_number_of_steps_kept() -> None:
    x = torch.full((5, 1, 1), 0.1, dtype=torch.float64, requires_grad=True)
    IF(backend="eager").run(x, record=("v",)).records["v"].sum().backward()
    assert x.grad.flatten().tolist() == pytest.approx([5, 4, 3, 2, 1], rel=1e-12)


def test_blocked_spikes_come_after_the_period() -> None:
    x = torch.ones(9, 1, 1)
    assert IF(backend="eager", refractory=BlockSpikes(2 * ms))(x).flatten().tolist() == [1, 0, 0, 1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_spike_a_sample(dtype: torch.dtype) -> None:
    """No leak, no reset, and a refractory period that outlasts any sample: the neuron of spike-timing convolutional networks."""
    once = IF(v_threshold=10.0, reset=NoReset(), refractory=BlockSpikes(1e6), backend="eager")
    x = torch.rand(300, 2, 5, generator=torch.Generator().manual_seed(0), dtype=dtype)
    run = once.run(x, record=("v",))
    assert run.output.sum(0).eq(1).all()
    first = (x.cumsum(0) >= 10).float().argmax(0)
    assert torch.equal(run.output.argmax(0), first)
    torch.testing.assert_close(run.records["v"][-1], x.sum(0)), "potentials go on: global pooling reads them"
    assert once.run(x, run.state).output.sum() == 0
