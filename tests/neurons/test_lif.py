"""LIF: closed forms, golden tables of step orders and resets, and what the conventions mean."""

import math

import pytest
import torch

from ranvier.equations import (
    BlockInput,
    BlockSpikes,
    Clamp,
    Euler,
    ImpulseInput,
    NoReset,
    Subtract,
    ToValue,
)
from ranvier.neurons import LIF
from ranvier.units import ms

BACKENDS = ["cpu", "eager"]


def drive(value: float, steps: int) -> torch.Tensor:
    return torch.full((steps, 1, 1), value, dtype=torch.float64)


def times(output: torch.Tensor) -> list[int]:
    return output.flatten().nonzero().flatten().tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_free_decay_goes_to_the_resting_potential_not_to_zero(backend: str) -> None:
    neuron = LIF(tau_mem=10 * ms, v_leak=-0.3, backend=backend)
    v = neuron.run(drive(0, 40), {"v": torch.tensor([[0.8]], dtype=torch.float64)}, ("v",)).records["v"].flatten()
    t = torch.arange(1, 41, dtype=torch.float64) * ms
    torch.testing.assert_close(v, -0.3 + 1.1 * torch.exp(-t / (10 * ms)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_step_response_of_a_current_is_scaled_by_r(backend: str) -> None:
    neuron = LIF(tau_mem=10 * ms, r=3.0, backend=backend)
    v = neuron.run(drive(0.3, 40), record=("v",)).records["v"].flatten()
    t = torch.arange(1, 41, dtype=torch.float64) * ms
    torch.testing.assert_close(v, -0.9 * torch.expm1(-t / (10 * ms)), rtol=0, atol=1e-12)


def test_an_impulse_is_added_unscaled_after_the_decay() -> None:
    neuron = LIF(backend="eager", tau_mem=10 * ms, r=3.0, input=ImpulseInput())
    x = drive(0, 3)
    x[1] = 0.4
    v = neuron.run(x, {"v": torch.tensor([[0.5]], dtype=torch.float64)}, ("v",)).records["v"].flatten().tolist()
    beta = math.exp(-0.1)
    assert v == pytest.approx([0.5 * beta, 0.5 * beta**2 + 0.4, 0.5 * beta**3 + 0.4 * beta], abs=1e-12)


def test_inhibition_is_kept() -> None:
    v = LIF(backend="eager", input=ImpulseInput()).run(drive(-0.2, 5), record=("v",)).records["v"].flatten()
    assert (v < 0).all() and (v[1:] < v[:-1]).all()


@pytest.mark.parametrize("refractory", [None, 2 * ms])
@pytest.mark.parametrize(("current", "interval"), [(1.1, 23.979), (1.5, 10.986), (2.0, 6.931)])
def test_interval_between_spikes_is_the_closed_form(current: float, interval: float, refractory: float | None) -> None:
    """T = t_ref + tau*ln((RI - v_reset)/(RI - threshold)); on the grid, the first whole step at or after it."""
    exact = 10 * math.log(current / (current - 1))
    assert exact == pytest.approx(interval, abs=1e-3)
    dt = 0.1 * ms
    neuron = LIF(backend="eager", tau_mem=10 * ms, dt=dt, refractory=None if refractory is None else Clamp(refractory))
    spikes = times(neuron(drive(current, 1500)))
    steps = math.ceil(exact * ms / dt)
    assert spikes[0] == steps - 1  # step k ends at time (k + 1)*dt
    gaps = {b - a for a, b in zip(spikes, spikes[1:], strict=False)}
    assert gaps == {steps + (0 if refractory is None else 20)}


def test_a_drive_at_or_below_threshold_never_fires() -> None:
    assert LIF(backend="eager", tau_mem=10 * ms)(drive(1 - 1e-9, 2000)).sum() == 0


GOLDEN = {
    "subtract, a step later": (
        {"order": ("integrate", "reset", "fire"), "reset": Subtract()},
        (11, [3, 8, 12, 16, 21, 25, 29, 34], [0.3, 0.57, 0.813, 1.0317, 0.22853, 0.505677]),
    ),
    "zero, before the decay (the new input survives)": (
        {"order": ("reset", "integrate", "fire"), "reset": ToValue()},
        (12, [3, 7, 11, 15], [0.3, 0.57, 0.813, 1.0317, 0.3, 0.57]),
    ),
    "zero, after the input": (
        {"order": ("integrate", "reset", "fire"), "reset": ToValue()},
        (10, [3, 8, 13, 18], [0.3, 0.57, 0.813, 1.0317, 0, 0.3]),
    ),
    "none": ({"reset": NoReset()}, (47, list(range(3, 50)), [0.3, 0.57, 0.813, 1.0317])),
    "subtract, in the same step": (
        {"reset": Subtract()},
        (12, [3, 7, 11, 15], [0.3, 0.57, 0.813, 0.0317, 0.32853, 0.595677]),
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_table_of_resets(name: str, backend: str) -> None:
    """beta 0.9, constant input 0.3, 50 steps, fire on >: the conventions of published code, each by its options."""
    options, (count, first, membrane) = GOLDEN[name]
    run = LIF.from_beta(0.9, fire_on=">", backend=backend, **options).run(drive(0.3, 50), record=("v",))
    assert int(run.output.sum()) == count
    assert times(run.output)[: len(first)] == first
    assert run.records["v"].flatten()[: len(membrane)].tolist() == pytest.approx(membrane, abs=1e-12)


def test_without_reset_the_membrane_rises_to_its_plateau() -> None:
    run = LIF.from_beta(0.9, backend="eager", reset=NoReset()).run(drive(0.3, 400), record=("v",))
    assert run.records["v"].flatten()[-1].item() == pytest.approx(3.0, abs=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_firing_on_the_old_membrane_comes_a_step_late(backend: str) -> None:
    """beta 0.819, weight 0.4: ten silent steps, then 0.5 each; the spike is decided before the update."""
    x = torch.cat([drive(0, 10), drive(0.2, 240)])
    late = LIF.from_beta(0.819, fire_on=">", order=("fire", "integrate", "reset"), reset=Subtract(), backend=backend)
    run = late.run(x, record=("v",))
    assert int(run.output.sum()) == 18
    assert times(run.output)[:8] == [22, 35, 48, 61, 74, 87, 100, 113]
    assert run.records["v"].max().item() == pytest.approx(1.006555, abs=1e-6)
    plain = LIF.from_beta(0.819, backend="eager", fire_on=">", reset=NoReset()).run(x, record=("v",))
    assert plain.records["v"].max().item() == pytest.approx(1.104972, abs=1e-6)
    prompt = LIF.from_beta(0.819, backend="eager", fire_on=">", reset=Subtract())(x)
    assert times(prompt)[0] == times(run.output)[0] - 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_comparison_at_the_threshold_is_an_option(backend: str) -> None:
    x = drive(1.0, 1)
    assert LIF(input=ImpulseInput(), backend=backend)(x).item() == 1
    assert LIF(input=ImpulseInput(), fire_on=">", backend=backend)(x).item() == 0


def test_a_weight_added_before_the_leak_must_exceed_the_threshold_over_beta() -> None:
    """Add, leak, compare: 1.05 * exp(-0.05) = 0.998791 does not fire. With the input after the decay it does."""
    before = LIF(
        backend="eager",
        tau_mem=10 * ms,
        dt=0.5 * ms,
        input=ImpulseInput(),
        fire_on=">",
        order=("fire", "reset", "integrate"),
    )
    run = before.run(drive(0, 1), {"v": torch.tensor([[1.05 * math.exp(-0.05)]], dtype=torch.float64)})
    assert run.output.sum() == 0
    assert (
        LIF(backend="eager", tau_mem=10 * ms, dt=0.5 * ms, input=ImpulseInput(), fire_on=">")(drive(1.05, 1)).sum() == 1
    )


def test_from_beta_keeps_beta_of_the_membrane_each_step() -> None:
    neuron = LIF.from_beta(0.9, backend="eager", dt=0.25 * ms)
    assert math.exp(-neuron.dt / neuron.tau_mem) == pytest.approx(0.9, abs=1e-15)
    assert isinstance(neuron.options.drive, ImpulseInput)
    for beta in (0.0, 1.0, -0.5, 1.2, math.nan):
        with pytest.raises(ValueError, match=r"LIF\.from_beta: beta must lie between 0 and 1, got .*Use IF"):
            LIF.from_beta(beta)


def test_euler_is_the_linear_form_of_the_leak() -> None:
    v = (
        LIF(backend="eager", tau_mem=10 * ms, integrator=Euler())
        .run(drive(0.5, 3), record=("v",))
        .records["v"]
        .flatten()
        .tolist()
    )
    assert v == pytest.approx([0.05, 0.095, 0.1355], abs=1e-12)


def test_refractory_modes_differ_as_they_say() -> None:
    """One strong pulse, then a drive: the membrane is held, or moves without firing, or leaks without input."""
    x = torch.cat([drive(30.0, 1), drive(2.0, 9)])
    held, blocked, deaf = (
        LIF(backend="eager", tau_mem=10 * ms, refractory=mode).run(x, record=("v",))
        for mode in (Clamp(4 * ms), BlockSpikes(4 * ms), BlockInput(4 * ms))
    )
    assert all(times(run.output)[0] == 0 for run in (held, blocked, deaf))
    assert held.records["v"].flatten()[:5].tolist() == [0.0] * 5 and held.records["v"][5] > 0
    assert (blocked.records["v"].flatten()[1:5] > 0).all()
    assert deaf.records["v"].flatten()[:5].tolist() == [0.0] * 5
    assert sorted(held.state) == ["refractory", "v"]


def test_no_spike_for_the_whole_refractory_period_and_one_right_after() -> None:
    for mode in (Clamp, BlockSpikes):
        spikes = times(LIF(backend="eager", refractory=mode(3 * ms), input=ImpulseInput())(drive(5.0, 20)))
        assert spikes == [0, 4, 8, 12, 16]
    assert times(LIF(backend="eager", refractory=Clamp(0.0), input=ImpulseInput())(drive(5.0, 3))) == [0, 1, 2]


def test_what_a_soft_reset_leaves_above_the_threshold_does_not_fire_while_clamped() -> None:
    neuron = LIF(backend="eager", reset=Subtract(), refractory=Clamp(3 * ms), input=ImpulseInput())
    run = neuron.run(torch.cat([drive(2.5, 1), drive(0, 5)]), record=("v",))
    assert times(run.output) == [0, 4]
    assert run.records["v"].flatten()[:4].tolist() == [1.5] * 4


def test_no_undershoot_unless_the_reset_lies_below_rest() -> None:
    x = drive(3.0, 60)
    assert LIF(backend="eager").run(x, record=("v",)).records["v"].min() >= 0
    low = LIF(backend="eager", v_reset=-0.5).run(x, record=("v",)).records["v"]
    assert low.min().item() == pytest.approx(-0.5)


def test_a_longer_time_constant_sums_over_longer_gaps() -> None:
    """Two pulses 8 ms apart: a slow membrane adds them up, a fast one (a coincidence detector) does not."""
    x = drive(0, 12)
    x[0] = x[8] = 0.7
    assert LIF(backend="eager", tau_mem=50 * ms, input=ImpulseInput())(x).sum() == 1
    assert LIF(backend="eager", tau_mem=5 * ms, input=ImpulseInput())(x).sum() == 0


def test_from_event_to_event_is_the_same_as_step_by_step() -> None:
    """With impulses a LIF fires at arrivals alone: v <- v_leak + (v - v_leak) exp(-(t - t_last)/tau) + w, then the comparison."""
    x = torch.where(torch.rand(400) < 0.1, torch.rand(400), 0.0).double().view(-1, 1, 1)
    run = LIF(tau_mem=10 * ms, v_leak=0.1, input=ImpulseInput(), backend="eager").run(x)
    v, last, fired = 0.1, 0, []
    for t in x.flatten().nonzero().flatten().tolist():
        v = 0.1 + (v - 0.1) * math.exp(-(t - last) / 10) + x[t].item()
        last = t
        if v >= 1:
            fired.append(t)
            v = 0.0
    assert len(fired) > 3 and times(run.output) == fired


def test_a_soft_reset_leaves_one_spike_a_step_at_the_most() -> None:
    """Input of several thresholds is worked off one a step: a count for each step would be another neuron."""
    x = torch.cat([drive(3.5, 1), drive(0, 5)])
    run = LIF(tau_mem=1.0, reset=Subtract(), input=ImpulseInput(), backend="eager").run(x)
    assert run.output.flatten().tolist() == [1, 1, 1, 0, 0, 0]
