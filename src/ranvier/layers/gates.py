"""What the LSTM family shares: the pre-activations of four gates, and spikes in plain torch operations."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.equations.options import NoReset, Reset, Subtract
from ranvier.surrogates import Surrogate


class Gates(nn.Module):
    """The four pre-activations of an LSTM: x @ weight_ih.T + h @ weight_hh.T + bias. Names, shapes and order are `torch.nn.LSTMCell`'s.

    weight_ih: [4*size, in_features], weight_hh: [4*size, size], bias_ih and bias_hh: [4*size]; all from U(-1/sqrt(size), 1/sqrt(size)),
    as there, the weights times `gain`.
    """

    def __init__(self, in_features: int, size: int, generator: torch.Generator | None, gain: float = 1.0) -> None:
        super().__init__()
        bound = 1 / math.sqrt(size)

        def drawn(*shape: int, bound: float = bound) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))

        self.weight_ih = drawn(4 * size, in_features, bound=gain * bound)
        self.weight_hh = drawn(4 * size, size, bound=gain * bound)
        self.bias_ih, self.bias_hh = drawn(4 * size), drawn(4 * size)

    def of_input(self, x: Tensor) -> Tensor:
        """The part of the input, for all steps at once: [T, B, in_features] -> [T, B, 4*size]."""
        return F.linear(x, self.weight_ih, self.bias_ih + self.bias_hh)

    def forward(self, driven: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        """Pre-activations [B, size] of input gate, forget gate, cell input, output gate."""
        return torch.addmm(driven, h, self.weight_hh.t()).chunk(4, 1)


def spike(margin: Tensor, surrogate: Surrogate) -> Tensor:
    """1 where margin >= 0, else 0; its derivative is the surrogate's."""
    slope = surrogate.derivative(margin.detach())
    return (margin >= 0).to(margin.dtype) + (margin - margin.detach()) * slope


def reset(v: Tensor, spikes: Tensor, threshold: float, how: Reset) -> Tensor:
    """The membrane after the step's spikes: v, v - threshold, or 0."""
    if isinstance(how, NoReset):
        return v
    fired = spikes.detach() if how.detach else spikes
    return v - threshold * fired if isinstance(how, Subtract) else v * (1 - fired)
