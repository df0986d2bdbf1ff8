"""What a network does on a set: decisions, firing rates, and the work of every layer, counted.

A synaptic operation is one spike arriving over one synapse. Pooling between a population and its synapses is folded into the
synapses, as neuromorphic hardware does: a spike that enters a pooling window counts once for each synapse behind the window.
Where the input is real numbers, every non-zero value costs a multiply-accumulate for each synapse, in every step.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from ranvier.energy import Counts
from ranvier.layers import Recurrent, Sequential
from ranvier.neurons.neuron import Neuron
from ranvier.training import scoring
from ranvier.training.inputs import Inputs
from ranvier.training.recipe import Recipe

BATCH = 250


@dataclass
class LayerWork:
    """One population with the synapses before it. Sums over all samples, until `Measured` divides them."""

    name: str
    parameters: int
    neurons: int = 0
    fires: bool = True
    spikes: Tensor = field(default_factory=lambda: torch.zeros(1))  # of each neuron
    steps: int = 0  # time steps times samples
    operations: float = 0.0
    dense: float = 0.0
    analog: bool = False

    @property
    def rates(self) -> np.ndarray:
        """Share of steps in which each neuron fired; empty for a readout."""
        return (self.spikes / max(1, self.steps)).numpy() if self.fires else np.empty(0)


@dataclass(frozen=True, eq=False)
class Measured:
    """Result of `measure`: decision [n] (-1: none), probability [n, C], one `LayerWork` a population, and the work of every layer.

    passes: how often the same model without spikes would compute its layers for a sample.
    """

    decision: np.ndarray
    probability: np.ndarray
    layers: list[LayerWork]
    samples: int
    counts: Counts | None = None
    passes: int = 1

    def accuracy(self, y: np.ndarray) -> float:
        """Share of right decisions."""
        return float((self.decision == y).mean())


@torch.no_grad()
def measure(
    net: Sequential, inputs: Inputs, index: np.ndarray, recipe: Recipe, progress: Callable[[int], None] | None = None
) -> Measured:
    """Runs the samples `index` through the network in evaluation mode."""
    was_training = net.training
    net.eval()
    layers = _populations(net)
    decisions, probabilities = [], []
    counts: Counts | None = None
    for part in torch.from_numpy(index).split(BATCH):
        output, found = _pass(net, inputs.batch(part, None), layers)
        if counts is None:
            counts = found
        else:
            counts.take(found)
        decisions.append(scoring.decision(recipe, output))
        probabilities.append(scoring.probability(recipe, output))
        if progress is not None:
            progress(len(part))
    net.train(was_training)
    passes = 1 if recipe.kind == "image" else recipe.steps
    return Measured(torch.cat(decisions).numpy(), torch.cat(probabilities).numpy(), layers, len(index), counts, passes)


def population_names(net: Sequential) -> dict[int, str]:
    """Name of each population by its place in the chain, such as "2 AdaptiveLIF"; the same in progress, metrics and report."""
    found = [k for k, layer in enumerate(net.layers) if isinstance(layer, Neuron | Recurrent)]
    return {k: f"{place} {type(_neuron(net.layers[k])).__name__}" for place, k in enumerate(found, 1)}


def _populations(net: Sequential) -> list[LayerWork]:
    layers, parameters = [], 0
    names = population_names(net)
    for k, layer in enumerate(net.layers):
        parameters += sum(p.numel() for p in layer.parameters())
        if k in names:
            layers.append(LayerWork(names[k], parameters, fires=_neuron(layer).fires))
            parameters = 0
    return layers


def _pass(net: Sequential, x: Tensor, layers: list[LayerWork]) -> tuple[Tensor, Counts]:
    """One batch: output and work; adds to the layers."""
    seen = net.explain(x, timed=False)
    remaining = iter(layers)
    current = next(remaining)
    for k, layer in enumerate(net.layers):
        work = seen.layers[k]
        current.operations += work.operations
        current.dense += work.dense
        current.analog = current.analog or work.analog
        if isinstance(layer, Neuron | Recurrent):
            current.neurons = work.updates // (x.shape[0] * x.shape[1])
            if work.fired is not None:
                current.spikes = current.spikes + torch.from_numpy(work.fired)
                current.steps += x.shape[0] * x.shape[1]
            current = next(remaining, current)
    return seen.output, Counts.of(list(net.layers), seen, x.shape[1], x.shape[0])


def _neuron(layer: nn.Module) -> Neuron:
    neuron = layer.neuron if isinstance(layer, Recurrent) else layer
    assert isinstance(neuron, Neuron)
    return neuron
