"""What a network does on a set: decisions, firing rates, and the work of every layer, counted.

A synaptic operation is one spike arriving over one synapse. Pooling between a population and its synapses is folded into the
synapses, as neuromorphic hardware does: a spike that enters a pooling window counts once for each synapse behind the window.
Where the input is real numbers, every non-zero value costs a multiply-accumulate for each synapse, in every step.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.layers import AvgPool2d, Conv2d, Linear, MaxPool2d, Recurrent, SegmentLinear, Sequential, SumPool2d
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
    """Result of `measure`: decision [n] (-1: none), probability [n, C], and one `LayerWork` a population."""

    decision: np.ndarray
    probability: np.ndarray
    layers: list[LayerWork]
    samples: int

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
    for part in torch.from_numpy(index).split(BATCH):
        output = _pass(net, inputs.batch(part, None), layers)
        decisions.append(scoring.decision(recipe, output))
        probabilities.append(scoring.probability(recipe, output))
        if progress is not None:
            progress(len(part))
    net.train(was_training)
    return Measured(torch.cat(decisions).numpy(), torch.cat(probabilities).numpy(), layers, len(index))


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


def _pass(net: Sequential, x: Tensor, layers: list[LayerWork]) -> Tensor:
    """One batch, layer by layer, adding to the counts."""
    remaining = iter(layers)
    current = next(remaining)
    spikes_in_one = 1.0  # spikes that the value 1 stands for: the window's size after average pooling
    batch = x.shape[1]
    for layer in net.layers:
        if isinstance(layer, AvgPool2d | SumPool2d | MaxPool2d):
            if isinstance(layer, AvgPool2d):
                spikes_in_one *= math.prod(layer.kernel_size)
            x = layer(x)
        elif isinstance(layer, Linear | Conv2d | SegmentLinear):
            events, current.analog = _events(x, spikes_in_one)
            out = layer(x)
            current.operations += _fan_out(layer, events)
            current.dense += layer.fan_in * out[:, 0].numel() * batch
            x, spikes_in_one = out, 1.0
        elif isinstance(layer, Neuron | Recurrent):
            x = layer(x)
            current.neurons = x[0, 0].numel()
            if current.fires:
                current.spikes = current.spikes + x.sum((0, 1)).flatten()
                current.steps += x.shape[0] * batch
            if isinstance(layer, Recurrent):
                current.operations += float(x.sum()) * layer.size
                current.dense += layer.size**2 * x.shape[0] * batch
            current = next(remaining, current)
        else:
            x = layer(x)
    return x


def _events(x: Tensor, spikes_in_one: float) -> tuple[Tensor, bool]:
    """Number of spikes in each entry of x; or ones at non-zero values, and True, where x is no whole number of spikes."""
    count = x * spikes_in_one
    if bool(((count - count.round()).abs() < 1e-3).all()) and bool((count > -0.5).all()):
        return count, False
    return (x != 0).to(x.dtype), True


def _fan_out(layer: nn.Module, events: Tensor) -> float:
    """Synapses that the events reach, borders and strides included."""
    if isinstance(layer, Conv2d):
        frames = events.flatten(0, 1)
        ones = torch.ones((1, 1, *layer.kernel_size))
        total = F.conv2d(frames.sum(1, keepdim=True), ones, None, layer.stride, layer.padding)
        return float(total.sum(dtype=torch.float64)) * layer.out_channels / layer.groups
    if isinstance(layer, Linear | SegmentLinear):
        return float(events.sum(dtype=torch.float64)) * layer.out_features
    return 0.0


def _neuron(layer: nn.Module) -> Neuron:
    neuron = layer.neuron if isinstance(layer, Recurrent) else layer
    assert isinstance(neuron, Neuron)
    return neuron
