"""Synaptic: the exact map of two decays, its limit, and what a reset leaves alone."""

import math

import numpy as np
import pytest
import torch

from ranvier.equations import Euler, NoReset, Subtract
from ranvier.neurons import LIF, Synaptic
from ranvier.units import ms


def impulse(size: float, steps: int) -> torch.Tensor:
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[0] = size
    return x


@pytest.mark.parametrize("backend", ["cpu", "eager"])
@pytest.mark.parametrize("tau_syn", [5 * ms, 20 * ms])
def test_the_response_to_an_impulse_is_the_sum_of_products_of_decays(tau_syn: float, backend: str) -> None:
    """U[n] = sum_k beta^(n-k) alpha^k, to 1e-12; equal time constants included."""
    neuron = Synaptic(tau_mem=20 * ms, tau_syn=tau_syn, r=2.0, backend=backend, reset=NoReset(), v_threshold=9.0)
    v = neuron.run(impulse(0.3, 60), record=("v",)).records["v"].flatten().numpy()
    alpha, beta = math.exp(-1 * ms / tau_syn), math.exp(-1 / 20)
    expected = [sum(beta ** (n - k) * alpha**k for k in range(n + 1)) for n in range(60)]
    np.testing.assert_allclose(v, 0.6 * np.array(expected), rtol=0, atol=1e-12)


def test_it_is_a_difference_of_exponentials() -> None:
    """(beta^(n+1) - alpha^(n+1))/(beta - alpha), the closed form of the sum."""
    alpha, beta = math.exp(-1 / 5), math.exp(-1 / 20)
    v = Synaptic(v_threshold=99.0, backend="eager").run(impulse(1.0, 40), record=("v",)).records["v"].flatten().numpy()
    n = np.arange(1, 41)
    np.testing.assert_allclose(v, (beta**n - alpha**n) / (beta - alpha), rtol=0, atol=1e-12)


def test_without_a_synapse_it_is_the_lif_that_adds_its_input() -> None:
    """Alpha -> 0 reduces it to the first-order LIF. The shortest tau_syn is dt, so Euler's alpha of exactly 0 is taken."""
    x = 0.5 * torch.rand(80, 2, 3, dtype=torch.float64)
    with pytest.warns(UserWarning, match=r"Synaptic: Euler\(\) with dt=0\.001 s above a fifth of tau_syn=0\.001 s"):
        second = Synaptic(tau_syn=1 * ms, tau_mem=10 * ms, integrator=Euler(), backend="eager")
    first = LIF(tau_mem=10 * ms, integrator=Euler(), input=LIF.from_beta(0.9).options.drive, backend="eager")
    a, b = second.run(x, record=("v",)), first.run(x, record=("v",))
    assert a.output.sum() > 10 and torch.equal(a.output, b.output)
    torch.testing.assert_close(a.records["v"], b.records["v"], rtol=0, atol=1e-12)


def test_a_reset_clears_the_membrane_and_leaves_the_current() -> None:
    """Reset to zero leaves I untouched."""
    runs = [Synaptic(reset=r, backend="eager").run(impulse(1.5, 4), record=("v", "i")) for r in (None, Subtract())]
    assert all(run.output[0].item() == 1 for run in runs)
    assert runs[0].records["v"][0].item() == 0 and runs[1].records["v"][0].item() == 0.5
    for run in runs:
        expected = [1.5 * math.exp(-k / 5) for k in range(4)]
        assert run.records["i"].flatten().tolist() == pytest.approx(expected, abs=1e-12)


def test_it_decays_to_the_resting_potential() -> None:
    v = Synaptic(v_leak=-0.4, backend="eager").run(impulse(0.0, 30), {
        "i": torch.zeros(1, 1, dtype=torch.float64), "v": torch.full((1, 1), 0.6, dtype=torch.float64)
    }, ("v",)).records["v"].flatten()  # fmt: skip
    t = torch.arange(1, 31, dtype=torch.float64)
    torch.testing.assert_close(v, -0.4 + torch.exp(-t / 20), rtol=0, atol=1e-12)


def test_a_time_constant_below_dt_is_refused() -> None:
    with pytest.raises(ValueError, match="Synaptic: dt must not exceed tau_syn, got dt=0.001 s and tau_syn=0.0005 s"):
        Synaptic(tau_syn=0.5 * ms)
