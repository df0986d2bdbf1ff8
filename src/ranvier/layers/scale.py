"""Factors and offsets of channels or neurons, where no weights are there to take them."""

import torch
from torch import Tensor

from ranvier.layers.layer import StatelessLayer, check_input


class Scale(StatelessLayer):
    """One synapse a neuron: y = factor * x + offset. x: [T, B, C, *N] -> the same shape.

    factor, offset: a number, one a channel [C], or one a neuron [C, *N]. A converted network has it where a shortcut brings spikes to a sum,
    and where a batch norm follows no weights; NIR's Scale is one without an offset.
    """

    def __init__(self, factor: Tensor | float, offset: Tensor | None = None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.as_tensor(factor).detach().clone())
        self.bias = None if offset is None else torch.nn.Parameter(offset.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        check_input(self, x, self.weight)
        y = x * along_channels(self.weight, x.dim() - 2)
        return y if self.bias is None else y + along_channels(self.bias, x.dim() - 2)

    def extra_repr(self) -> str:
        values = "one factor" if not self.weight.dim() else f"{self.weight.numel()} factors"
        return values if self.bias is None else f"{values} and offsets"


def along_channels(values: Tensor, axes: int) -> Tensor:
    """A number, one a channel [C], or one a neuron, in a shape that meets [C, *N] with `axes` axes."""
    return values.view(-1, *(1,) * (axes - 1)) if values.dim() == 1 else values
