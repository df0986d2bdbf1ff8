"""Layers that only rearrange or thin out."""

import torch
from torch import Tensor

from ranvier.layers.layer import StatelessLayer


class Flatten(StatelessLayer):
    """[T, B, *N] -> [T, B, prod(N)]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2)


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
        mask = torch.rand(x.shape[1:], generator=self.generator, device=x.device, dtype=x.dtype) >= self.p
        return x * (mask.to(x.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        return f"{self.p}"
