"""AlphaSynapse: response, peak, area, superposition, refusals."""

import math

import pytest
import torch

from ranvier.synapses import AlphaSynapse
from ranvier.units import ms

F64 = torch.float64


def response(tau: float, steps: int, dt: float = 0.1 * ms) -> torch.Tensor:
    x = torch.zeros(steps, 1, 1, dtype=F64)
    x[0] = 2.0
    return AlphaSynapse(tau=tau, dt=dt, backend="eager")(x).flatten()


def test_response_to_one_spike() -> None:
    t = torch.arange(400, dtype=F64) * 0.1
    torch.testing.assert_close(response(3 * ms, 400), 2 * t / 3 * torch.exp(1 - t / 3), rtol=1e-10, atol=1e-14)


def test_peak_and_area() -> None:
    i = response(3 * ms, 1000)
    assert i.argmax().item() == 30 and i.max().item() == pytest.approx(2.0, abs=1e-12)
    # trapezoids: the error is dt^2/12 times the slope at 0
    assert i.sum().item() * 0.1 * ms == pytest.approx(2 * math.e * 3 * ms, rel=1e-4)


def test_superposition() -> None:
    a, b = torch.randn(2, 40, 2, 3, dtype=F64)
    synapse = AlphaSynapse(backend="eager")
    torch.testing.assert_close(synapse(a - 3 * b), synapse(a) - 3 * synapse(b), rtol=1e-12, atol=1e-12)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"AlphaSynapse: tau must be > 0, got -0\.005"):
        AlphaSynapse(tau=-5 * ms)
