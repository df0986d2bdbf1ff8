"""EPropALIF: the normalisation of 2020, and what separates it from that of 2018."""

import math

import pytest
import torch

from ranvier.neurons import ALIF, EPropALIF
from ranvier.units import ms

RHO, ALPHA = math.exp(-1 / 200), math.exp(-1 / 20)


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_it_is_the_recursion_of_the_paper(backend: str) -> None:
    """V' = a V + I - theta z, b' = rho b + z, A = theta + beta b, in the paper's order."""
    x = 0.25 * torch.rand(300, 1, 4, dtype=torch.float64)
    order = ("integrate", "reset", "fire")
    neuron = EPropALIF(tau_mem=20 * ms, tau_adapt=200 * ms, beta=0.1, order=order, backend=backend)
    run = neuron.run(x, record=("v", "b"))
    v, b, z = (torch.zeros(1, 4, dtype=torch.float64) for _ in range(3))
    spikes = []
    for drive in x:
        v, b = ALPHA * v + drive - 0.6 * z, RHO * b + z
        z = (v >= 0.6 + 0.1 * b).double()
        spikes.append(z)
    assert 0.02 < run.output.mean() < 0.5 and torch.equal(run.output, torch.stack(spikes))
    torch.testing.assert_close(run.records["v"][-1], v, rtol=0, atol=1e-10)
    torch.testing.assert_close(run.records["b"][-1], b, rtol=0, atol=1e-10)


def test_a_spike_adds_one_and_takes_off_the_baseline() -> None:
    neuron = EPropALIF(tau_adapt=200 * ms, beta=0.1, backend="eager")
    start = {"v": torch.tensor([[2.0]], dtype=torch.float64), "b": torch.tensor([[3.0]], dtype=torch.float64)}
    spike, state = neuron.step(torch.zeros(1, 1, dtype=torch.float64), start)
    assert spike.item() == 1
    assert state["v"].item() == pytest.approx(2 * ALPHA - 0.6, abs=1e-12)
    assert state["b"].item() == pytest.approx(3 * RHO + 1, abs=1e-12)


def test_beta_is_not_portable_and_its_conversion_is() -> None:
    """Beta_2020 = beta (1 - rho)/(1 - alpha), some 100 times smaller: the same spikes then, and others without."""
    beta = EPropALIF.beta_of_2018(1.7, tau_mem=20 * ms, tau_adapt=2000 * ms)
    assert beta == pytest.approx(0.0174, abs=1e-4) and 1.7 / beta > 50
    x = 2.5 * torch.rand(600, 1, 4, dtype=torch.float64)
    adaptive = {"tau_mem": 20 * ms, "tau_adapt": 300 * ms, "backend": "eager"}
    old = ALIF(beta=1.7, **adaptive)
    scaled = EPropALIF.beta_of_2018(1.7, tau_mem=20 * ms, tau_adapt=300 * ms)
    new = EPropALIF(beta=scaled, v_threshold=1 / (1 - ALPHA), **adaptive)
    first = [int(n(x)[:, 0, 0].argmax()) for n in (old, new)]
    assert first[0] == first[1]
    # the resets differ (by the barrier, by the baseline), so spikes are compared where they do not matter: at the threshold
    rise_old = 1.7 * (1 - math.exp(-1 / 300))
    assert scaled * (1 - ALPHA) == pytest.approx(rise_old, rel=1e-12)
    raw = EPropALIF(beta=1.7, v_threshold=1 / (1 - ALPHA), **adaptive)
    assert new(x).sum() > 2 and raw(x).sum() != new(x).sum()


def test_a_constant_drive_settles_at_a_lower_rate() -> None:
    """The rate decays to a plateau; b converges to the rate times tau_adapt/dt."""
    run = EPropALIF(tau_adapt=200 * ms, beta=0.05, backend="eager").run(
        torch.full((4000, 1, 1), 0.2, dtype=torch.float64), record=("b",)
    )
    rates = run.output.flatten().view(8, 500).mean(1)
    assert rates[0] > 1.1 * rates[-1] and rates[4:].max() - rates[4:].min() < 0.01
    assert run.records["b"][-1000:].mean().item() * (1 - RHO) == pytest.approx(rates[-1].item(), rel=0.05)


def test_the_surrogate_sees_the_distance_over_the_baseline() -> None:
    """Psi depends on (V - A)/theta."""
    small, large = EPropALIF(backend="eager"), EPropALIF(v_threshold=1.2, beta=0.0348, backend="eager")
    a = (0.2 * torch.rand(60, 2, 5, dtype=torch.float64)).requires_grad_()
    b = (2 * a.detach()).requires_grad_()
    (of_small,) = torch.autograd.grad(small(a).sum(), a)
    (of_large,) = torch.autograd.grad(large(b).sum(), b)
    torch.testing.assert_close(of_small, 2 * of_large)


def test_a_negative_beta_is_refused() -> None:
    with pytest.raises(ValueError, match="EPropALIF: beta must be >= 0, got -1"):
        EPropALIF(beta=-1.0)
