"""Presets: their options, the gradient through the reset, what they refuse. Spikes are compared in tests/references."""

import math

import pytest
import torch

from ranvier.equations import BlockSpikes, Clamp, CurrentInput, Euler, ImpulseInput, NoReset, Subtract, ToValue
from ranvier.neurons import IF, CubaLIF, Synaptic, presets
from ranvier.units import ms


def test_snntorch_keeps_its_reset_for_the_next_step() -> None:
    subtract, zero, none = (
        presets.snntorch_leaky(0.9, reset_mechanism=m).options for m in ("subtract", "zero", "none")
    )
    assert (subtract.reset, subtract.order) == (Subtract(), ("integrate", "reset", "fire"))
    assert (zero.reset, zero.order) == (ToValue(), ("reset", "integrate", "fire"))
    assert none.reset == NoReset()
    prompt = presets.snntorch_leaky(0.9, reset_delay=False).options
    assert prompt.order == ("integrate", "fire", "reset") and prompt.fire_on == ">"


GOLDEN = {
    "subtract": (11, [3, 8, 12, 16, 21, 25, 29, 34], [0.3, 0.57, 0.813, 1.0317, 0.22853, 0.505677]),
    "zero": (12, [3, 7, 11, 15], [0.3, 0.57, 0.813, 1.0317, 0.3, 0.57]),
    "none": (47, [3, 4, 5], [0.3, 0.57, 0.813, 1.0317]),
}


@pytest.mark.parametrize("mechanism", GOLDEN)
def test_golden_table_of_leaky(mechanism: str) -> None:
    """Golden vectors 10.1: beta 0.9, constant input 0.3, 50 steps. Subtract keeps the residual, zero clears (errata E10, E11, E12)."""
    count, first, membrane = GOLDEN[mechanism]
    neuron = presets.snntorch_leaky(0.9, reset_mechanism=mechanism, backend="eager")
    run = neuron.run(torch.full((50, 1, 1), 0.3, dtype=torch.float64), record=("v",))
    assert int(run.output.sum()) == count
    assert run.output.flatten().nonzero().flatten().tolist()[: len(first)] == first
    assert run.records["v"].flatten()[: len(membrane)].tolist() == pytest.approx(membrane, abs=1e-12)


def test_time_constants_in_steps_become_seconds() -> None:
    assert presets.snntorch_leaky(0.9, dt=2 * ms).tau_mem == pytest.approx(-2 * ms / math.log(0.9))
    assert presets.spikingjelly_lif(3.0, dt=2 * ms).tau_mem == pytest.approx(6 * ms)
    assert presets.sinabs_lif(10.0, 4.0, dt=2 * ms).tau_syn == pytest.approx(8 * ms)
    assert presets.norse_lif_box(200.0).tau_mem == pytest.approx(5 * ms)


def test_spikingjelly_rests_where_it_resets() -> None:
    hard, soft = presets.spikingjelly_lif(v_reset=0.2), presets.spikingjelly_lif(v_reset=None, detach_reset=True)
    assert (hard.v_leak, hard.v_reset, hard.options.reset) == (0.2, 0.2, ToValue(detach=False))
    assert (soft.v_leak, soft.options.reset, soft.options.integrator) == (0.0, Subtract(detach=True), Euler())
    assert isinstance(presets.spikingjelly_lif().options.drive, CurrentInput)
    assert isinstance(presets.spikingjelly_lif(decay_input=False).options.drive, ImpulseInput)


def test_nest_takes_its_own_units() -> None:
    neuron = presets.nest_iaf_psc_exp(C_m=200.0, tau_m=20.0, tau_syn_ex=3.0)
    assert isinstance(neuron, CubaLIF)
    assert neuron.r == pytest.approx(100e6) and neuron.tau_syn == pytest.approx(3 * ms)
    assert neuron.options.refractory == Clamp(2 * ms) and neuron.dt == 0.1 * ms
    assert presets.nest_iaf_psc_delta(t_ref=0.0).options.refractory is None


def test_brian2_counts_a_refractory_period_from_the_spike() -> None:
    duration = presets.brian2_lif(10 * ms, 2 * ms).options.refractory
    assert isinstance(duration, Clamp) and duration.duration == pytest.approx(1.9 * ms)
    assert presets.brian2_lif(10 * ms).options.refractory is None
    assert presets.brian2_lif(10 * ms, 0.1 * ms).options.refractory is None


@pytest.mark.parametrize(
    ("neuron", "through"),
    [
        (lambda: presets.snntorch_leaky(0.9, reset_delay=False), False),
        (lambda: presets.spikingjelly_lif(decay_input=False), True),
        (lambda: presets.spikingjelly_lif(decay_input=False, detach_reset=True), False),
        (lambda: presets.norse_lif_box(500.0), True),
        (lambda: presets.sinabs_lif(10.0, norm_input=False), True),
    ],
)
def test_the_gradient_goes_through_the_reset_where_it_does_there(neuron, through: bool) -> None:
    """The membrane after a spike depends on the input that made it by the surrogate, or not: a reset to a value tells at once."""
    cell = neuron()
    cell.backend = "eager"
    x = torch.tensor([3.0, 0.1], dtype=torch.float64).view(2, 1, 1).requires_grad_()
    (arriving,) = torch.autograd.grad(cell.run(x, record=("v",)).records["v"][1].sum(), x)
    kept = math.exp(-cell.dt / cell.tau_mem) if cell.options.integrator is None else 1 - cell.dt / cell.tau_mem
    plain = kept if isinstance(cell.options.reset, Subtract) else 0.0
    gradient = arriving[0].item() * (1 if isinstance(cell.options.drive, ImpulseInput) else 2)
    assert (abs(gradient - plain) > 1e-6) == through


def test_other_keywords_go_to_the_neuron() -> None:
    neuron = presets.norse_lif(learn=("tau_mem",), reset=Subtract())
    assert isinstance(neuron, Synaptic) and neuron.learn == ("tau_mem",) and neuron.options.reset == Subtract()


def test_what_the_packages_clamp_or_do_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match='reset_mechanism must be "subtract", "zero" or "none", got \'substract\''):
        presets.snntorch_leaky(0.9, reset_mechanism="substract")
    with pytest.raises(ValueError, match="beta must lie between 0 and 1, got 1.2"):
        presets.snntorch_leaky(1.2)
    with pytest.raises(
        ValueError, match="snntorch_synaptic: alpha must lie between 0 and 1, got 0. Use snntorch_leaky"
    ):
        presets.snntorch_synaptic(0, 0.9)
    with pytest.raises(ValueError, match="LIF: dt must not exceed tau_mem"):
        presets.spikingjelly_lif(0.5)


def test_one_spike_a_picture_is_an_option() -> None:
    """The neuron of Kheradpisheh and of Mozafari, a perfect integrator that fires once: blocked for longer than the run."""
    x = 0.3 * torch.rand(200, 2, 5, generator=torch.Generator().manual_seed(1))
    once = IF(refractory=BlockSpikes(60.0), backend="eager")(x)
    often = IF(backend="eager")(x)
    assert (once.sum(0) == 1).all() and torch.equal(once.argmax(0), often.argmax(0))
