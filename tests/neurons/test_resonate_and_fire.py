"""ResonateAndFire: the turning of a complex number, and the preference for its own rhythm."""

import math

import numpy as np
import pytest
import torch

from ranvier.equations import ImpulseInput
from ranvier.neurons import ResonateAndFire
from ranvier.units import ms

PERIOD = 20  # steps: 50 Hz at 1 ms
OMEGA = 2 * math.pi * 50


def pulses(*at: int, size: float = 0.7, steps: int = 80) -> torch.Tensor:
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[list(at)] = size
    return x


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_the_response_to_a_pulse_is_a_damped_turn(backend: str) -> None:
    neuron = ResonateAndFire(omega=OMEGA, damping=30.0, input=ImpulseInput(), backend=backend)
    run = neuron.run(pulses(0, size=0.9), record=("u", "v"))
    t = np.arange(80) * ms
    z = 0.9 * np.exp((-30 + 1j * OMEGA) * t)
    np.testing.assert_allclose(run.records["u"].flatten().numpy(), z.real, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.records["v"].flatten().numpy(), z.imag, rtol=0, atol=1e-12)


def test_a_constant_current_moves_it_along_the_closed_form() -> None:
    neuron = ResonateAndFire(omega=OMEGA, damping=30.0, c=2e-3, backend="eager")
    run = neuron.run(torch.full((60, 1, 1), 0.2, dtype=torch.float64), record=("u", "v"))
    rate = -30 + 1j * OMEGA
    z = 0.2 / 2e-3 * (np.exp(rate * np.arange(1, 61) * ms) - 1) / rate
    np.testing.assert_allclose(run.records["v"].flatten().numpy(), z.imag, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.records["u"].flatten().numpy(), z.real, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("gap", "fires"), [(PERIOD, True), (PERIOD // 2, False), (2 * PERIOD, True), (PERIOD // 4, False)]
)
def test_pulses_a_period_apart_add_up_and_half_a_period_apart_cancel(gap: int, fires: bool) -> None:
    neuron = ResonateAndFire(omega=OMEGA, damping=5.0, input=ImpulseInput(), backend="eager")
    assert bool(neuron(pulses(2, 2 + gap)).sum() > 0) == fires


def test_inhibition_makes_it_fire_at_the_right_moment() -> None:
    """Half a period before an excitatory pulse, an inhibitory one helps: post-inhibitory facilitation."""
    neuron = ResonateAndFire(omega=OMEGA, damping=5.0, input=ImpulseInput(), backend="eager")
    x = pulses(2 + PERIOD // 2)
    assert neuron(x).sum() == 0
    x[2] = -0.7
    assert neuron(x).sum() > 0


def test_a_spike_puts_it_on_the_threshold_from_which_it_falls() -> None:
    neuron = ResonateAndFire(omega=OMEGA, damping=30.0, v_threshold=0.8, input=ImpulseInput(), backend="eager")
    run = neuron.run(pulses(0, size=1.5, steps=40), record=("u", "v"))
    first = int(run.output.flatten().argmax())
    assert (run.records["u"][first].item(), run.records["v"][first].item()) == (0.0, 0.8)
    assert run.output[first + 1].item() == 0 and run.records["v"][first + 1].item() < 0.8


def test_what_has_no_oscillation_is_refused() -> None:
    with pytest.raises(ValueError, match="ResonateAndFire: omega must be > 0, got 0"):
        ResonateAndFire(omega=0.0)
    with pytest.raises(ValueError, match="ResonateAndFire: damping must be > 0, got -3"):
        ResonateAndFire(damping=-3.0)
