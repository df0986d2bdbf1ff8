"""Layers that only rearrange or thin out."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ranvier.kernels.cpu.rearrange import DropoutStage, FlattenStage
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.layers.layer import StatelessLayer


class Flatten(StatelessLayer):
    """[T, B, *N] -> [T, B, prod(N)]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2)

    def stage(self, place: Place, state: Any) -> Stage | None:
        """The layer in a chain."""
        return FlattenStage(channels_last=place.channels_last) if len(place.shape) > 1 else None


class Dropout(StatelessLayer):
    """Drops inputs with probability p, the same ones at every step of a run (as one masks synapses), and scales the rest by 1/(1-p).

    Only in training mode. A `step` draws anew, so use `run` or a call while training. generator: the module's own, if given.
    """

    def __init__(self, p: float = 0.2, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p must lie in [0, 1), got {p}.")
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        return x * (self._kept(x.shape[1:], x.dtype, x.device).to(x.dtype) / (1 - self.p))

    def stage(self, place: Place, state: Any) -> Stage | None:
        """The layer in a chain; draws what it drops."""
        active = self.training and self.p > 0
        kept = self._kept(place.shape, place.dtype) if active else None
        return DropoutStage(kept, 1 - self.p if active else 1.0, place.channels_last)

    def _kept(self, shape: Sequence[int], dtype: torch.dtype, device: torch.device | None = None) -> Tensor:
        """Whether each input [B, *N] is kept."""
        return torch.rand(tuple(shape), generator=self.generator, device=device, dtype=dtype) >= self.p

    def extra_repr(self) -> str:
        return f"{self.p}"
