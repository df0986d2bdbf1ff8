"""All-to-all synapses."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from ranvier import kernels
from ranvier.kernels.cpu.linear import LinearStage
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.layers.layer import StatelessLayer, check_axis, check_input, per_step


class Linear(StatelessLayer):
    """All-to-all synapses: y = x @ weight.T + bias at each time step. x: [T, B, in_features] -> [T, B, out_features].

    Where x is spikes and few are active, only the weights of active inputs are visited (chosen per call from the density).
    weight: [out_features, in_features], drawn from N(0, 1/in_features); inside a `Sequential` it is scaled for the neuron it feeds.
    """

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool = True, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        for name, value in (("in_features", in_features), ("out_features", out_features)):
            if value < 1:
                raise ValueError(f"Linear: {name} must be at least 1, got {value}.")
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.randn(out_features, in_features, generator=generator) / math.sqrt(in_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    @property
    def fan_in(self) -> int:
        """Inputs of one output."""
        return self.in_features

    def forward(self, x: Tensor) -> Tensor:
        """[T, B, in_features] -> [T, B, out_features]."""
        check_input(self, x, self.weight)
        check_axis(self, x, -1, self.in_features, "features")
        return per_step(lambda part: kernels.linear(part, self.weight, self.bias), x)

    def stage(self, place: Place, state: Any) -> Stage | None:
        """The synapses in a chain; None where the input does not fit."""
        fits = len(place.shape) == 2 and place.shape[1] == self.in_features
        return LinearStage(self.weight, self.bias) if fits else None

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
