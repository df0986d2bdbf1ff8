"""ExponentialSynapse: response, area, superposition, refusals."""

import math

import pytest
import torch

from ranvier.neurons import CubaLIF
from ranvier.synapses import ExponentialSynapse
from ranvier.units import ms

F64 = torch.float64


@pytest.mark.parametrize(("tau", "dt"), [(5 * ms, 1 * ms), (3 * ms, 0.1 * ms), (1 * ms, 1 * ms)])
def test_response_to_one_spike(tau: float, dt: float) -> None:
    x = torch.zeros(600, 1, 1, dtype=F64)
    x[7] = 2.5
    i = ExponentialSynapse(tau=tau, dt=dt, backend="eager")(x).flatten()
    t = (torch.arange(600) - 7).to(F64) * dt
    torch.testing.assert_close(i, 2.5 * torch.exp(-t / tau) * (t >= 0), rtol=1e-12, atol=1e-15)
    # the area of samples at the start of each step is a geometric sum, 2.5 tau in the limit dt -> 0
    assert dt * i.sum().item() == pytest.approx(-2.5 * dt / math.expm1(-dt / tau), rel=1e-8)


def test_superposition() -> None:
    a, b = torch.randn(2, 40, 2, 3, dtype=F64)
    synapse = ExponentialSynapse(backend="eager")
    torch.testing.assert_close(synapse(2 * a - b), 2 * synapse(a) - synapse(b), rtol=1e-12, atol=1e-12)


def test_it_is_the_synapse_of_the_current_based_neuron() -> None:
    x = torch.randn(30, 1, 2, dtype=F64)
    current = CubaLIF(tau_syn=4 * ms, backend="eager").run(x, record=("i",)).records["i"]
    torch.testing.assert_close(ExponentialSynapse(tau=4 * ms, backend="eager")(x), current, rtol=1e-12, atol=1e-12)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"ExponentialSynapse: tau must be > 0, got 0\. Write tau=0\.005"):
        ExponentialSynapse(tau=0.0)
    with pytest.raises(
        ValueError, match=r"ExponentialSynapse: dt must not exceed tau, got dt=0\.01 s and tau=0\.005 s"
    ):
        ExponentialSynapse(dt=10 * ms)
