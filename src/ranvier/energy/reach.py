"""How many synapses the events of each step reach."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier.energy.walk import Synapses
from ranvier.layers import Conv2d, Recurrent, SegmentLinear
from ranvier.layers.scale import Scale, along_channels


def reached(layer: Synapses | Recurrent, events: Tensor, *, all_synapses: bool = False) -> Tensor:
    """Synapses that each step's events reach, borders, strides and groups included. events: [T, B, *N] -> [T], float64.
    Of `Recurrent` they are what arrives in a step, which was sent in the one before (`delayed`).

    An event counts once for each synapse behind it that is not zero, or for each with `all_synapses`.
    """
    summed = events.sum(1, dtype=torch.float64)  # [T, *N]: a sum over samples first, since synapses are linear
    weight = layer.weight.detach()
    exist = torch.ones_like(weight, dtype=torch.float64) if all_synapses else (weight != 0).double()
    if isinstance(layer, Conv2d):
        return F.conv2d(summed, exist, None, layer.stride, layer.padding, 1, layer.groups).sum((1, 2, 3))
    if isinstance(layer, Scale):  # one synapse a neuron
        return (summed * along_channels(exist, summed.dim() - 1)).flatten(1).sum(1)
    if isinstance(layer, SegmentLinear):
        fan_out = exist.sum(1)[layer._segment_of(0, events.shape[0])]  # [T, in]
        return (summed * fan_out).sum(1)
    return summed @ exist.sum(0)


def touched(layer: Synapses | Recurrent, x: Tensor) -> Tensor:
    """Where anything but zero arrives over a synapse that is not zero: x [T, B, *N] -> [T, B, *M], boolean."""
    sent, exist = (x != 0).float(), (layer.weight.detach() != 0).float()
    if isinstance(layer, Conv2d):
        found = F.conv2d(sent.flatten(0, 1), exist, None, layer.stride, layer.padding, 1, layer.groups)
        return found.unflatten(0, x.shape[:2]) > 0
    if isinstance(layer, Scale):
        return sent * along_channels(exist, sent.dim() - 2) > 0
    if isinstance(layer, SegmentLinear):
        segments = layer._segment_of(0, len(x))
        return torch.stack([step @ exist[k].t() for step, k in zip(sent, segments, strict=True)]) > 0
    return F.linear(sent, exist) > 0


def delayed(output: Tensor) -> Tensor:
    """What a population sent a step before."""
    return torch.cat([torch.zeros_like(output[:1]), output[:-1]])
