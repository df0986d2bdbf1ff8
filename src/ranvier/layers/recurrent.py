"""All-to-all recurrence within a population."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.layers.layer import check_axis, check_input, check_rank
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Run, State, Verbs


class Recurrent(Verbs):
    """A population whose output of the step before is fed back: the neurons see x[t] + output[t-1] @ weight.T. x: [T, B, size].

    weight: [size, size] from N(0, 1/size); inside a `Sequential` it is scaled for the neuron. State: that of the neurons and
    `last`, the output of the step before.
    """

    def __init__(self, neuron: Neuron, size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"Recurrent: size must be at least 1, got {size}.")
        self.neuron, self.size = neuron, size
        self.weight = nn.Parameter(torch.randn(size, size, generator=generator) / math.sqrt(size))

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """State at rest. shape: [B, size]."""
        state = self.neuron.initial_state(shape, like)
        return {**state, "last": torch.zeros_like(next(iter(state.values())))}

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x from `state` (rest if None); see `Neuron.run`."""
        check_input(self, x, self.weight)
        check_rank(self, x, 3, "[T, B, size]")
        check_axis(self, x, 2, self.size, "neurons")
        state = self.initial_state(x.shape[1:], x) if state is None else state
        if "last" not in state:
            raise ValueError(
                f"Recurrent: state must hold 'last' besides the neuron's, got {sorted(state)}. Start from initial_state(shape)."
            )
        inner = {k: v for k, v in state.items() if k != "last"}
        output, after, records = self.neuron.run_recurrent(x, self.weight, state["last"].to(x.dtype), inner, record)
        return Run(output, {**after, "last": output[-1]}, records)

    def stage(self, place: Place, state: State | None) -> Stage | None:
        """The population in a chain; None where the input or the state does not fit."""
        if len(place.shape) != 2 or place.shape[1] != self.size or (state is not None and "last" not in state):
            return None
        return self.neuron.recurrent_stage(self.weight, place, state)

    def extra_repr(self) -> str:
        return f"size={self.size}"
