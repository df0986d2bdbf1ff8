"""Convolutional synapses."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.kernels.cpu.conv import ConvStage
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.layers.layer import StatelessLayer, check_axis, check_input, check_rank, per_step


class Conv2d(StatelessLayer):
    """Convolutional synapses, the same at each time step. x: [T, B, C, H, W] -> [T, B, out_channels, H', W'].

    kernel_size, stride, padding: a number or (height, width). weight: [out_channels, in_channels / groups, *kernel_size], drawn
    from N(0, 1/fan_in); inside a `Sequential` it is scaled for the neuron it feeds.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        groups: int = 1,
        bias: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}."
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.padding = pair(kernel_size), pair(stride), pair(padding)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = nn.Parameter(torch.randn(shape, generator=generator) / math.sqrt(math.prod(shape[1:])))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    @property
    def fan_in(self) -> int:
        """Inputs of one output."""
        return math.prod(self.weight.shape[1:])

    def forward(self, x: Tensor) -> Tensor:
        """[T, B, C, H, W] -> [T, B, out_channels, H', W']."""
        check_input(self, x, self.weight)
        check_rank(self, x, 5, "[T, B, C, H, W]")
        check_axis(self, x, 2, self.in_channels, "channels")
        return per_step(self._frames, x)

    def _frames(self, x: Tensor) -> Tensor:
        frames = F.conv2d(x.flatten(0, 1), self.weight, self.bias, self.stride, self.padding, 1, self.groups)
        return frames.unflatten(0, x.shape[:2])

    def stage(self, place: Place, state: Any) -> Stage | None:
        """The synapses in a chain; None where the input does not fit."""
        if len(place.shape) != 4 or place.shape[1] != self.in_channels:
            return None
        if any(n + 2 * p < k for n, p, k in zip(place.shape[2:], self.padding, self.kernel_size, strict=True)):
            return None
        return ConvStage(self.weight, self.bias, self.stride, self.padding, self.groups, place)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return text + (f", groups={self.groups}" if self.groups > 1 else "")


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """A size for both image axes."""
    return (value, value) if isinstance(value, int) else value
