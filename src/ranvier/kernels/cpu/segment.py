"""All-to-all synapses whose weights change between stretches of a sample: one linear stage for each stretch."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ranvier.kernels.cpu.linear import LinearStage
from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Stage


class SegmentStage(Stage):
    """weight: [segments, O, I]; segment: of every step of the run; step: [B], the number of steps before it."""

    def __init__(self, weight: Tensor, segment: Sequence[int], step: Tensor) -> None:
        super().__init__([weight], [step], names=("step",))
        self._segment, self._first = list(segment), int(step[0])
        self._stages = [LinearStage(w, None) for w in weight.detach().unbind(0)]

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return (before[0], self.tensors[0].shape[1])

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        (step,) = self.states
        at = int(step[0]) - self._first
        segment = self._segment[at : at + x.steps]
        y = empty((*x.shape[:2], self.tensors[0].shape[1]), x.dtype) if out is None else out
        bounds = [t for t in range(x.steps) if t == 0 or segment[t] != segment[t - 1]] + [x.steps]
        parts = []
        for a, b in zip(bounds, bounds[1:], strict=False):
            stage = self._stages[segment[a]]
            stage.measured, stage.work = self.measured, self.work
            stage.forward(x.steps_between(a, b), y[a:b])
            parts.append((a, b, segment[a], stage.saved))
        self.saved = parts
        self.states = [step + x.steps]
        return Signal.of(y, own=out is None)

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        super().begin_backward(wanted)
        for stage in self._stages:
            stage.begin_backward(wanted)

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        found = []
        for a, b, k, saved in self.saved:
            self._stages[k].saved = saved
            found.append(self._stages[k].backward(error[a:b], False, needs_input))
        return torch.cat(found) if needs_input else None

    def gradients(self) -> list[Tensor | None]:
        found = [stage.gradients()[0] for stage in self._stages]
        return [None if any(g is None for g in found) else torch.stack([g for g in found if g is not None])]

    def release(self) -> None:
        super().release()
        for stage in self._stages:
            stage.release()
