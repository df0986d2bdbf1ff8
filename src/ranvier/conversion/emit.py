"""From a simple chain and scales to a spiking `Sequential`.

A signal is spikes or currents; times its scale it is the value of the source. Weights take the scale of the signal before them, so that what leaves
them has the units of the source; a population with scale s divides what it hears by s, which the weights before it take as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.conversion.neuron import RateIF
from ranvier.conversion.normalise import Scales
from ranvier.conversion.qcfs import QCFS
from ranvier.conversion.simplify import ACTIVATIONS
from ranvier.conversion.source import Affine, Chain, Step, Sum
from ranvier.equations.options import Reset
from ranvier.layers import AvgPool2d, Conv2d, Flatten, Linear, Sequential
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.residual import Residual
from ranvier.layers.scale import Scale
from ranvier.neurons.accumulator import Accumulator

Measure = Callable[[Sequential], Tensor]  # the largest output of a network that is not yet complete, 0-d


@dataclass
class _Two:
    """A sum whose branches may still change."""

    branches: tuple[list[Any], list[Any]]


@dataclass(frozen=True)
class Population:
    """A population of the converted network.

    name: of the activation in the source. neuron: its module. scale: what a rate of one spike a step stands for, 0-d or [C]. place: in the
    network, as in `net.get_submodule(place)`.
    """

    name: str
    neuron: RateIF
    scale: Tensor
    place: str = ""

    @property
    def number(self) -> str:
        """The place as the records of a run have it: "2.body.1" for "layers.2.body.layers.1"."""
        return self.place.replace("layers.", "")


@dataclass
class Emitter:
    """Builds the network. scales: of the populations by name; measure: finds those that are missing, by balancing thresholds.

    start: membrane potential at the start, as a share of the threshold.
    """

    scales: Scales
    reset: Reset
    start: float
    measure: Measure | None = None
    populations: list[Population] = field(default_factory=list)
    values_between: list[str] = field(default_factory=list)  # synapses that hear currents and not spikes

    def network(self, chain: Chain, input_scale: Tensor) -> tuple[Sequential, Tensor]:
        """The spiking network, and the scale of its output: of the rates, or of the membrane's rise in a step."""
        layers, scale, _ = self._chain(chain, input_scale, [], True)
        if not isinstance(layers[-1], RateIF):
            scale = _in_units(layers, scale)
            layers.append(Accumulator())
        network = _built(layers)
        places = {id(module): name for name, module in network.named_modules()}
        self.populations = [
            Population(p.name, p.neuron, p.scale, places[id(p.neuron)])
            for p in sorted(self.populations, key=lambda p: list(places).index(id(p.neuron)))
        ]
        return network, scale

    def _chain(self, chain: Chain, scale: Tensor, before: list[Any], spikes: bool) -> tuple[list[Any], Tensor, bool]:
        """Layers of a chain, the scale of their output, and whether it is spikes.

        scale, spikes: of the chain's input; the network's own input counts as spikes. before: layers on the way to it.
        """
        layers: list[Any] = []
        unit = scale  # of the spikes that the weights since the last population hear
        for item in chain:
            module: Any = item.module if isinstance(item, Step) else None
            if isinstance(item, Sum):
                branches = sorted(item.branches, key=len, reverse=True)  # the longer one is the body
                made = [self._chain(branch, scale, before + layers, spikes) for branch in branches]
                for own, own_scale, _ in made:
                    _in_units(own, own_scale)
                layers.append(_Two((made[0][0], made[1][0])))
                scale, spikes = torch.ones_like(scale.max()), False
            elif isinstance(module, ACTIVATIONS):
                scale = self._population(item, layers, scale, unit, before)
                unit, spikes = scale, True
            elif isinstance(module, nn.Linear | nn.Conv2d | Affine):
                if not spikes and not isinstance(module, Affine):
                    self.values_between.append(item.name)
                layers.append(_synapses(module, scale))
                scale, spikes = torch.ones_like(scale.max()), False
            elif isinstance(module, nn.AvgPool2d):
                layers.append(AvgPool2d(module.kernel_size, stride=module.stride))
            elif isinstance(module, nn.MaxPool2d):
                layers.append(MaxGate(module))
            else:
                layers.append(Flatten())
                if scale.dim():
                    scale = scale.repeat_interleave(item.shape[0] // len(scale))
        return layers, scale, spikes

    def _population(self, item: Step, layers: list[Any], scale: Tensor, unit: Tensor, before: list[Any]) -> Tensor:
        """Appends the neurons of an activation, with what they divide their input by in the weights before. Returns their scale."""
        balanced = item.name not in self.scales
        if balanced:
            assert self.measure is not None
            _in_units(layers, scale)
            scale = torch.ones_like(scale)
            largest = self.measure(_built([*before, *layers]))
            self.scales[item.name] = torch.where(largest > 0, largest, torch.ones_like(largest))
        own = self.scales[item.name]
        by_threshold = balanced or self.measure is not None and not isinstance(item.module, QCFS)
        threshold = float(own / unit.max()) if by_threshold else 1.0
        divisor = unit.max() if by_threshold else own
        _absorb(layers, scale / divisor)
        neuron = RateIF(v_threshold=threshold, v_start=self.start * threshold, reset=self.reset)
        layers.append(neuron)
        self.populations.append(Population(item.name, neuron, own))
        return own


def _synapses(module: Any, scale: Tensor) -> nn.Module:
    """Weights that take spikes of this scale to currents in the units of the source. scale: 0-d, or one an input channel."""
    if isinstance(module, Affine):
        return Scale(module.get_buffer("factor") * scale, module.get_buffer("offset"))
    weight = module.weight.detach()
    if isinstance(module, nn.Linear):
        made: Any = Linear(module.in_features, module.out_features, bias=module.bias is not None)
        weight = weight * scale
    else:
        made = Conv2d(
            module.in_channels,
            module.out_channels,
            module.kernel_size,
            stride=module.stride,
            padding=module.padding,
            groups=module.groups,
            bias=module.bias is not None,
        )
        if scale.dim():  # [groups, in/groups] -> the input channels of each output channel
            own = scale.view(module.groups, -1).repeat_interleave(module.out_channels // module.groups, 0)
            weight = weight * own[:, :, None, None]
        else:
            weight = weight * scale
    made = made.to(weight.dtype)
    with torch.no_grad():
        made.weight.copy_(weight)
        if module.bias is not None:
            made.bias.copy_(module.bias)
    return made


def _in_units(layers: list[Any], scale: Tensor) -> Tensor:
    """Brings the output of layers with this scale to the units of the source, and returns the new scale, 1."""
    if not layers or bool((scale != 1).any()):
        _absorb(layers, scale)
    return torch.ones_like(scale.max())


@torch.no_grad()
def _absorb(layers: list[Any], factor: Tensor) -> None:
    """Multiplies the output of layers by a factor, 0-d or one a channel: in their last weights, or by a `Scale` where there are none."""
    for layer in reversed(layers):
        if isinstance(layer, AvgPool2d) or (isinstance(layer, Flatten) and not factor.dim()):
            continue
        if isinstance(layer, _Two):
            for branch in layer.branches:
                _absorb(branch, factor)
            return
        if isinstance(layer, Linear | Conv2d | Scale):
            weight, bias = layer.weight, layer.bias
            if isinstance(layer, Scale):
                layer.weight = nn.Parameter(weight.detach() * factor)  # one factor may become one a channel
            else:
                weight.mul_(factor.view(-1, *(1,) * (weight.dim() - 1)) if factor.dim() else factor)
            if bias is not None:
                bias.mul_(factor)
            return
        break
    if not layers or bool((factor != 1).any()):
        layers.append(Scale(factor))


def _built(layers: Sequence[Any]) -> Sequential:
    """Layers as a network, its weights left as they are."""
    made = []
    for layer in layers:
        made.append(Residual(*(_built(branch) for branch in layer.branches)) if isinstance(layer, _Two) else layer)
    return Sequential(*made, rate=None)
