"""ALIF in the normalisation of 2018: the adaptation is a moving average of the spikes."""

import math

import pytest
import torch

from ranvier.neurons import ALIF
from ranvier.units import ms


def drive(value: float, steps: int) -> torch.Tensor:
    return torch.full((steps, 1, 1), value, dtype=torch.float64)


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_rate_decays_to_a_plateau_and_the_adaptation_converges_to_it(backend: str) -> None:
    run = ALIF(tau_mem=10 * ms, beta=8.0, backend=backend).run(drive(3.0, 5000), record=("b",))
    rates = run.output.flatten().view(10, 500).mean(1)
    assert rates[0] > 1.1 * rates[-1] and rates[5:].max() - rates[5:].min() < 0.005
    assert run.records["b"][-1000:].mean().item() == pytest.approx(run.output[-1000:].mean().item(), rel=0.02)


def test_one_spike_raises_b_by_one_minus_rho_and_lowers_v_by_the_barrier() -> None:
    neuron = ALIF(backend="eager", tau_mem=10 * ms, tau_adapt=200 * ms, beta=2.0)
    start = {"v": torch.tensor([[3.0]], dtype=torch.float64), "b": torch.tensor([[0.25]], dtype=torch.float64)}
    spike, state = neuron.step(torch.zeros(1, 1, dtype=torch.float64), start)
    rho = math.exp(-1 / 200)
    barrier = 1 + 2.0 * 0.25 * rho
    assert spike.item() == 1
    assert state["b"].item() == pytest.approx(rho * 0.25 + 1 - rho, abs=1e-12)
    assert state["v"].item() == pytest.approx(3.0 * math.exp(-0.1) - barrier, abs=1e-12)


def test_the_surrogate_sees_the_relative_distance() -> None:
    """(v - B)/B: doubling membrane, threshold and beta changes no spike, and halves the slope by the membrane."""
    x = 3 * torch.rand(60, 2, 5, dtype=torch.float64)
    small, large = ALIF(backend="eager"), ALIF(backend="eager", v_threshold=2.0, beta=3.4)
    assert torch.equal(small(x), large(2 * x))
    a, b = x.clone().requires_grad_(), (2 * x).requires_grad_()
    small(a).sum().backward()
    large(b).sum().backward()
    torch.testing.assert_close(a.grad, 2 * b.grad)


def test_the_authors_code_compares_the_old_membrane() -> None:
    x = drive(3.0, 40)
    old, new = ALIF(backend="eager", order=("fire", "integrate", "reset"))(x), ALIF(backend="eager")(x)
    assert int(old.flatten().argmax()) == int(new.flatten().argmax()) + 1


def test_a_negative_beta_or_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="ALIF: beta must be >= 0, got -1"):
        ALIF(backend="eager", beta=-1.0)
    with pytest.raises(ValueError, match="ALIF: v_threshold must be > 0, got 0"):
        ALIF(backend="eager", v_threshold=0.0)
