"""subLSTM: memory cells gated by subtraction."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ranvier.layers.cell import Cell
from ranvier.layers.gates import Gates
from ranvier.neurons.verbs import State


class SubLSTM(Cell):
    """Long short-term memory whose input and output gates subtract, as inhibition does. x: [T, B, in_features] -> h [T, B, size].

    i, f, z, o = sigmoid(weight_ih x + weight_hh h + bias);  c <- f c + z - i;  h <- sigmoid(c) - o.

    z, too, is a sigmoid and not a tanh: all four are rates of firing. h lies in (-1, 1), c has no bounds. With decay=True the
    forget gate is one learned number in [0, 1] instead (fix-subLSTM): the leak of a membrane. Weights, in `gates`, have the shapes and the
    order of `torch.nn.LSTMCell`, z in the place of its g, and are drawn four times as wide: the slope of a sigmoid at 0 is a quarter of
    tanh's, and with the weights of an LSTM the cell hardly learns (`examples/papers/sequence_cells.md`). State: `c` and `h`, [B, size].

    Source: Costa, Assael, Shillingford, de Freitas and Vogels (NeurIPS 2017), "Cortical microcircuits as gated-recurrent neural
    networks"; the equations as given in the authors' code.
    """

    state_names = ("c", "h")
    gain: ClassVar[float] = 4.0  # of the weights as they are drawn: tanh'(0)/sigmoid'(0)

    def __init__(
        self, in_features: int, size: int, *, decay: bool = False, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(in_features, size)
        self.gates = Gates(in_features, size, generator, self.gain)
        self.decay = nn.Parameter(torch.rand((), generator=generator)) if decay else None

    def drive(self, x: Tensor) -> Tensor:
        return self.gates.of_input(x)

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        i, f, z, o = (torch.sigmoid(a) for a in self.gates(x, state["h"]))
        kept = f if self.decay is None else self.decay.clamp(0, 1)
        c = kept * state["c"] + z - i
        h = torch.sigmoid(c) - o
        return h, {"c": c, "h": h}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, decay={self.decay is not None}"
