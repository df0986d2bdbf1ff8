"""DeltaSynapse: it passes an impulse on and keeps nothing; in a chain it changes nothing."""

import pytest
import torch

from ranvier.equations import CurrentInput, ImpulseInput, ModelError
from ranvier.layers import Linear, Sequential
from ranvier.neurons import LIF
from ranvier.synapses import DeltaSynapse
from ranvier.units import ms


@pytest.mark.parametrize("dt", [0.1 * ms, 1 * ms])
def test_the_output_is_the_input_whatever_the_step(dt: float) -> None:
    x = torch.randn(20, 3, 4, dtype=torch.float64)
    done = DeltaSynapse(dt=dt, backend="eager").run(x, record=("jump",))
    assert torch.equal(done.output, x) and torch.equal(done.records["jump"], x)
    assert torch.equal(done.state["jump"], x[-1])


def test_a_network_of_delta_synapses_is_the_network_without() -> None:
    weights = Linear(6, 5, generator=torch.Generator().manual_seed(0))
    neuron = LIF(input=ImpulseInput(), backend="eager")
    x = (torch.rand(50, 2, 6) < 0.3).float()
    spikes = Sequential(weights, DeltaSynapse(backend="eager"), neuron, rate=None)(x)
    assert torch.equal(spikes, Sequential(weights, neuron, rate=None)(x)) and 0 < spikes.mean() < 1


def test_a_current_is_refused() -> None:
    with pytest.raises(ModelError, match=r"DeltaSynapse: dynamics does not use the input current\. Use input=ImpulseI"):
        DeltaSynapse(input=CurrentInput())
