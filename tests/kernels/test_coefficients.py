"""Coefficients of exact integration against closed forms, to the last digits for any step and any units, and their gradients."""

import math

import pytest
import torch

from ranvier.kernels.coefficients import exponential
from ranvier.neurons import LI
from ranvier.synapses import ExponentialSynapse
from ranvier.units import Mohm, ms, nA

F64 = torch.float64
STEPS = [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 5e-3]


def two_decays(a: float, b: float) -> float:
    """(exp(-a) - exp(-b))/(b - a), and exp(-a) for equal ones, without cancellation."""
    return math.exp(-a) if a == b else -math.exp(-a) * math.expm1(a - b) / (b - a)


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("gain", [1e-9, 1.0, 1e10])
@pytest.mark.parametrize("tau_syn", [5e-3, 20e-3])
def test_a_synapse_on_a_membrane(dt: float, gain: float, tau_syn: float) -> None:
    """dv/dt = -v/tau_mem + gain i + c, di/dt = -i/tau_syn: each entry, whatever the step and the unit of i."""
    a, b = dt / 20e-3, dt / tau_syn
    found = exponential(torch.tensor([[-a, gain * dt, dt], [0.0, -b, 0.0], [0.0, 0.0, 0.0]], dtype=F64))
    expected = [
        [math.exp(-a), gain * dt * two_decays(a, b), -dt * math.expm1(-a) / a],
        [0.0, math.exp(-b), 0.0],
        [0.0, 0.0, 1.0],
    ]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=F64), rtol=1e-13, atol=0)


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("unit", [1.0, 1e8])
def test_a_resonator(dt: float, unit: float) -> None:
    """A damped rotation, its two states in units far apart."""
    damped, turned = dt / 20e-3, 2 * math.pi * 40 * dt
    found = exponential(torch.tensor([[-damped, -turned * unit], [turned / unit, -damped]], dtype=F64))
    cosine, sine = (math.exp(-damped) * f(turned) for f in (math.cos, math.sin))
    expected = torch.tensor([[cosine, -sine * unit], [sine / unit, cosine]], dtype=F64)
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)


def test_many_at_once_large_ones_and_none() -> None:
    rates = torch.logspace(-6, 2, 9, dtype=F64)
    pairs = torch.stack([torch.diag_embed(torch.stack([-r, -2 * r])) for r in rates])
    expected = torch.diag_embed(torch.stack([-rates, -2 * rates], -1).exp())
    torch.testing.assert_close(
        exponential(pairs), expected, rtol=1e-12, atol=0
    )  # 100 time constants in a step: 10 squarings
    assert exponential(torch.zeros(3, 3, dtype=F64)).equal(torch.eye(3, dtype=F64))
    assert exponential(torch.full((2, 2), math.nan, dtype=F64)).isnan().all()


def test_gradients_reach_the_time_constants() -> None:
    """d/da and d/db of gain (exp(-a) - exp(-b))/(b - a)."""
    a, b, gain = torch.tensor([0.005, 0.02, 1e5], dtype=F64, requires_grad=True).unbind()
    a.retain_grad()
    b.retain_grad()
    zero = torch.zeros((), dtype=F64)
    exponential(torch.stack([torch.stack([-a, gain]), torch.stack([zero, -b])]))[0, 1].backward()
    x, y = a.item(), b.item()
    shared = two_decays(x, y)
    assert a.grad is not None and b.grad is not None
    assert a.grad.item() == pytest.approx(
        1e5 * (shared - math.exp(-x)) / (y - x), rel=1e-11
    )  # of the formula itself, not of ours
    assert b.grad.item() == pytest.approx(1e5 * (math.exp(-y) - shared) / (y - x), rel=1e-11)
    full = 0.3 * torch.randn(2, 3, 3, dtype=F64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(exponential, full.requires_grad_(), atol=1e-9)


@pytest.mark.parametrize("dt", [1e-3 * ms, 0.1 * ms])
def test_a_model_follows_its_closed_form(dt: float) -> None:
    """The response of a membrane to one impulse of synaptic current, over 50 steps."""
    kind = ExponentialSynapse.onto(LI)
    model = kind(tau_mem=20 * ms, tau=5 * ms, r=100 * Mohm, dt=dt, backend="eager")
    x = torch.zeros(51, 1, 1, dtype=F64)
    x[0] = 1 * nA
    v = model(x).flatten()[1:]
    expected = [0.1 * k * dt / (20 * ms) * two_decays(k * dt / (20 * ms), k * dt / (5 * ms)) for k in range(1, 51)]
    torch.testing.assert_close(v, torch.tensor(expected, dtype=F64), rtol=1e-13, atol=0)
