"""The networks that recipes build."""

import math
from typing import Any

import torch
from torch import nn

from ranvier import neurons
from ranvier.equations.options import Subtract
from ranvier.layers import AvgPool2d, Conv2d, Delays, Dropout, Flatten, Linear, SegmentLinear, Sequential
from ranvier.neurons.neuron import Neuron
from ranvier.surrogates import FastSigmoid
from ranvier.training.recipe import Recipe

SEGMENTS = 5  # stretches of a sound that the readout tells apart
DELAYS = 13  # steps that the first synapses of a sound network reach back
CHANNELS, WIDTH, STRIDE = 32, 8, 2  # of the first synapses, along frequency
SLOPE = 3.0  # of the surrogate gradient


def build(recipe: Recipe) -> Sequential:
    """A fresh network for a recipe; the same seed gives the same weights."""
    return (_sound if recipe.kind == "sound" else _image)(recipe, torch.Generator().manual_seed(recipe.seed))


def _sound(r: Recipe, g: torch.Generator) -> Sequential:
    """Delayed synapses with shared weights along frequency, a hidden population, and a readout that tells five stretches apart.

    Sharing weights along frequency lets a formant move between speakers.
    """
    (bands,) = r.shape
    width = min(WIDTH, bands)
    places = ((bands - width) // STRIDE + 1) // 2
    layers: list[nn.Module] = [
        Delays(DELAYS),
        _Column(),
        Conv2d(DELAYS, CHANNELS, (width, 1), stride=(STRIDE, 1), generator=g),
        population(r, (CHANNELS, 1, 1), (15e-3, 40e-3), g),
        AvgPool2d((2, 1)),
        Flatten(),
        Dropout(r.dropout * 2 / 3),
        *_dense(r, CHANNELS * places, g),
    ]
    readout = SegmentLinear(r.hidden[-1], len(r.classes), segments=SEGMENTS, steps=r.steps, generator=g)
    return Sequential(*layers, readout, neurons.Accumulator(dt=r.dt))


def _image(r: Recipe, g: torch.Generator) -> Sequential:
    """Two convolutions with pooling where the picture is large enough, a hidden population, a leaky readout."""
    channels, height, width = r.shape
    layers: list[nn.Module] = []
    for maps in (16, 32):
        layers += [Conv2d(channels, maps, 3, padding=1, generator=g), population(r, (maps, 1, 1), (20e-3, 40e-3), g)]
        channels = maps
        if min(height, width) >= 8:
            layers.append(AvgPool2d(2))
            height, width = height // 2, width // 2
    layers += [Flatten(), *_dense(r, channels * height * width, g)]
    return Sequential(
        *layers, Linear(r.hidden[-1], len(r.classes), generator=g), neurons.LI(tau_mem=max(20e-3, r.dt), dt=r.dt)
    )


def _dense(r: Recipe, size: int, g: torch.Generator) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for hidden in r.hidden:
        layers += [Linear(size, hidden, generator=g), population(r, (hidden,), (20e-3, 100e-3), g), Dropout(r.dropout)]
        size = hidden
    return layers


def population(r: Recipe, shape: tuple[int, ...], tau: tuple[float, float], g: torch.Generator) -> Neuron:
    """Neurons of the recipe's model with learned time constants, drawn log-uniformly so that some are quick and some slow."""
    model: type[Neuron] = getattr(neurons, r.neuron)
    ranges = {"tau_mem": tau, "tau_syn": (r.dt, 2 * r.dt), "tau_adapt": (50e-3, 400e-3)}
    known = model.declaration.parameters
    drawn = {}
    for name, (low, high) in ranges.items():
        if name in known:
            low, high = max(low, r.dt), max(high, r.dt)
            drawn[name] = low * torch.exp(torch.rand(shape, generator=g) * math.log(high / low))
    rest: dict[str, Any] = {"jump": 0.2} if "jump" in known else {}
    reset = Subtract() if {"v_threshold", "v_reset"} <= set(known) else None
    return model(dt=r.dt, learn=tuple(drawn), surrogate=FastSigmoid(SLOPE), reset=reset, **rest | drawn)


class _Column(nn.Module):
    """[T, B, delays, bands] -> [T, B, delays, bands, 1]: bands as the height of a picture one pixel wide."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.unsqueeze(-1)
