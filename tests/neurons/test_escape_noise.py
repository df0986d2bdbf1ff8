"""EscapeLIF: probabilities, the limit without noise, the likelihood of a train; its noise is a value of the state."""

import math
from typing import Any

import pytest
import torch

from ranvier.equations import ImpulseInput, NoReset
from ranvier.neurons import LIF, EscapeLIF
from ranvier.units import ms

F64 = torch.float64


def held(v: float, **options) -> EscapeLIF:
    """A neuron whose membrane stays at v."""
    return EscapeLIF(v_leak=v, reset=NoReset(), backend="eager", **options)


@pytest.mark.parametrize("v", [0.7, 1.0, 1.15])
def test_the_probability_of_a_spike_is_one_minus_the_survival(v: float) -> None:
    """P = 1 - exp(-rho dt), rho = rate exp((v - theta)/width)."""
    neuron = held(v, rate=100.0, width=0.1, dt=2 * ms)
    expected = -math.expm1(-0.2 * math.exp((v - 1) / 0.1))
    found = neuron(torch.zeros(200, 10, 100)).mean().item()
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 200_000))
    assert neuron.hazard(torch.tensor(v)).item() == pytest.approx(100 * math.exp((v - 1) / 0.1), rel=1e-5)


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_without_width_it_is_the_lif(backend: str) -> None:
    """Du -> 0 recovers the deterministic neuron; at 0 exactly, and nearly before."""
    x = 2.5 * torch.rand(200, 2, 5, dtype=F64)
    sharp = LIF(tau_mem=10 * ms, backend=backend)(x)
    assert sharp.sum() > 50 and torch.equal(EscapeLIF(tau_mem=10 * ms, width=0.0, backend=backend)(x), sharp)
    differs = [(EscapeLIF(tau_mem=10 * ms, width=w, backend=backend)(x) != sharp).sum() for w in (0.3, 0.03, 1e-6)]
    assert differs[0] > differs[1] > differs[2] == 0


def test_a_strong_drive_overflows_nowhere() -> None:
    """The exponent is never formed."""
    x = (1e4 * torch.rand(20, 1, 3)).requires_grad_()
    run = EscapeLIF(width=1e-3, backend="eager").run(x, record=("v",))
    (gradient,) = torch.autograd.grad(run.output.sum(), x)
    assert torch.isfinite(run.output).all() and torch.isfinite(gradient).all() and run.output.mean() > 0.5


def test_the_same_seed_gives_the_same_spikes_in_every_float_type_and_another_seed_others() -> None:
    x = 2 * torch.rand(100, 2, 40)
    a, b, c = (EscapeLIF(seed=s, backend="eager")(x) for s in (3, 3, 4))
    assert torch.equal(a, b) and not torch.equal(a, c)
    neuron = EscapeLIF(seed=3, backend="eager")
    wide = neuron(x.double())
    assert (wide != a).float().mean() < 1e-3, "only where a membrane meets its threshold in the last digit"
    neuron.seed = 4
    assert torch.equal(neuron(x), c) and "seed=4" in repr(neuron)


def test_a_run_can_be_cut_and_repeated_from_its_state() -> None:
    neuron, x = EscapeLIF(backend="eager"), 2 * torch.rand(60, 2, 5)
    whole, first = neuron.run(x), neuron.run(x[:25])
    again = [neuron.run(x[25:], first.state) for _ in range(2)]
    assert torch.equal(torch.cat([first.output, again[0].output]), whole.output)
    assert torch.equal(again[0].output, again[1].output), "nothing in the module has changed"
    assert torch.equal(again[0].state["drawn"], whole.state["drawn"])


def test_neurons_and_rows_have_noise_of_their_own() -> None:
    spikes = held(1.0, rate=200.0)(torch.zeros(400, 20, 20)).flatten(1)
    centred = spikes - spikes.mean(0)
    correlation = centred.T @ centred / (centred.norm(dim=0)[:, None] * centred.norm(dim=0))
    correlation.fill_diagonal_(0)
    assert correlation.abs().max() < 0.3 and correlation.mean().abs() < 5e-3


