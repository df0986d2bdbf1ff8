"""One time step of one sample: the kernels of the chain on buffers that are made once, so that a step allocates nothing.

A part reads the buffer of the part before it and writes its own. Sums run in the order of the chain's kernels, so that both round alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.equations.lowering import Loop
from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.linear import pack
from ranvier.kernels.cpu.recurrent import add_active
from ranvier.kernels.cpu.run import Plan, forward_kernel
from ranvier.kernels.cpu.vector import LANES, add_stretch, add_stretch_scaled


class LinearPart:
    """weight @ source + bias. source: [I], bytes of spikes or values; weights as they are now."""

    def __init__(self, weight: Tensor, bias: Tensor | None, source: np.ndarray) -> None:
        table = weight.detach().t().contiguous().view(-1).numpy().copy()
        offset = np.zeros(len(weight), table.dtype) if bias is None else bias.detach().numpy().copy()
        self.output = np.empty(len(weight), table.dtype)
        self._kernel: Any = step_mask if source.dtype == np.uint8 else step_values
        self._arguments = source, table, offset, self.output

    def __call__(self) -> None:
        self._kernel(*self._arguments)


class NeuronPart:
    """A population driven by the currents `source` [N]. With `weight` [N, N], its own spikes of the step before come on top.

    as_mask: whether the output is bytes of spikes, for another part, or values.
    """

    def __init__(
        self,
        loop: Loop,
        values: Sequence[Tensor],
        states: Mapping[str, Tensor],
        source: np.ndarray,
        as_mask: bool,
        weight: Tensor | None = None,
    ) -> None:
        neurons = source.size
        dtype = torch.float64 if source.dtype == np.float64 else torch.float32
        mask = (as_mask or weight is not None) and loop.program.fires
        plan = Plan.of(loop, (loop.program.output,), [v.detach() for v in values], dtype, mask=mask)
        self._kernel = forward_kernel(loop, plan.variant)
        self.states = {name: s.detach().reshape(1, neurons).clone().numpy() for name, s in states.items()}
        self._mask = np.zeros(neurons, np.uint8 if mask else source.dtype)
        self.output = self._mask if as_mask or not mask else np.zeros(neurons, source.dtype)
        self._last = self.states.get("last")
        self._recurrent: tuple | None = None
        if weight is not None:
            total = np.empty(neurons, source.dtype)
            self._recurrent = (source, total, self._mask, pack(weight.detach()), np.empty(neurons + 1, np.int32))
            source = total
            self._set_last()
        inner = [s for name, s in self.states.items() if name != "last"]
        width = min(1024, neurons)
        self._arguments = (
            source.reshape(1, 1, -1), self._mask.reshape(1, 1, -1), *inner, *plan.values, width, 0, -(-neurons // width)
        )  # fmt: skip

    def __call__(self) -> None:
        if self._recurrent is not None:
            add_recurrent(*self._recurrent)
        self._kernel(*self._arguments)
        if self.output is not self._mask:
            self.output[:] = self._mask
        if self._last is not None:
            self._last[0] = self._mask

    def set_states(self, states: Mapping[str, Tensor]) -> None:
        """Goes on from other states."""
        for name, s in states.items():
            self.states[name][0] = s.detach().reshape(-1).numpy()
        if self._recurrent is not None:
            self._set_last()

    def _set_last(self) -> None:
        assert self._last is not None
        if not np.isin(self._last, (0, 1)).all():
            raise ValueError("stream: the state `last` of a Recurrent must hold spikes, 0 or 1.")
        self._mask[:] = self._last[0]


@kernel
def step_mask(mask, table, bias, y):
    """y = bias + the weights of the inputs that spiked; table: flat [inputs, outputs], a row after the other as they lie in memory."""
    outputs = y.shape[0]
    for j in range(outputs):
        y[j] = bias[j]
    for i in range(mask.shape[0]):
        if mask[i]:
            add_stretch(y, 0, table, i * outputs, outputs)


@kernel
def step_values(x, table, bias, y):
    """As `step_mask`, each weight times its input, where that is not zero."""
    outputs = y.shape[0]
    for j in range(outputs):
        y[j] = bias[j]
    for i in range(x.shape[0]):
        if x[i] == 1:
            add_stretch(y, 0, table, i * outputs, outputs)
        elif x[i] != 0:
            add_stretch_scaled(y, 0, table, i * outputs, outputs, x[i])


@kernel
def add_recurrent(x, total, mask, table, active):
    """total = x + the recurrent weights of the neurons that spiked."""
    count = 0
    for j in range(x.shape[0]):
        total[j] = x[j]
        active[count] = j
        count += mask[j]
    add_active(total, table, active, count, np.empty(LANES, x.dtype))
