"""Protocols: values at their edges, and the statistics of noise."""

import numpy as np
import pytest

from ranvier.instruments import Noise, Pulses, Ramp, Step, Stimulus
from ranvier.units import ms


def test_a_step_begins_and_ends_with_the_step_of_its_time() -> None:
    x = Step(2.0, start=3 * ms, stop=5 * ms, baseline=-1.0).current(7 * ms, dt=1 * ms)
    assert x.tolist() == [-1, -1, -1, 2, 2, -1, -1]
    assert Step(1.0).current(1.0, dt=0.1 * ms).tolist() == [1.0] * 10_000


@pytest.mark.parametrize("dt", [0.1 * ms, 0.025 * ms, 0.3 * ms])
def test_edges_do_not_move_with_rounding(dt: float) -> None:
    """k dt is rarely the number that one would write down."""
    for k in range(1, 200):
        x = Step(1.0, start=k * dt, stop=(k + 1) * dt).current(300 * dt, dt)
        assert np.flatnonzero(x).tolist() == [k]


def test_a_ramp_has_its_value_at_the_middle_of_a_step() -> None:
    assert Ramp(0.0, 4.0).current(4 * ms, dt=1 * ms).tolist() == pytest.approx([0.5, 1.5, 2.5, 3.5])
    held = Ramp(1.0, 2.0, start=1 * ms, stop=2 * ms).current(4 * ms, dt=1 * ms)
    assert held.tolist() == pytest.approx([1.0, 1.5, 2.0, 2.0])
    with pytest.raises(ValueError, match="Ramp: must start before it stops, got start=0.2 and stop=0.1 s"):
        Ramp(0.0, 1.0, start=0.2, stop=0.1).current(1.0, dt=1 * ms)


def test_pulses_come_one_a_period_and_may_be_counted() -> None:
    pulses = Pulses(3.0, width=2 * ms, period=5 * ms, start=1 * ms, baseline=1.0)
    assert pulses.current(10 * ms, dt=1 * ms).tolist() == [1, 3, 3, 1, 1, 1, 3, 3, 1, 1]
    once = Pulses(3.0, width=2 * ms, period=5 * ms, count=1)
    assert once.current(10 * ms, dt=1 * ms).tolist() == [3, 3, 0, 0, 0, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="Pulses: width must lie above 0 s and not exceed the period, got width=0.2"):
        Pulses(1.0, width=0.2, period=0.1).current(1.0, dt=1 * ms)


@pytest.mark.parametrize("tau", [0.0, 5 * ms])
def test_noise_has_its_mean_spread_and_memory(tau: float) -> None:
    x = Noise(2.0, 0.5, tau=tau, seed=3).current(200.0, dt=1 * ms)
    assert x.mean() == pytest.approx(2.0, abs=0.03)
    assert x.std() == pytest.approx(0.5, rel=0.03)
    z = (x - 2.0) / 0.5
    for lag in (1, 5, 10):
        assert np.mean(z[lag:] * z[:-lag]) == pytest.approx(np.exp(-lag * ms / tau) if tau else 0.0, abs=0.03)


def test_noise_belongs_to_its_seed_and_starts_as_it_goes_on() -> None:
    first = Noise(0.0, 1.0, seed=1).current(0.1, dt=1 * ms)
    assert np.array_equal(first, Noise(0.0, 1.0, seed=1).current(0.1, dt=1 * ms))
    assert not np.array_equal(first, Noise(0.0, 1.0, seed=2).current(0.1, dt=1 * ms))
    begins = [Noise(0.0, 1.0, tau=1.0, seed=k).current(1 * ms, dt=1 * ms)[0] for k in range(2000)]
    assert np.std(begins) == pytest.approx(1.0, rel=0.05)
    with pytest.raises(ValueError, match="Noise: std and tau must be 0 or above, got std=-1.0"):
        Noise(0.0, -1.0).current(1.0, dt=1 * ms)


def test_they_are_stimuli() -> None:
    assert all(isinstance(p, Stimulus) for p in (Step(1.0), Ramp(0.0, 1.0), Pulses(1.0), Noise(0.0, 1.0)))
    assert not isinstance(1.0, Stimulus)
