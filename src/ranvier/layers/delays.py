"""Synaptic delays: each input arrives several times."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ranvier.neurons.verbs import Run, State, Verbs


class Delays(Verbs):
    """Hands on the input of this step and of the `count - 1` steps before, as a new axis: [T, B, *N] -> [T, B, count, *N].

    Entry k of the new axis is the input k steps ago, zero before the first step. Followed by `Conv2d` or `Linear` these are synapses
    with delays of 0 to count - 1 steps, each with its own weight. State: `past` [B, count - 1, *N], newest first.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"Delays: count must be at least 1, got {count}.")
        self.count = count

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """Nothing has arrived yet. shape: [B, *N]."""
        reference = like if like is not None else torch.empty(0)
        return {
            "past": torch.zeros((shape[0], self.count - 1, *shape[1:]), dtype=reference.dtype, device=reference.device)
        }

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """All time steps of x [T, B, *N] from `state` (rest if None)."""
        past = (self.initial_state(x.shape[1:], x) if state is None else state)["past"]
        whole = torch.cat([past.transpose(0, 1).flip(0), x])  # [count - 1 + T, B, *N], oldest first
        steps, first = x.shape[0], self.count - 1
        output = torch.stack([whole[first - k : first - k + steps] for k in range(self.count)], 2)
        return Run(output, {"past": whole[steps:].flip(0).transpose(0, 1)}, {})

    def extra_repr(self) -> str:
        return f"{self.count}"
