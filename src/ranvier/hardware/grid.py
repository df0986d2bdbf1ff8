"""The grid that weights are rounded to: codes times a scale, one scale a layer or one an output channel."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

BITS = (2, 3, 4, 5, 6, 7, 8, 16)
PER = ("channel", "layer")
SHARES = tuple(1 - 0.05 * k for k in range(18))  # of the largest weight, at which the largest code may lie
EXPONENTS = 5  # powers of two that are tried below the one that holds the largest weight


@dataclass(frozen=True)
class Grid:
    """Symmetric grid: weight = code * scale, with whole codes from -(2^(bits-1) - 1) to 2^(bits-1) - 1, so that 0 is on it.

    bits: of a code, with its sign; 2 bits are the three weights -1, 0, 1 times the scale. per: "channel" (a scale for each output
    channel) or "layer". power_of_two: scales are powers of two, as hardware that shifts needs them.

    The scale is the one with the least squared error among a fixed list of shares of the largest weight (18 from 1 to 0.15; of powers of
    two the first that holds it and four below), which at 8 bits is nearly always the largest weight itself and at 2 bits less than half
    of it. Weights beyond the largest code are clipped to it.

    Source: Krishnamoorthi (2018), "Quantizing deep convolutional networks for efficient inference", section 2.2 (symmetric) and 3.
    """

    bits: int = 8
    per: str = "channel"
    power_of_two: bool = False

    def __post_init__(self) -> None:
        if self.bits not in BITS:
            raise ValueError(
                f"quantise: bits must be one of {', '.join(map(str, BITS))}, got {self.bits!r}. Write bits=8."
            )
        if self.per not in PER:
            raise ValueError(f'quantise: per must be "channel" or "layer", got {self.per!r}. Write per="channel".')

    @property
    def largest(self) -> int:
        """The largest code."""
        return 2 ** (self.bits - 1) - 1

    def scale(self, weight: Tensor, channel: int = 0) -> Tensor:
        """Scale of least squared error, of `weight`'s rank, 1 along all axes but `channel` where there is one a channel."""
        axes = [a for a in range(weight.dim()) if a != channel or self.per == "layer"]
        top = weight.detach().abs().amax(axes, keepdim=True)
        top = torch.where(top > 0, top, torch.full_like(top, float(self.largest)))
        best, least = top, torch.full_like(top, math.inf)
        for scale in self._candidates(top / self.largest):
            error = (self.codes(weight, scale) * scale - weight.detach()).square().sum(axes, keepdim=True)
            best, least = torch.where(error < least, scale, best), torch.minimum(error, least)
        return best

    def _candidates(self, widest: Tensor) -> list[Tensor]:
        if not self.power_of_two:
            return [widest * share for share in SHARES]
        above = torch.exp2(torch.ceil(torch.log2(widest)))
        return [above * 2.0**-k for k in range(EXPONENTS)]

    def codes(self, weight: Tensor, scale: Tensor) -> Tensor:
        """The nearest codes, as whole numbers in the weight's type."""
        return torch.round(weight.detach() / scale).clamp(-self.largest, self.largest)

    def __str__(self) -> str:
        return f"{self.bits} bit, one scale a {self.per}{', powers of two' if self.power_of_two else ''}"


class _Straight(torch.autograd.Function):
    """The rounded weight forward; backward the gradient as it is, but none where the weight was clipped."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rounded: Tensor, inside: Tensor) -> Tensor:
        ctx.save_for_backward(inside)
        return rounded.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (inside,) = ctx.saved_tensors
        return grads[0] * inside, None, None


class FakeQuantise(nn.Module):
    """Parametrisation of a weight (`torch.nn.utils.parametrize`): every use sees it rounded to the grid, training moves what is behind.

    Gradient: that of the rounded weight reaches the weight behind unchanged (straight-through estimator), except where the weight was
    clipped. The scale is found anew at every use.

    Source: Bengio, Leonard and Courville (2013), "Estimating or propagating gradients through stochastic neurons"; Jacob et al. (2018),
    "Quantization and training of neural networks for efficient integer-arithmetic-only inference", section 3.
    """

    def __init__(self, grid: Grid, channel: int = 0) -> None:
        super().__init__()
        self.grid, self.channel = grid, channel

    def forward(self, weight: Tensor) -> Tensor:
        scale = self.grid.scale(weight, self.channel)
        inside = weight.detach().abs() <= scale * (self.grid.largest + 0.5)
        rounded: Any = _Straight.apply(weight, self.grid.codes(weight, scale) * scale, inside.to(weight.dtype))
        return rounded

    def extra_repr(self) -> str:
        return str(self.grid)
