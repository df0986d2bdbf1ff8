"""Weights that start from the neuron they feed, so that a fresh network fires.

Weights are drawn from N(0, gain^2 / fan_in). The membrane of a neuron is then a sum of many small terms (fluctuation-driven,
Rossbroich, Gygax and Zenke 2022), and how often it fires depends on the gain, the statistics of the input, and the neuron:
its leak, reset, refractoriness, adaptation. Where that paper solves for the gain of a LIF without reset, we run the very neuron
on such input and search for the gain that gives the wanted rate; this holds for any model, a user's own included.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from ranvier.layers.conv import Conv2d
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.segment import SegmentLinear
from ranvier.neurons.neuron import DivergedError, Neuron
from ranvier.synapses.synapse import Synapse

TARGET_RATE = 0.1  # share of steps with a spike
READOUT_SPREAD = 1.0  # root mean square of a readout's membrane
RECURRENT_SHARE = 0.1  # of the input's variance that comes from the recurrent weights
STEPS, SAMPLES, INPUTS = 60, 32, 64  # of the trial runs: time, batch, neurons
SMALLEST, LARGEST = 1e-4, 1e8  # gains that are tried
TINIEST = 1e-20  # where the smallest is too large already, as one ampere is to a cell of nanoamperes


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
    reached = -1  # the last layer that `sample` has passed
    for k, synapse in enumerate(layers):
        if isinstance(synapse, Synapse) and not synapse.fires and k > reached:
            sample = _released(synapse, sample)
        between, population, neuron = _behind(layers, k)
        if not isinstance(synapse, Linear | Conv2d | SegmentLinear) or neuron is None:
            continue
        reached = k + len(between) + 1
        gain, sample = trial(neuron, sample, rate, between)
        synapse.weight.mul_(gain / math.sqrt(synapse.fan_in) / _deviation(synapse.weight))
        if isinstance(population, Recurrent):
            share = math.sqrt(RECURRENT_SHARE) * trial(neuron, sample, rate)[0]
            population.weight.mul_(share / math.sqrt(population.size) / _deviation(population.weight))


@torch.no_grad()
def calibrate(layers: list[nn.Module], x: Tensor, rate: float) -> None:
    """Scales the weights of a chain layer by layer, from what a sample x [T, B, *N] really drives each population to."""
    _check_rate(rate)
    for k, layer in enumerate(layers):
        between, population, neuron = _behind(layers, k)
        if not isinstance(layer, Linear | Conv2d | SegmentLinear) or population is None or neuron is None:
            x = layer(x)
            continue
        bias = layer.bias.clone() if layer.bias is not None else None
        if bias is not None and layer.bias is not None:
            layer.bias.zero_()
        current = layer(x)
        layer.weight.mul_(
            _search(partial(_driven, nn.Sequential(*between, population), neuron, current), _goal(neuron, rate))
        )
        if bias is not None and layer.bias is not None:
            layer.bias.copy_(bias)
        x = layer(x)


def trial(neuron: Neuron, sample: Tensor, rate: float, between: Sequence[Neuron] = ()) -> tuple[float, Tensor]:
    """The gain at which the neuron fires at `rate` when driven by `sample` through N(0, gain^2/F) weights, and its output then.

    sample: [T, B, F]; output: [T, B, F'], F' being INPUTS, or the number of neurons where parameters differ between them. between: models
    of synapses that the weighted sum passes on its way. Deterministic.
    """
    neurons = _neurons([*between, neuron])
    weight = torch.randn((sample.shape[2], neurons.numel()), generator=torch.Generator().manual_seed(sample.shape[2]))
    current = (sample @ weight / math.sqrt(sample.shape[2])).unflatten(2, neurons)
    population = nn.Sequential(*between, neuron)
    gain = _search(partial(_driven, population, neuron, current), _goal(neuron, rate))
    return gain, population(gain * current).flatten(2)


def _released(synapse: Synapse, sample: Tensor) -> Tensor:
    """What a model of synapses before the weights makes of spikes, [T, B, F']. sample: [T, B, F]; other spikes stand in where it holds values."""
    spikes = sample if bool(((sample == 0) | (sample == 1)).all()) else spikes_sample(TARGET_RATE)
    neurons = _neurons([synapse])
    columns = torch.arange(neurons.numel()) % spikes.shape[2]
    return synapse(spikes[:, :, columns].unflatten(2, neurons)).flatten(2)


def _neurons(populations: Sequence[Neuron]) -> torch.Size:
    """[*N] of populations in a row: what their parameters say, else INPUTS."""
    values = [v for n in populations for v in n.parameter_values().values() if isinstance(v, Tensor) and v.dim()]
    return values[0].shape if values else torch.Size([INPUTS])


def _driven(population: nn.Module, neuron: Neuron, current: Tensor, gain: float) -> float:
    """Activity at a gain; none where the membrane leaves the finite numbers, as it may at gains that are only tried."""
    try:
        return float(_activity(population(gain * current), neuron))
    except DivergedError:
        return 0.0


def _goal(neuron: Neuron, rate: float) -> float:
    return rate if neuron.fires else READOUT_SPREAD


def _activity(output: Tensor, neuron: Neuron) -> Tensor:
    """Share of steps with a spike; for a readout, the root mean square of its membrane."""
    return output.mean() if neuron.fires else output.square().mean().sqrt()


def _search(activity: Callable[[float], float], goal: float) -> float:
    """The first gain at which the activity reaches the goal; half of the highest activity if it never does; 1 if there is none.

    From below in doublings, then by bisection: far above, a nonlinear membrane may overflow or fall silent again. One that is silent over the
    usual gains for that reason (an NMDA synapse on a membrane in volts, driven by siemens) is looked for below them, in longer strides.
    """
    start, highest = SMALLEST, 0.0
    while start > TINIEST and activity(start) >= goal:
        start /= 1024
    for gain, largest, factor in ((start, LARGEST, 2), (TINIEST, start, 8)):
        while gain <= largest:
            found = activity(gain)
            if found >= goal:
                low, high = gain / factor, gain
                for _ in range(16):
                    middle = math.sqrt(low * high)
                    low, high = (middle, high) if activity(middle) < goal else (low, middle)
                return math.sqrt(low * high)
            highest = found if found > highest else highest
            gain *= factor
    return _search(activity, highest / 2) if highest > 0 else 1.0


def _behind(layers: Sequence[nn.Module], k: int) -> tuple[list[Synapse], nn.Module | None, Neuron | None]:
    """What the weights of layer k drive: models of synapses on the way, the population, its neuron. A synapse may be the last population."""
    between: list[Synapse] = []
    behind = list(layers[k + 1 :])
    while (
        len(behind) > 1
        and isinstance(first := behind[0], Synapse)
        and not first.fires
        and _neuron(behind[1]) is not None
    ):
        between.append(first)
        behind.pop(0)
    population = behind[0] if behind else None
    return between, population, _neuron(population)


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
