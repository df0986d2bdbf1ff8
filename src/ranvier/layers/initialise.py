"""Weights that start from the neuron they feed, so that a fresh network fires.

Weights are drawn from N(0, gain^2 / fan_in). The membrane of a neuron is then a sum of many small terms (fluctuation-driven,
Rossbroich, Gygax and Zenke 2022), and how often it fires depends on the gain, the statistics of the input, and the neuron:
its leak, reset, refractoriness, adaptation. Where that paper solves for the gain of a LIF without reset, we run the very neuron
on such input and search for the gain that gives the wanted rate; this holds for any model, a user's own included.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ranvier.layers.conv import Conv2d
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.segment import SegmentLinear
from ranvier.neurons.neuron import Neuron

TARGET_RATE = 0.1  # share of steps with a spike
READOUT_SPREAD = 1.0  # root mean square of a readout's membrane
RECURRENT_SHARE = 0.1  # of the input's variance that comes from the recurrent weights
STEPS, SAMPLES, INPUTS = 60, 32, 64  # of the trial runs: time, batch, neurons
SMALLEST, LARGEST = 1e-4, 1e8  # gains that are tried


def values_sample() -> Tensor:
    """A stand-in for input of unknown kind: constant values of mean square 1, [T, B, F]."""
    return torch.randn((1, SAMPLES, INPUTS), generator=torch.Generator().manual_seed(0)).expand(STEPS, -1, -1)


def spikes_sample(rate: float) -> Tensor:
    """Independent input spikes in the given share of steps, [T, B, F]."""
    _check_rate(rate)
    return (torch.rand((STEPS, SAMPLES, INPUTS), generator=torch.Generator().manual_seed(0)) < rate).float()


@torch.no_grad()
def initialise(layers: list[nn.Module], rate: float, sample: Tensor) -> None:
    """Scales the weights of a chain whose first input is like `sample`; the output of each trial run drives the next."""
    _check_rate(rate)
    for synapse, population in zip(layers, layers[1:], strict=False):
        neuron = _neuron(population)
        if not isinstance(synapse, Linear | Conv2d | SegmentLinear) or neuron is None:
            continue
        gain, sample = trial(neuron, sample, rate)
        synapse.weight.mul_(gain / math.sqrt(synapse.fan_in) / _deviation(synapse.weight))
        if isinstance(population, Recurrent):
            share = math.sqrt(RECURRENT_SHARE) * trial(neuron, sample, rate)[0]
            population.weight.mul_(share / math.sqrt(population.size) / _deviation(population.weight))


@torch.no_grad()
def calibrate(layers: list[nn.Module], x: Tensor, rate: float) -> None:
    """Scales the weights of a chain layer by layer, from what a sample x [T, B, *N] really drives each population to."""
    _check_rate(rate)
    for k, layer in enumerate(layers):
        following = layers[k + 1] if k + 1 < len(layers) else None
        neuron = _neuron(following)
        if not isinstance(layer, Linear | Conv2d | SegmentLinear) or following is None or neuron is None:
            x = layer(x)
            continue
        bias = layer.bias.clone() if layer.bias is not None else None
        if bias is not None and layer.bias is not None:
            layer.bias.zero_()
        current = layer(x)
        layer.weight.mul_(_search(partial(_driven, following, neuron, current), _goal(neuron, rate)))
        if bias is not None and layer.bias is not None:
            layer.bias.copy_(bias)
        x = layer(x)


def trial(neuron: Neuron, sample: Tensor, rate: float) -> tuple[float, Tensor]:
    """The gain at which the neuron fires at `rate` when driven by `sample` through N(0, gain^2/F) weights, and its output then.

    sample: [T, B, F]; output: [T, B, F'], F' being INPUTS, or the number of neurons where parameters differ between them. Deterministic.
    """
    neurons = next(
        (v.shape for v in neuron.parameter_values().values() if isinstance(v, Tensor) and v.dim()), torch.Size([INPUTS])
    )
    weight = torch.randn((sample.shape[2], neurons.numel()), generator=torch.Generator().manual_seed(sample.shape[2]))
    current = (sample @ weight / math.sqrt(sample.shape[2])).unflatten(2, neurons)
    gain = _search(partial(_driven, neuron, neuron, current), _goal(neuron, rate))
    return gain, neuron(gain * current).flatten(2)


def _driven(population: nn.Module, neuron: Neuron, current: Tensor, gain: float) -> float:
    return float(_activity(population(gain * current), neuron))


def _goal(neuron: Neuron, rate: float) -> float:
    return rate if neuron.fires else READOUT_SPREAD


def _activity(output: Tensor, neuron: Neuron) -> Tensor:
    """Share of steps with a spike; for a readout, the root mean square of its membrane."""
    return output.mean() if neuron.fires else output.square().mean().sqrt()


def _search(activity: Callable[[float], float], goal: float) -> float:
    """The first gain at which the activity reaches the goal; half of the highest activity if it never does; 1 if there is none.

    From below in doublings, then by bisection: far above, a nonlinear membrane may overflow or fall silent again.
    """
    gain, highest = SMALLEST, 0.0
    while gain <= LARGEST:
        found = activity(gain)
        if found >= goal:
            low, high = gain / 2, gain
            for _ in range(16):
                middle = math.sqrt(low * high)
                low, high = (middle, high) if activity(middle) < goal else (low, middle)
            return math.sqrt(low * high)
        highest = found if found > highest else highest
        gain *= 2
    return _search(activity, highest / 2) if highest > 0 else 1.0


def _neuron(layer: nn.Module | None) -> Neuron | None:
    if isinstance(layer, Recurrent):
        return layer.neuron
    return layer if isinstance(layer, Neuron) else None


def _deviation(weight: Tensor) -> float:
    return max(float(weight.square().mean().sqrt()), 1e-12)


def _check_rate(rate: float) -> None:
    if not 0 < rate < 1:
        raise ValueError(
            f"rate must lie between 0 and 1 (share of steps with a spike), got {rate}. The default is {TARGET_RATE}."
        )
