"""A reservoir as an ordinary layer of a trained network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ranvier.layers.cell import Cell
from ranvier.layers.layer import check_axis, check_rank
from ranvier.neurons.verbs import Run, State, Verbs
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


class DeepEchoLayer(Cell):
    """`EchoLayer`s one behind the other. x: [T, B, features] -> states of all of them side by side, [T, B, N], which are the state `x`, too."""

    state_names = ("x",)

    def __init__(self, layers: Sequence[Weights]) -> None:
        super().__init__(layers[0].win.shape[1], sum(weights.units for weights in layers))
        self.layers = nn.ModuleList(map(EchoLayer, layers))
        self.units = [weights.units for weights in layers]

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        found = []
        layers: Any = self.layers
        for layer, before in zip(layers, state["x"].split(self.units, 1), strict=True):
            x, _ = layer.advance(layer.drive(x), {"x": before}, None)
            found.append(x)
        states = torch.cat(found, 1)
        return states, {"x": states}


class ReservoirLayer(Verbs):
    """Any fitted reservoir as a layer that does not learn. x: [T, B, features], T rows of X -> states [T, B, N].

    No gradient flows through it, and an input that asks for one is refused: what stands before it could not learn. The state is the reservoir's
    own, of each sequence. It is not part of `state_dict`: `rv.reservoirs.save` keeps the reservoir.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def run(self, x: Tensor, state: Any = None, record: Sequence[str] = ()) -> Run:
        """Runs x from `state` (rest if None). Nothing can be recorded."""
        name = type(self.model).__name__
        check_rank(self, x, 3, "[T, B, features]")
        check_axis(self, x, 2, self.model.features_, "features")
        if x.requires_grad:
            raise ValueError(f"{name}: the input asks for a gradient, and none flows through it. Give x.detach().")
        if record:
            raise ValueError(
                f"{name}: a reservoir's layer records nothing, got {list(record)}. Its output are its states."
            )
        steps, batch, _ = x.shape
        rows = np.ascontiguousarray(x.transpose(0, 1).reshape(steps * batch, -1).double().numpy())
        states, after = self.model._scan(self.model._scaled(rows), np.arange(batch + 1) * steps, state)
        return Run(torch.from_numpy(states).to(x.dtype).view(batch, steps, -1).transpose(0, 1).contiguous(), after, {})
