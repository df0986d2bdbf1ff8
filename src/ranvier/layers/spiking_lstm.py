"""Spiking long short-term memory: the hidden value is a membrane with a threshold."""

import torch
from torch import Tensor

from ranvier.equations.options import NoReset, Reset
from ranvier.layers.cell import Cell
from ranvier.layers.gates import Gates, reset, spike
from ranvier.neurons.verbs import State
from ranvier.surrogates import FastSigmoid, Surrogate


class SpikingLSTM(Cell):
    """Long short-term memory whose hidden value is a membrane that fires. x: [T, B, in_features] -> spikes [T, B, size].

    i, f, o = sigmoid(...), g = tanh(...) of weight_ih x + weight_hh v + bias;  c <- f c + i g;  v <- o tanh(c);
    spike where v >= v_threshold; then the reset of v.

    The gates see the membrane v of the step before, not the spikes, so without a reset (the default) v is the output of a plain LSTM,
    and `record=("v",)` shows it. v lies in (-1, 1), so v_threshold must lie between 0 and 1: at the usual 1 the cell can never fire.
    Comparison: >=. Order: integrate, compare, reset, in one step. reset: `NoReset()`, `Subtract()` or `ToValue()` (to 0).
    Gradient: surrogate through the spike, exact through the gates. Weights, in `gates`, are those of `torch.nn.LSTMCell`.
    State: `c`, the cell, and `v`, [B, size]. `BinaryLSTM` is the form whose gates are spikes too.

    Source: Eshraghian et al. 2023 (snnTorch, `SLSTM`), after Hochreiter and Schmidhuber 1997.
    """

    state_names = ("c", "v")
    fires = True

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        v_threshold: float = 0.1,
        surrogate: Surrogate | None = None,
        reset: Reset | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_features, size)
        if not 0 < v_threshold < 1:
            raise ValueError(
                f"SpikingLSTM: v_threshold must lie between 0 and 1, got {v_threshold}: the membrane o*tanh(c) lies in (-1, 1), "
                "so that the cell would fire never or always. Write v_threshold=0.1."
            )
        self.v_threshold = float(v_threshold)
        self.surrogate = FastSigmoid() if surrogate is None else surrogate
        self.reset = NoReset() if reset is None else reset
        self.gates = Gates(in_features, size, generator)

    def drive(self, x: Tensor) -> Tensor:
        return self.gates.of_input(x)

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        i, f, g, o = self.gates(x, state["v"])
        c = torch.sigmoid(f) * state["c"] + torch.sigmoid(i) * torch.tanh(g)
        v = torch.sigmoid(o) * torch.tanh(c)
        spikes = spike(v - self.v_threshold, self.surrogate)
        return spikes, {"c": c, "v": reset(v, spikes, self.v_threshold, self.reset)}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, v_threshold={self.v_threshold:g}"
