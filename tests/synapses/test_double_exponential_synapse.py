"""DoubleExponentialSynapse: response, peak, area, the limit of equal time constants and its gradient, refusals."""

import math
from typing import Any

import pytest
import torch

from ranvier.synapses import AlphaSynapse, DoubleExponentialSynapse
from ranvier.units import ms

F64 = torch.float64


def response(rise: float, decay: float, steps: int = 600, dt: float = 0.1 * ms, **options: Any) -> torch.Tensor:
    x = torch.zeros(steps, 1, 1, dtype=F64)
    x[0] = 1.0
    return DoubleExponentialSynapse(tau_rise=rise, tau_decay=decay, dt=dt, backend="eager", **options)(x).flatten()


def closed(rise: float, decay: float, t: torch.Tensor) -> torch.Tensor:
    peak = rise * decay / (decay - rise) * math.log(decay / rise)
    height = math.exp(-peak / decay) - math.exp(-peak / rise)
    return (torch.exp(-t / decay) - torch.exp(-t / rise)) / height


@pytest.mark.parametrize(("rise", "decay"), [(0.5, 2.0), (2.0, 8.0), (4.9, 5.1), (8.0, 2.0)])
def test_response_to_one_spike(rise: float, decay: float) -> None:
    t = torch.arange(600, dtype=F64) * 0.1 * ms
    expected = closed(rise * ms, decay * ms, t)
    torch.testing.assert_close(response(rise * ms, decay * ms), expected, rtol=1e-9, atol=1e-12)


def test_peak_is_one_and_where_it_is_said_to_be() -> None:
    """tau_decay = 4 tau_rise: the difference has its peak at 4/3 ln 4 of tau_rise, the factor to unit height is 2.116535."""
    dt = 0.01 * ms
    i = response(1 * ms, 4 * ms, 4000, dt)
    assert i.max().item() == pytest.approx(1.0, abs=1e-5)
    assert i.argmax().item() * dt == pytest.approx(4 / 3 * math.log(4) * ms, abs=dt)
    assert i.sum().item() * dt == pytest.approx(2.116535 * (4 - 1) * ms, rel=1e-2)
    t = torch.tensor(2 * ms, dtype=F64)
    assert i[200].item() == pytest.approx(
        2.116535 * (torch.exp(-t / (4 * ms)) - torch.exp(-t / (1 * ms))).item(), rel=1e-6
    )


def test_area() -> None:
    i = response(2 * ms, 5 * ms, 2000)
    peak = 2 * 5 / 3 * math.log(2.5)
    assert i.sum().item() * 0.1 == pytest.approx(2 * 5 * math.exp(peak / 2) / 5, rel=1e-3)


@pytest.mark.parametrize("off", [0.0, 1e-12, -1e-12, 1e-6, -1e-6])
def test_equal_time_constants_are_the_alpha_function(off: float) -> None:
    x = torch.randn(80, 1, 2, dtype=F64)
    double = DoubleExponentialSynapse(tau_rise=3 * ms * (1 + off), tau_decay=3 * ms, backend="eager")(x)
    torch.testing.assert_close(double, AlphaSynapse(tau=3 * ms, backend="eager")(x), rtol=0, atol=1e-11 + 5 * abs(off))


def test_gradients_of_equal_time_constants() -> None:
    """By both together, the gradient is that of the alpha function; by each, finite differences across the limit."""
    x = torch.randn(60, 1, 1, dtype=F64)
    both = DoubleExponentialSynapse(
        tau_rise=3 * ms, tau_decay=3 * ms, learn=("tau_rise", "tau_decay"), backend="eager"
    ).double()
    alpha = AlphaSynapse(tau=3 * ms, learn=("tau",), backend="eager").double()
    for synapse in (both, alpha):
        synapse(x).square().sum().backward()
    rise, decay = (float(p.grad.item()) for p in both.parameters() if p.grad is not None)
    (expected,) = (float(p.grad.item()) for p in alpha.parameters() if p.grad is not None)
    assert rise + decay == pytest.approx(expected, rel=1e-6)

    def loss(rise: float) -> float:
        synapse = DoubleExponentialSynapse(tau_rise=rise, tau_decay=3 * ms, backend="eager")
        return synapse(x).square().sum().item()

    step = 1e-4
    assert rise == pytest.approx(
        (loss(3 * ms * math.exp(step)) - loss(3 * ms * math.exp(-step))) / (2 * step), rel=1e-5
    )


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"DoubleExponentialSynapse: tau_rise must be > 0, got 0"):
        DoubleExponentialSynapse(tau_rise=0.0)
    with pytest.raises(ValueError, match=r"DoubleExponentialSynapse: dt must not exceed tau_rise"):
        DoubleExponentialSynapse(tau_rise=0.5 * ms)
