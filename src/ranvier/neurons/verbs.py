"""The three verbs that every neuron, layer and network shares: call, `step`, `run`; and what they pass around."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

State = dict[str, Tensor]


class Run(NamedTuple):
    """Result of `run`: output [T, B, *N] (spikes, or the membrane of a readout), final state, recorded variables [T, B, *N]."""

    output: Tensor
    state: Any
    records: dict[str, Tensor]


class Verbs(nn.Module):
    """A module whose `run` is its definition; call and `step` follow from it."""

    def run(self, x: Tensor, state: Any = None, record: Sequence[str] = ()) -> Run:
        """Runs x [T, B, *N] from `state` (rest if None)."""
        raise TypeError(f"{type(self).__name__} defines no run(self, x, state, record).")

    def forward(self, x: Tensor) -> Tensor:
        """Output [T, B, *M] for input x [T, B, *N], from rest."""
        return self.run(x).output

    def step(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """One time step: input x [B, *N] and state -> output [B, *M] and the next state."""
        done = self.run(x.unsqueeze(0), state)
        return done.output[0], done.state
