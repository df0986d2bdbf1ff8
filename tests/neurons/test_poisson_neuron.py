"""PoissonNeuron: statistics of a Poisson process, in steps."""

import math

import pytest
import torch

from ranvier.equations import CurrentInput
from ranvier.neurons import PoissonNeuron
from ranvier.units import ms


@pytest.mark.parametrize("rate", [5.0, 200.0, 3000.0])
def test_a_step_has_a_spike_with_the_exact_probability(rate: float) -> None:
    """1 - exp(-r dt); no rate is too high for it."""
    expected = -math.expm1(-rate * 1e-3)
    found = PoissonNeuron(backend="eager")(torch.full((300, 10, 100), rate)).mean().item()
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 300_000))


def test_intervals_and_counts_are_those_of_a_poisson_process() -> None:
    """CV of intervals 1, Fano factor 1; in steps sqrt(1 - p) and 1 - p."""
    for dt, rate in ((0.1 * ms, 50.0), (1 * ms, 300.0)):
        p = -math.expm1(-rate * dt)
        spikes = PoissonNeuron(dt=dt, seed=5, backend="eager")(torch.full((2000, 1, 300), rate))
        gaps = torch.cat([s.nonzero().flatten().diff() for s in spikes.squeeze(1).unbind(1)]).double()
        counts = spikes.view(20, 100, 300).sum(1).double().flatten()
        if dt == 1 * ms:  # where the window is long against an interval
            assert (gaps.std() / gaps.mean()).item() == pytest.approx(math.sqrt(1 - p), abs=0.02)
        assert (counts.var() / counts.mean()).item() == pytest.approx(1 - p, abs=0.04)


def test_silence_and_negative_rates_are_silent() -> None:
    assert PoissonNeuron(backend="eager")(torch.zeros(500, 2, 20)).sum() == 0
    assert PoissonNeuron(backend="eager")(torch.full((500, 2, 20), -100.0)).sum() == 0


def test_the_rate_may_change_from_step_to_step() -> None:
    x = torch.zeros(1000, 1, 200)
    x[400:600] = 400.0
    spikes = PoissonNeuron(backend="eager")(x).squeeze(1)
    assert spikes[:400].sum() == spikes[600:].sum() == 0
    assert spikes[400:600].mean().item() == pytest.approx(-math.expm1(-0.4), abs=0.01)


def test_a_gradient_reaches_the_rate() -> None:
    x = torch.full((20, 1, 3), 200.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(PoissonNeuron(backend="eager")(x).sum(), x)
    assert (gradient > 0).all()


def test_a_current_is_refused() -> None:
    with pytest.raises(
        TypeError, match="PoissonNeuron: dynamics does not use the input current. Use input=ImpulseInput"
    ):
        PoissonNeuron(input=CurrentInput())
