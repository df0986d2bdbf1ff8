"""All-to-all recurrence within a population: the input of step t is x[t] + spikes[t - 1] @ weight.T.

Samples do not know of each other, so a thread takes a sample through all its steps: its states, its input and the list of neurons that
fired stay in the first-level cache, and only the weight rows of those are read. Backward, the error goes through the weights in every
step and is dense; samples go in groups of `ROWS`, so that the weights are read once for all of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sympy
import torch
from torch import Tensor

from ranvier.equations.lowering import Loop
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.compile import fingerprint, kernel_inline
from ranvier.kernels.cpu.linear import WeightGradient, pack
from ranvier.kernels.cpu.lists import Lists, of_mask
from ranvier.kernels.cpu.memory import buffer
from ranvier.kernels.cpu.run import Plan, shaped
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.source import Variant, graded_coefficients, recurrent_backward_source, recurrent_forward_source
from ranvier.kernels.cpu.stage import EVENT, Place, Stage
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import LANES, PANEL, ROWS, add_products, add_rows

__all__ = ["ROWS", "RecurrentStage", "add_active", "multiply"]


class RecurrentStage(Stage):
    """A spiking population with recurrent weights [N, N]. states: those of the neurons and `last`, the spikes of the step before, [B, N]."""

    def __init__(
        self, loop: Loop, values: Sequence[Tensor], weight: Tensor, states: Mapping[str, Tensor], place: Place
    ) -> None:
        super().__init__([weight, *values], list(states.values()), names=tuple(states))
        self.loop, self.dtype, self.weight = loop, place.dtype, weight.detach()
        self._plan = Plan.of(loop, (loop.program.output,), [v.detach() for v in values], place.dtype)
        self._table: np.ndarray | None = None

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return before

    def kept_bytes(self, after: tuple[int, ...], size: int) -> int:
        return math.prod(after) * EVENT

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        total = x.dense() if x.own else x.dense().clone()
        *states, last = self.states
        if bool(last.any()):
            total[0].addmm_(last, self.weight.t())
        if self._table is None:
            self._table = pack(self.weight)
        after = [s.clone(memory_format=torch.contiguous_format) for s in states]
        mask = buffer(x.shape, np.uint8)
        arrays = [total.numpy(), mask, *(s.numpy() for s in after), *self._plan.values, self._table]
        kernel = _forward(self.loop, self._plan.variant)
        split(x.shape[1], total.numel() * 4, kernel, *arrays)
        lists = of_mask(mask.reshape(x.rows, x.neurons))
        self.saved = total, lists, self.states
        self.states = [*after, torch.from_numpy(mask[-1]).to(self.dtype)]
        self._count(x, lists)
        if out is not None:
            out.copy_(torch.from_numpy(mask))
            return Signal.of(out)
        return Signal(x.shape, self.dtype, lists=lists)

    def _count(self, x: Signal, lists: Lists) -> None:
        w, size, cells = self.work, self.dtype.itemsize, x.rows * x.neurons
        w.left(lists, cells, self.measured)
        w.path, w.inputs, w.rows = "events", x.neurons, w.rows + x.rows
        w.events += lists.count
        w.operations += lists.count * x.neurons
        w.dense += cells * x.neurons
        w.moved += cells * (2 * size + 1) + lists.count * (4 + x.neurons * size)

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        super().begin_backward(wanted)
        self._sum = WeightGradient(self.weight) if wanted[0] else None
        self._learned = tuple(c for c, w in zip(self.loop.coefficients, wanted[1:], strict=True) if w)
        self._sums: dict[sympy.Symbol, Tensor] = {}
        self._back_table = pack(self.weight.t())

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        total, lists, (*states, last) = self.saved
        *adjoints, last_adjoint = self.adjoints
        steps, batch, neurons = total.shape
        error = error.contiguous() if own else error.clone(memory_format=torch.contiguous_format)
        error[-1] += last_adjoint
        groups = -(-batch // ROWS)
        variant = replace(self._plan.variant, graded=self._plan.variant.outputs, learned=self._learned)
        kernel, scalars, vectors = _backward(self.loop, variant)
        partial = np.zeros((groups, len(scalars)))
        per_neuron = [np.empty((groups, neurons), total.numpy().dtype) for _ in vectors]
        arrays = [
            total.numpy(), error.numpy(), error.numpy(), *(s.numpy() for s in states), *(a.numpy() for a in adjoints),
            last_adjoint.numpy(), *self._plan.values, partial, *per_neuron, self._back_table,
        ]  # fmt: skip
        split(groups, total.numel() * 8, kernel, *arrays)
        found = dict(zip(scalars, torch.from_numpy(partial.sum(0)).unbind(0), strict=True))
        found |= {c: torch.from_numpy(g.sum(0)) for c, g in zip(vectors, per_neuron, strict=True)}
        self._sums = {c: self._sums[c] + g if c in self._sums else g for c, g in found.items()}
        if self._sum is not None:
            self._sum.add_values(last, error[0])
            if steps > 1:
                before = Lists(lists.start[: (steps - 1) * batch + 1], lists.index, neurons)
                self._sum.add_events(before, 1.0, error[1:].view(-1, neurons))
        return error

    def gradients(self) -> list[Tensor | None]:
        plan = replace(self._plan, variant=replace(self._plan.variant, learned=self._learned))
        rest = shaped(plan, self._sums, [v.shape for v in self.tensors[1:]], self.dtype)
        weight = None if self._sum is None else self._sum.result()[0]
        self._sum = self._back_table = None
        return [weight, *rest]


@lru_cache(maxsize=256)
def _forward(loop: Loop, variant: Variant) -> Callable[..., None]:
    return load(_stamped(recurrent_forward_source(loop, variant)), "recurrent_forward").forward


@lru_cache(maxsize=256)
def _backward(loop: Loop, variant: Variant) -> tuple[Callable[..., None], list[sympy.Symbol], list[sympy.Symbol]]:
    source = _stamped(recurrent_backward_source(loop, variant))
    return load(source, "recurrent_backward").backward, *graded_coefficients(loop, variant)


def _stamped(source: str) -> str:
    """A text that names the version of what it calls from here, since that is compiled into it."""
    return f"# {fingerprint()}\n{source}"


@kernel_inline
def add_active(x, table, active, count, part):
    """x [N] += the weight rows active[:count]; table: [blocks, inputs * LANES]; part: [LANES] to work in."""
    if count > 0:
        n = x.shape[0]
        for q in range(table.shape[0]):
            a = q * LANES
            if a + LANES <= n:
                add_rows(x[a : a + LANES], table[q], active, 0, count, 0)
            else:
                part[:] = 0
                add_rows(part, table[q], active, 0, count, 0)
                for j in range(n - a):
                    x[a + j] += part[j]


@kernel_inline
def multiply(result, table, rows):
    """result [ROWS, blocks * LANES] = rows [ROWS, inputs] @ table, which holds [inputs, LANES] a block."""
    result[:] = 0
    for q in range(table.shape[0]):
        for part in range(0, LANES, PANEL):
            add_products(result, table[q], rows, q * LANES + part)
