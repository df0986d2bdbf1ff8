"""`Network`: a `Sequential` that was read from a file and knows the names it had there."""

from collections.abc import Sequence

from torch import nn

from ranvier.layers.sequential import Sequential
from ranvier.layers.stream import Stream


class Network(Sequential):
    """A `Sequential` with weights as they were read.

    names: the nodes of each layer, by their names in the file. shape: [*N] of the input. dt: time step [s].
    notes: what was read otherwise than it stands in the file.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        names: Sequence[tuple[str, ...]],
        shape: Sequence[int],
        dt: float,
        notes: Sequence[str],
    ) -> None:
        super().__init__(*layers, rate=None)
        self.names, self.shape, self.dt, self.notes = tuple(names), tuple(shape), dt, tuple(notes)

    def stream(self, shape: Sequence[int] | None = None, state: Sequence[object] | None = None) -> Stream:
        """As `Sequential.stream`; the shape of a sample is known."""
        return super().stream(self.shape if shape is None else shape, state)