def test_the_gradient_of_the_likelihood_is_a_finite_difference() -> None:
    """Finite differences, < 1e-6; and Pfister's sum_f eps(t_f)/Du - int rho eps/Du."""
    g = torch.Generator().manual_seed(0)
    epsilon = torch.rand(50, 4, generator=g, dtype=F64)  # filtered input of four synapses
    spikes = (torch.rand(50, 1, 1, generator=g, dtype=F64) < 0.2).double()
    neuron = EscapeLIF(rate=80.0, width=0.2)

    def likelihood(w: torch.Tensor) -> torch.Tensor:
        return neuron.log_likelihood((epsilon @ w).view(50, 1, 1), spikes).sum()

    w = torch.tensor([0.3, 0.5, -0.2, 0.4], dtype=F64, requires_grad=True)
    (gradient,) = torch.autograd.grad(likelihood(w), w)
    for k in range(4):
        step = torch.zeros(4, dtype=F64)
        step[k] = 1e-5
        slope = (likelihood(w.detach() + step) - likelihood(w.detach() - step)) / 2e-5
        assert abs(float(slope - gradient[k])) < 1e-6
    rho = neuron.hazard(epsilon @ w.detach())
    pfister = ((spikes.view(50) - rho * neuron.dt)[:, None] * epsilon / 0.2).sum(0)
    torch.testing.assert_close(gradient, pfister, rtol=1e-10, atol=1e-10)


def test_the_likelihood_teaches_a_causal_window() -> None:
    """Pfister's learned window: input shortly before a wanted spike is strengthened, input after it is not."""
    steps, wanted = 60, 30
    t = torch.arange(steps, dtype=F64)
    changes = []
    for lag in (-10, -2, 5):
        epsilon = torch.where(t >= wanted + lag, torch.exp(-(t - wanted - lag) / 10), 0.0)
        w = torch.tensor(0.0, dtype=F64, requires_grad=True)
        spikes = (t == wanted).double().view(-1, 1, 1)
        likelihood = EscapeLIF(width=0.3).log_likelihood((w * epsilon).view(-1, 1, 1), spikes).sum()
        changes.append(torch.autograd.grad(likelihood, w)[0].item())
    assert changes[1] > changes[0] > 0 > changes[2]


def test_what_cannot_be_is_refused() -> None:
    wrong: dict[str, Any] = {"seed": "7"}
    with pytest.raises(ValueError, match="EscapeLIF: width must be >= 0, got -0.1"):
        EscapeLIF(width=-0.1)
    with pytest.raises(ValueError, match="EscapeLIF: rate must be > 0, got 0"):
        EscapeLIF(rate=0.0)
    with pytest.raises(
        TypeError, match="EscapeLIF draws random numbers, which torch.bfloat16 cannot count. Use torch.float32"
    ):
        EscapeLIF(backend="eager")(torch.zeros(2, 1, 1, dtype=torch.bfloat16))
    with pytest.raises(TypeError, match="EscapeLIF: seed must be a whole number, got '7'. Write seed=0"):
        EscapeLIF(**wrong)
    with pytest.raises(ValueError, match="LIF draws no random numbers, so it has no seed. Remove seed=3"):
        LIF(seed=3)
    with pytest.raises(
        ValueError, match=r"v and spikes must have one shape \[T, B, \*N\], got \(3, 1, 1\) and \(2, 1, 1\)"
    ):
        EscapeLIF().log_likelihood(torch.zeros(3, 1, 1), torch.zeros(2, 1, 1))


def test_impulses_and_per_neuron_widths_work() -> None:
    neuron = EscapeLIF(input=ImpulseInput(), width=torch.tensor([0.0, 0.5]), learn=("width",), backend="eager")
    x = torch.full((300, 1, 2), 0.045)
    spikes = neuron(x)
    spikes.sum().backward()
    assert spikes[:, :, 0].sum() == 0 and spikes[:, :, 1].sum() > 0 and neuron.raw_width.grad is not None


def test_without_noise_the_hazard_is_a_step_and_there_is_no_likelihood() -> None:
    sharp = EscapeLIF(width=torch.tensor([0.0, 0.2]), rate=100.0)
    assert sharp.hazard(torch.tensor([[0.9, 1.0], [1.0, 1.0], [1.1, 1.0]])).tolist() == [
        [0, 100],
        [math.inf, 100],
        [math.inf, 100],
    ]
    with pytest.raises(ValueError, match=r"EscapeLIF: a likelihood needs noise, got width=0, .*Write width=0\.2"):
        sharp.log_likelihood(torch.zeros(3, 1, 2), torch.zeros(3, 1, 2))
