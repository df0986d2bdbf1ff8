"""A network layer by layer: what comes into each layer, and which spikes that stands for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.errors import RanvierError
from ranvier.layers import (
    AvgPool2d,
    Conv2d,
    Delays,
    Dropout,
    Flatten,
    Linear,
    Recurrent,
    Residual,
    SegmentLinear,
    Sequential,
    SumPool2d,
)
from ranvier.layers.scale import Scale
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Verbs
from ranvier.spikes import Events

Synapses = Linear | Conv2d | SegmentLinear | Scale
KNOWN = "Linear, Conv2d, SegmentLinear, Recurrent, neurons, pooling, Flatten, Dropout, Delays, Residual, Sequential"


@dataclass(frozen=True, eq=False)
class Visit:
    """One layer with what came in and went out, [T, B, *N].

    events: how many spikes each number of the input stands for, where it comes from spikes alone (a pooled value stands for all spikes of
    its window); None where the input holds other values than 0 and 1 of its own.
    """

    place: str
    layer: nn.Module
    x: Tensor
    events: Tensor | None
    output: Tensor


@torch.no_grad()
def walk(net: Sequential, x: Tensor | Events, where: str) -> Iterator[Visit]:
    """Every layer that is no container, in order, in evaluation mode, from rest.

    Raises TypeError for what is no `Sequential` or no input, ValueError for an input without steps or samples, RanvierError for a layer
    whose work cannot be counted.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"{where}: net must be a Sequential, got {type(net).__name__}. Write Sequential(layer, ...).")
    if not isinstance(x, Tensor | Events):
        raise TypeError(f"{where}: x must be a tensor or Events [T, B, *N], got {type(x).__name__}.")
    values = x.to_dense(_dtype(net)) if isinstance(x, Events) else x
    if values.dim() < 3 or 0 in values.shape:
        raise ValueError(
            f"{where}: x must be [T, B, *N] with at least one step, sample and input, got shape {tuple(values.shape)}. "
            "A single sample [T, *N] becomes a batch by x.unsqueeze(1)."
        )
    with _evaluating(net):
        yield from _sequence(net, "", values, _spikes(values), where)


def _sequence(net: Sequential, before: str, x: Tensor, events: Tensor | None, where: str) -> Iterator[Visit]:
    for k, layer in enumerate(net.layers):
        place = f"{before}{k}"
        if isinstance(layer, Sequential | Residual):
            output = layer(x)
            yield from _inside(layer, place, x, events, where)
            events = _spikes(output)
        else:
            if any(True for _ in layer.parameters()) and not isinstance(layer, Synapses | Recurrent | Neuron):
                raise RanvierError(
                    f"{where}: the work of layer {place} ({type(layer).__name__}) cannot be counted. Known: {KNOWN}, and modules without "
                    "parameters."
                )
            output = layer.run(x).output if isinstance(layer, Verbs) else layer(x)
            yield Visit(place, layer, x, events, output)
            events = _after(layer, events, output)
        x = output


def _inside(layer: Sequential | Residual, place: str, x: Tensor, events: Tensor | None, where: str) -> Iterator[Visit]:
    if isinstance(layer, Sequential):
        yield from _sequence(layer, f"{place}.", x, events, where)
    else:
        yield from _sequence(layer.body, f"{place}.body.", x, events, where)
        yield from _sequence(layer.shortcut, f"{place}.shortcut.", x, events, where)


def _after(layer: nn.Module, events: Tensor | None, output: Tensor) -> Tensor | None:
    """Spikes behind each number of a layer's output."""
    if events is not None and isinstance(layer, AvgPool2d | SumPool2d):
        pooled = F.avg_pool2d(events.flatten(0, 1), layer.kernel_size, layer.stride, divisor_override=1)
        return pooled.unflatten(0, events.shape[:2])
    if events is not None and isinstance(layer, Flatten | Dropout):
        return layer(events)
    if events is not None and isinstance(layer, Delays):
        return layer.run(events).output
    return _spikes(output)


def _spikes(x: Tensor) -> Tensor | None:
    """x where it is 0 and 1 only."""
    return x if bool(((x == 0) | (x == 1)).all()) else None


def _dtype(net: nn.Module) -> torch.dtype:
    return next((p.dtype for p in net.parameters()), torch.get_default_dtype())


@contextmanager
def _evaluating(net: nn.Module) -> Iterator[None]:
    """The network without dropout, and as it was afterwards."""
    training = [module for module in net.modules() if module.training]
    net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
