"""BalancedResonateAndFire against its paper's recursion; it cannot diverge."""

import math

import numpy as np
import pytest
import torch

from ranvier.equations import NoReset
from ranvier.neurons import BalancedResonateAndFire
from ranvier.units import ms


def recursion(x: np.ndarray, omega: float, offset: float, delta: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """The paper's step, in its units: threshold 1 + q, q <- 0.9 q + z."""
    u = v = q = 0.0
    boundary = (-1 + math.sqrt(1 - (delta * omega) ** 2)) / delta
    spikes, real = np.zeros(len(x)), np.zeros(len(x))
    for t, drive in enumerate(x):
        b = boundary - offset - q
        u, v = u + delta * (b * u - omega * v + drive), v + delta * (omega * u + b * v)
        spikes[t] = u - 1 - q > 0
        q, real[t] = 0.9 * q + spikes[t], u
    return spikes, real


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_it_is_the_recursion_of_the_paper(backend: str) -> None:
    x = 60 * np.random.default_rng(3).standard_normal(400)
    spikes, real = recursion(x, omega=8.0, offset=2.0)
    neuron = BalancedResonateAndFire(omega=80.0, damping=20.0, fire_on=">", backend=backend)
    run = neuron.run(torch.from_numpy(x).view(-1, 1, 1), record=("v",))
    assert 10 < spikes.sum() < 200
    np.testing.assert_array_equal(run.output.flatten().numpy(), spikes)
    np.testing.assert_allclose(run.records["v"].flatten().numpy(), real, rtol=0, atol=1e-10)


def test_at_the_boundary_the_oscillation_neither_grows_nor_shrinks() -> None:
    """The modulus of Euler's factor is 1 there: (1 + dt p)^2 + (dt omega)^2 = 1."""
    for omega in (20.0, 950.0):
        neuron = BalancedResonateAndFire(omega=omega, damping=0.0, v_threshold=9.0, backend="eager")
        start = {k: torch.zeros(1, 1, dtype=torch.float64) for k in ("u", "q")} | {
            "v": torch.ones(1, 1, dtype=torch.float64)
        }
        run = neuron.run(torch.zeros(800, 1, 1, dtype=torch.float64), start, ("v", "u"))
        modulus = (run.records["v"] ** 2 + run.records["u"] ** 2).sqrt()
        torch.testing.assert_close(modulus, torch.ones_like(modulus), rtol=0, atol=1e-10)


def test_a_spike_damps_and_raises_the_threshold_for_a_while() -> None:
    x = torch.zeros(120, 1, 1, dtype=torch.float64)
    x[:3] = 60.0
    run = BalancedResonateAndFire(backend="eager").run(x, record=("q",))
    q = run.records["q"].flatten()
    first = int(run.output.flatten().argmax())
    assert run.output.sum() >= 1 and q[first].item() == pytest.approx(1.0)
    assert q[first + 1].item() == pytest.approx(0.9 + run.output.flatten()[first + 1].item())
    loose = BalancedResonateAndFire(rise=0.0, pull=0.0, backend="eager")(x)
    assert loose.sum() > run.output.sum()


def test_refractoriness_stays_where_the_membrane_is_not_reset() -> None:
    """It has no other reset: NoReset changes nothing."""
    x = 60 * torch.randn(200, 1, 2, dtype=torch.float64)
    plain, none = (BalancedResonateAndFire(reset=r, backend="eager")(x) for r in (None, NoReset()))
    assert plain.sum() > 5 and torch.equal(plain, none)


def test_frequencies_that_the_step_cannot_follow_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dt \* omega must be below 1, got 1\.5 \(dt=0\.001 s, 238\.\d+ Hz\)"):
        BalancedResonateAndFire(omega=1500.0)
    with pytest.raises(ValueError, match="tau_refractory must exceed dt, got 0.001 s"):
        BalancedResonateAndFire(tau_refractory=1 * ms)
    with pytest.raises(ValueError, match="damping must be >= 0, got -1"):
        BalancedResonateAndFire(damping=-1.0)
