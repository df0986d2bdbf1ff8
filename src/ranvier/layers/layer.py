"""The contract of a layer: the three verbs `call`, `step`, `run`, with state as a value."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.neurons.verbs import Run


class StatelessLayer(nn.Module):
    """Base of layers that treat every time step alike and keep nothing between them. A subclass defines `forward(x)`, x: [T, B, *N]."""

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> dict[str, Tensor]:
        """There is no state."""
        return {}

    def step(self, x: Tensor, state: Any = None) -> tuple[Tensor, dict[str, Tensor]]:
        """One time step: x [B, *N] -> output [B, *M] and the (empty) state."""
        return self(x.unsqueeze(0))[0], {}

    def run(self, x: Tensor, state: Any = None, record: Sequence[str] = ()) -> Run:
        """All time steps: x [T, B, *N] -> Run(output [T, B, *M], {}, {})."""
        return Run(self(x), {}, {})


def check_input(layer: object, x: Any, weight: Tensor | None = None) -> None:
    """Refuses what is no tensor, and an input whose dtype the weights cannot meet."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{_label(layer)}: input must be a torch tensor, got {type(x).__name__}. Use torch.as_tensor(...)."
        )
    if weight is not None and x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise TypeError(
            f"{_label(layer)}: input is {x.dtype}, the weights are {weight.dtype}. Convert the input with .to({weight.dtype})."
        )


def _label(layer: object) -> str:
    """A layer on one line."""
    return " ".join(str(layer).split())


def per_step(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """function(x) for x [T, B, *N], computed once where x is the same in every step (a time axis made by `expand`)."""
    if x.shape[0] > 1 and x.stride(0) == 0:
        one = function(x[:1])
        return one.expand(x.shape[0], *one.shape[1:])
    return function(x)


def check_axis(layer: object, x: Tensor, axis: int, expected: int, what: str) -> None:
    """Refuses an input whose size along an axis is not what the layer was made for."""
    if x.shape[axis] != expected:
        place = axis % x.dim()
        raise ValueError(
            f"{_label(layer)}: input has {x.shape[axis]} {what} on axis {place} (shape {tuple(x.shape)}), expected {expected}. "
            "Axes are [T, B, *N]: time, batch, neurons."
        )


def check_rank(layer: object, x: Tensor, rank: int, axes: str) -> None:
    """Refuses an input with another number of axes."""
    if x.dim() != rank:
        raise ValueError(f"{_label(layer)}: input must have the {rank} axes {axes}, got shape {tuple(x.shape)}.")
