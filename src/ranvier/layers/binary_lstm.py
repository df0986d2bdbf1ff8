"""Long short-term memory whose gates are spikes."""

import torch
from torch import Tensor

from ranvier.layers.cell import Cell
from ranvier.layers.gates import Gates, spike
from ranvier.neurons.verbs import State
from ranvier.surrogates import FastSigmoid, Surrogate


class BinaryLSTM(Cell):
    """Long short-term memory with gates of 0 or 1. x: [T, B, in_features] -> spikes [T, B, size].

    i, f, g, o = H(weight_ih x + weight_hh h + bias), H the step at 0;  c <- f c + i g;  h <- H(o c - v_threshold).

    c is a counter: whole numbers, up by one where i and g are open, emptied where f is shut; h fires where o is open and c has counted to
    v_threshold. Nothing is multiplied but by 0 or 1. Comparison: >=. Gradient: the surrogate through each of the five steps.
    Weights, in `gates`, are those of `torch.nn.LSTMCell`. State: `c`, and `h`, the spikes of the step before, [B, size].

    Source: after Lotfi Rezaabad and Vishwanath (2020), "Long short-term memory spiking networks and their applications". We know it from summaries:
    which thresholds the paper gives the gates, and how it smooths them, may differ.
    """

    state_names = ("c", "h")
    fires = True

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        v_threshold: float = 1.0,
        surrogate: Surrogate | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_features, size)
        if not 0 < v_threshold < float("inf"):
            raise ValueError(
                f"BinaryLSTM: v_threshold must be above 0, or cells that hold nothing fire; got {v_threshold}. Write v_threshold=1.0."
            )
        self.v_threshold = float(v_threshold)
        self.surrogate = FastSigmoid() if surrogate is None else surrogate
        self.gates = Gates(in_features, size, generator)

    def drive(self, x: Tensor) -> Tensor:
        return self.gates.of_input(x)

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        i, f, g, o = (spike(a, self.surrogate) for a in self.gates(x, state["h"]))
        c = f * state["c"] + i * g
        h = spike(o * c - self.v_threshold, self.surrogate)
        return h, {"c": c, "h": h}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, v_threshold={self.v_threshold:g}"
