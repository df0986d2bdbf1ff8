"""A trained network of layers as a network of populations: the same spikes, each layer a step later than the one before."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.layers import Dropout, Flatten, Linear, Recurrent, Sequential
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.network import Network
from ranvier.simulation.patterns import AllToAll
from ranvier.simulation.population import Population
from ranvier.simulation.run import Run
from ranvier.simulation.sources import SpikeSource
from ranvier.spikes import Events


@dataclass(frozen=True, eq=False)
class Simulated:
    """A network of populations that does what layers do.

    layers: the populations, in order; what layer k does in step t, `layers[k]` does in step t + k + 1, since a spike takes a step to arrive.
    """

    network: Network
    source: Population
    layers: tuple[Population, ...]
    steps: int

    def run(self) -> Run:
        """Runs as many steps as the input has, and those that the last spikes need."""
        return self.network.run((self.steps + len(self.layers)) * self.network.dt)

    def spikes(self, run: Run, layer: int = -1) -> Tensor:
        """The spikes of a layer as the layers themselves give them, [T, 1, N]."""
        population = self.layers[layer]
        times, neurons = run.spikes(population)
        shift = self.layers.index(population) + 1
        at = np.rint(times / run.dt).astype(np.int64) - 1 - shift
        dense = torch.zeros(self.steps, 1, population.n)
        kept = (at >= 0) & (at < self.steps)
        dense[at[kept], 0, neurons[kept]] = 1
        return dense


def from_layers(layers: Sequential, x: Tensor | Events, dtype: torch.dtype = torch.float32) -> Simulated:
    """A network of populations from trained layers and the spikes [T, 1, N] that they are to hear.

    Known are Linear, Recurrent, Flatten, Dropout (nothing is dropped) and any neuron. The network's dt is that of the neurons. A bias is a source that
    fires in every step. Raises TypeError for other layers, ValueError for more than one sample and for values that are no spikes.
    """
    x = x.to_dense() if isinstance(x, Events) else x
    if x.dim() < 3 or x.shape[1] != 1:
        raise ValueError(f"from_layers: x must be the spikes [T, 1, N] of one sample, got shape {tuple(x.shape)}.")
    x = x.flatten(2)
    if bool(((x != 0) & (x != 1)).any()):
        raise ValueError(
            "from_layers: x must be spikes, 0 or 1, since what travels in a network are spikes. Encode it first."
        )
    neurons = [m.neuron if isinstance(m, Recurrent) else m for m in layers.layers if isinstance(m, Recurrent | Neuron)]
    steps_of_time = {n.dt for n in neurons}
    if len(steps_of_time) != 1:
        raise ValueError(f"from_layers: the neurons must share one dt, got {sorted(steps_of_time) or 'no neurons'}.")
    net = Network(dt=steps_of_time.pop(), dtype=dtype)
    at, _, who = (i.numpy() for i in x.nonzero(as_tuple=True))
    before = source = net.add(x.shape[2], SpikeSource((at + 0.5) * net.dt, who), "input")
    populations: list[Population] = []
    always: Population | None = None
    weights: Linear | None = None
    for k, module in enumerate(layers.layers):
        if isinstance(module, Flatten | Dropout):
            continue
        if isinstance(module, Linear) and weights is None:
            weights = module
            continue
        if not isinstance(module, Recurrent | Neuron) or weights is None:
            raise TypeError(
                f"from_layers: layer {k}, {type(module).__name__}, has no place in a network; known are Linear, each followed by a neuron or Recurrent, "
                "Flatten and Dropout."
            )
        neuron = module.neuron if isinstance(module, Recurrent) else module
        population = net.add(weights.out_features, neuron, f"layer {k}")
        net.connect(before, population, AllToAll(), weight=_matrix(weights.weight))
        if weights.bias is not None and bool((weights.bias != 0).any()):
            if always is None:
                times = (np.arange(len(x) + len(layers)) + 0.5) * net.dt
                always = net.add(1, SpikeSource(times), "bias")
            delay = (len(populations) + 1) * net.dt
            net.connect(always, population, AllToAll(), weight=_matrix(weights.bias[:, None]), delay=delay)
        if isinstance(module, Recurrent):
            net.connect(population, population, AllToAll(), weight=_matrix(module.weight))
        populations.append(population)
        before, weights = population, None
    if weights is not None:
        raise TypeError(
            "from_layers: the last layer is Linear, and a network ends with neurons. Add LI() as a readout."
        )
    return Simulated(net, source, tuple(populations), len(x))


def _matrix(weight: Any) -> np.ndarray:
    """[post, pre] of a layer as [pre, post] of a projection."""
    return weight.detach().double().T.numpy()
