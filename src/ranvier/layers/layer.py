"""The contract of a layer: the three verbs `call`, `step`, `run`, with state as a value."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ranvier.neurons.neuron import Run


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


def check_axis(layer: object, x: Tensor, axis: int, expected: int, what: str) -> None:
    """Refuses an input whose size along an axis is not what the layer was made for."""
    if x.shape[axis] != expected:
        place = axis % x.dim()
        raise ValueError(
            f"{layer}: input has {x.shape[axis]} {what} on axis {place} (shape {tuple(x.shape)}), expected {expected}. "
            "Axes are [T, B, *N]: time, batch, neurons."
        )


def check_rank(layer: object, x: Tensor, rank: int, axes: str) -> None:
    """Refuses an input with another number of axes."""
    if x.dim() != rank:
        raise ValueError(f"{layer}: input must have the {rank} axes {axes}, got shape {tuple(x.shape)}.")
