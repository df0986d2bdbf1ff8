"""Neurons in a chain: currents in, spikes out as bytes. The kernels are those of `run.py`, derived from the equations."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

import sympy
import torch
from torch import Tensor

from ranvier.equations.adjoint import Filter, derive, filter_of
from ranvier.equations.lowering import Loop
from ranvier.kernels.cpu.lists import of_mask
from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.run import Plan, shaped
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import EVENT, Near, Place, Stage


class NeuronStage(Stage):
    """A population.

    values: coefficients of the loop, 0-d or of the neurons' shape; states: [B, *N]; both in the order of axes that layers speak of, and
    turned here where the chain keeps channels last.
    """

    def __init__(
        self,
        loop: Loop,
        values: Sequence[Tensor],
        states: Mapping[str, Tensor],
        place: Place,
    ) -> None:
        super().__init__(list(values), list(states.values()), names=tuple(states), channels_last=place.channels_last)
        self.loop, self.dtype, self.fires = loop, place.dtype, loop.program.fires
        self._values = [self.to_memory(v.detach(), 0) for v in values]
        self.plan = Plan.of(loop, (loop.program.output,), self._values, place.dtype)

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return before

    def kept_bytes(self, after: tuple[int, ...], size: int) -> int:
        return math.prod(after) * (EVENT if self.fires else size)

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        current, plan = x.dense(), self.plan
        after = [s.clone(memory_format=torch.contiguous_format) for s in self.states]
        as_mask = self.fires and out is None
        y = torch.empty(0) if out is None else out
        if as_mask:
            y = empty(x.shape, torch.uint8)
            plan = replace(plan, variant=replace(plan.variant, mask=True))
        elif out is None:
            y = empty(x.shape, self.dtype)
        plan.forward(current, [y], after)
        self.saved = current, self.states
        self.states = after
        self.work.path, self.work.rows, self.work.inputs = "compiled", self.work.rows + x.rows, x.neurons
        self.work.moved += current.numel() * (self.dtype.itemsize + y.element_size())
        if as_mask:
            lists = of_mask(y.view(x.rows, x.neurons).numpy())
            self.work.left(lists, current.numel(), self.measured)
            return Signal(x.shape, self.dtype, lists=lists, channels_last=x.channels_last)
        self.work.updates += current.numel()
        if self.measured and self.fires:
            found = y.sum((0, 1)).flatten().numpy()
            self.work.fired = found if self.work.fired is None else self.work.fired + found
        return Signal.of(y, channels_last=x.channels_last)

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        super().begin_backward(wanted)
        self._learned = tuple(c for c, w in zip(self.loop.coefficients, wanted, strict=True) if w)
        self._sums: dict[sympy.Symbol, Tensor] = {}

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        current, states = self.saved
        plan, in_place = self.plan, own and needs_input
        variant = replace(
            plan.variant,
            graded=plan.variant.outputs,
            learned=self._learned,
            input_gradient=needs_input,
            in_place=in_place,
        )
        passed = self._passed if self.hands_near and needs_input else None
        near = None
        if passed is not None:
            decay, gain = passed
            near = Near(empty(tuple(current.shape), self.dtype), decay, gain * self.adjoints[0])
            variant = replace(variant, near=True)
        error = error.contiguous()
        x_grad = None if not needs_input else error if in_place else empty(tuple(current.shape), self.dtype)
        part = replace(plan, variant=variant).backward(
            current, [error], x_grad, states, self.adjoints, None if near is None else near.errors
        )
        self.near = near
        self._sums = {c: self._sums[c] + g if c in self._sums else g for c, g in part.items()}
        return x_grad

    @cached_property
    def _passed(self) -> tuple[float, float] | None:
        """(decay, gain) of the errors' filter in time, where there is one and it is the same for all neurons."""
        passed = _filter(self.loop, self.plan.variant.outputs)
        if passed is None or (passed.gain.free_symbols | passed.decay.free_symbols) & self.plan.variant.per_neuron:
            return None
        numbers = dict(zip(self.loop.coefficients, self.plan.values, strict=True))
        decay, gain = (
            float(e.xreplace({c: float(numbers[c]) for c in e.free_symbols})) for e in (passed.decay, passed.gain)
        )
        return decay, gain

    def gradients(self) -> list[Tensor | None]:
        plan = replace(self.plan, variant=replace(self.plan.variant, learned=self._learned))
        found = shaped(plan, self._sums, [v.shape for v in self._values], self.dtype)
        return [None if g is None else self.from_memory(g, 0) for g in found]


@lru_cache(maxsize=256)
def _filter(loop: Loop, outputs: tuple[sympy.Symbol, ...]) -> Filter | None:
    return filter_of(loop, derive(loop, outputs))
