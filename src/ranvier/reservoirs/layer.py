"""A reservoir as an ordinary layer of a trained network."""

import torch
from torch import Tensor, nn

from ranvier.layers.cell import Cell
from ranvier.neurons.verbs import State
from ranvier.reservoirs.scan import Weights
from ranvier.reservoirs.units import matrix_of


class EchoLayer(Cell):
    """Leaky tanh units with fixed links as a layer. x: [T, B, features] -> states [T, B, N].

    Gradients flow through it to what stands before; its own weights are parameters that do not ask for a gradient, until
    `layer.requires_grad_()` lets them learn too. float32 unless `layer.double()`. State: `x` [B, N].

    >>> net = rv.Sequential(model.layer(), rv.Linear(100, 10), rv.LI())
    """

    state_names = ("x",)

    def __init__(self, weights: Weights) -> None:
        super().__init__(weights.win.shape[1], weights.units)
        self.win, self.bias, self.w, self.leak = (
            nn.Parameter(torch.tensor(values, dtype=torch.get_default_dtype()), requires_grad=False)
            for values in (weights.win, weights.bias, matrix_of(weights), weights.leak)
        )
        self.linear = weights.linear

    def drive(self, x: Tensor) -> Tensor:
        return x @ self.win.T + self.bias

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        net = x + state["x"] @ self.w.T
        new = (1 - self.leak) * state["x"] + self.leak * (net if self.linear else net.tanh())
        return new, {"x": new}
