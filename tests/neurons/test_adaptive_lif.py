"""AdaptiveLIF: golden spike times, adaptation, refusals."""

import pytest
import torch

from ranvier.equations import ImpulseInput
from ranvier.neurons import AdaptiveLIF
from ranvier.units import ms

GOLDEN = {"dt": 0.5 * ms, "tau_mem": 10 * ms, "tau_adapt": 50 * ms, "fire_on": ">", "input": ImpulseInput()}


def spikes(neuron: AdaptiveLIF, value: float, steps: int) -> list[int]:
    return neuron(torch.full((steps, 1, 1), value, dtype=torch.float64)).flatten().nonzero().flatten().tolist()


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_golden_spike_times(backend: str) -> None:
    adaptive = AdaptiveLIF(jump=0.1, backend=backend, **GOLDEN)
    assert spikes(adaptive, 0.12, 200) == [10, 22, 35, 49, 64, 80, 97, 114, 132, 150, 168, 186]
    plain = spikes(AdaptiveLIF(jump=0.0, backend=backend, **GOLDEN), 0.12, 200)
    assert len(plain) == 18 and plain[:6] == [10, 21, 32, 43, 54, 65]


@pytest.mark.parametrize("drive", [1.2, 2.0, 5.0])
def test_intervals_never_shorten_and_settle(drive: float) -> None:
    times = torch.tensor(spikes(AdaptiveLIF(jump=0.05, dt=0.1 * ms), drive, 20_000))
    gaps = times.diff()
    assert len(gaps) > 20
    assert (gaps.diff() >= -1).all(), "by a step of the grid at most"
    assert gaps[-10:].max() - gaps[-10:].min() <= 1 and gaps[-1] > gaps[0]


def test_the_raised_threshold_acts_from_the_next_step_and_never_falls_below_rest() -> None:
    neuron = AdaptiveLIF(backend="eager", jump=0.5, input=ImpulseInput())
    run = neuron.run(torch.tensor([1.2, 1.2, 1.6, 0, 0]).view(5, 1, 1), record=("b", "v"))
    assert run.output.flatten().tolist() == [1, 0, 1, 0, 0]  # 1.2 fires at 1.0, not at 1.495
    b = run.records["b"].flatten()
    assert b[0].item() == 0.5 and (b >= 0).all() and b[4] < b[3] < b[2]


def test_negative_jumps_are_refused_and_fast_adaptation_is_warned_of() -> None:
    with pytest.raises(ValueError, match="AdaptiveLIF: jump must be >= 0, got -0.1"):
        AdaptiveLIF(backend="eager", jump=-0.1)
    with pytest.warns(
        UserWarning, match="tau_adapt=0.005 s is shorter than tau_mem=0.02 s, so the adaptation is hardly visible"
    ):
        AdaptiveLIF(backend="eager", tau_adapt=5 * ms)


def test_the_rise_is_learned_through_and_the_reset_is_not() -> None:
    """One spike, then the threshold it raised: its gradient reaches the input of the spike."""
    neuron = AdaptiveLIF(backend="eager", input=ImpulseInput(), learn=("jump",)).double()
    x = torch.tensor([0.99, 0, 0], dtype=torch.float64).view(3, 1, 1).requires_grad_()
    neuron.run(x, record=("b",)).records["b"].sum().backward()
    assert x.grad[0].item() > 0 and neuron.raw_jump.grad is not None
