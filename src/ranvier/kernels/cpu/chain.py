"""A chain of stages as one autograd node: events in, events out, stretch by stretch of time.

Forward, a stretch goes through all stages before the next one starts, so that what lies between two layers is as long as a stretch and
its buffers are used again. Backward, the gradients go back through the stages stretch by stretch, last first. A short run keeps what the
stages need for that; of a long one the states at the start of each stretch are kept, and the stretches are run again from these
checkpoints (the last one need not be). Memory therefore grows with the length of a stretch; time and the checkpoints grow with T.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.kernels.cpu.linear import LinearStage
from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Stage

WHOLE = 32 << 20  # bytes up to which all of a run is kept for the backward pass; a longer run is run twice
STRETCH = 4 << 20  # bytes that a stretch keeps
OVER_WEIGHTS = 4  # or this many times the bytes of the weights, where that is more: each stretch reads them all
PASSING = 16 << 20  # bytes of values that a stretch makes where there is no backward pass


@dataclass(eq=False)
class Stretch:
    """The steps [first, end) of a run: their input, the states before them, and what the stages hold of them if they need not be run again."""

    first: int
    end: int
    source: Signal
    states: list[list[Tensor]]
    held: list[Any] | None = None


class Chain:
    """Stages in a row, for one run over T steps of a batch."""

    def __init__(self, stages: Sequence[Stage], source: Signal, channels_first: tuple[int, ...]) -> None:
        """source: the whole input. channels_first: its shape [B, *N] in the order of axes that layers speak of."""
        self.stages, self.source = list(stages), source
        shapes = [channels_first]
        for stage in self.stages:
            shapes.append(stage.shape(shapes[-1]))
        self.output_shape = shapes[-1]
        size = source.dtype.itemsize
        self.bytes_a_step = sum(stage.kept_bytes(s, size) for stage, s in zip(self.stages, shapes[1:], strict=True))
        self._checkpoints: list[Stretch] = []
        self._turned = False  # whether the output's channels are last

    @property
    def tensors(self) -> list[Tensor]:
        """Weights and coefficients of all stages."""
        return [t for stage in self.stages for t in stage.tensors]

    def forward(self, keep: bool) -> Tensor:
        """Output [T, B, *M] of the whole run."""
        steps = self.source.steps
        parts = -(-steps // self._length(keep))
        whole = steps * self.bytes_a_step <= WHOLE
        out = empty((steps, *self.output_shape), self.source.dtype)
        for a, b in pairwise(steps * k // parts for k in range(parts + 1)):
            x = self.source if parts == 1 else self.source.steps_between(a, b)
            stretch = Stretch(a, b, x, [stage.states for stage in self.stages])
            self._stretch(stretch, out[a:b])
            if keep:
                self._checkpoints.append(stretch)
            if keep and (whole or b == steps):
                stretch.held = [stage.saved for stage in self.stages]
            else:
                x.forget()
            self.release()
        return out

    def _length(self, keep: bool) -> int:
        """Steps of a stretch."""
        a_step, weights = max(1, self.bytes_a_step), sum(t.numel() * t.element_size() for t in self.tensors)
        room = max(STRETCH // a_step, OVER_WEIGHTS * weights // a_step) if keep else PASSING // a_step
        return max(1, min(self.source.steps, room))

    def _stretch(self, stretch: Stretch, out: Tensor | None) -> None:
        x = stretch.source
        for stage in self.stages:
            started = time.perf_counter()
            direct = stage is self.stages[-1] and not stage.channels_last_after
            x = stage.forward(x, out if direct else None)
            stage.work.seconds += time.perf_counter() - started
        self._turned = x.channels_last
        if out is not None and (x.values is None or x.values.data_ptr() != out.data_ptr()):
            out.copy_(x.outside())

    def backward(
        self,
        error: Tensor,
        final: Sequence[Tensor | None],
        wanted: Sequence[bool],
        wanted_states: Sequence[bool],
        needs_input: bool,
    ) -> tuple[Tensor | None, list[Tensor], list[Tensor | None]]:
        """Gradients of the input (None where not needed), of the initial states and of the tensors.

        error: [T, B, *M]. final: gradients of the final states. wanted, wanted_states: whose gradients are asked for.
        """
        below = [needs_input]
        flags, arrived, asked = iter(wanted), iter(final), iter(wanted_states)
        for stage in self.stages:
            own = list(islice(flags, len(stage.tensors)))
            stage.begin_backward(own)
            stage.adjoints = [
                torch.zeros_like(s) if g is None else stage.to_memory(g, 1).clone()
                for s, g in zip(stage.states, islice(arrived, len(stage.states)), strict=True)
            ]
            below.append(any([below[-1], *own, *islice(asked, len(stage.states))]))
        if self._turned:
            error = error.movedim(2, -1).contiguous()
        x_grad = empty(self.source.shape, error.dtype) if needs_input else None
        for stretch in reversed(self._checkpoints):
            self._hold(stretch)
            part = slice(stretch.first, stretch.end)
            self._back(error[part], below, None if x_grad is None else x_grad[part])
            self.release()
            stretch.source.forget()
        adjoints = [stage.from_memory(g, 1) for stage in self.stages for g in stage.adjoints]
        return x_grad, adjoints, [g for stage in self.stages for g in stage.gradients()]

    def _hold(self, stretch: Stretch) -> None:
        """Gives the stages what they need for the backward pass of a stretch; each lets go of it when it is done."""
        if stretch.held is None:
            for stage, states in zip(self.stages, stretch.states, strict=True):
                stage.states = states
            self._stretch(stretch, None)
        else:
            for stage, saved in zip(self.stages, stretch.held, strict=True):
                stage.saved = saved
            stretch.held = None

    def _back(self, error: Tensor, below: list[bool], x_grad: Tensor | None) -> None:
        part: Tensor | None = error
        own = False  # autograd's gradient is not ours to write over
        for k in range(len(self.stages) - 1, -1, -1):
            if part is None:
                return
            stage = self.stages[k]
            stage.hands_near = k > 0 and below[k - 1] and isinstance(self.stages[k - 1], LinearStage)
            found = stage.backward(part, own, below[k])
            stage.release()  # its buffers serve the stages before it
            if k > 0:
                self.stages[k - 1].arriving = stage.near
            stage.near = stage.arriving = None
            own = own or found is None or found.data_ptr() != part.data_ptr()
            part = found
        if x_grad is not None and part is not None:
            x_grad.copy_(part)

    def release(self) -> None:
        """Lets go of what the stages keep for a backward pass."""
        for stage in self.stages:
            stage.release()


def run(chain: Chain, x: Tensor | None, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Runs a chain: output [T, B, *M] and the final states of all stages.

    x: the tensor behind the chain's source, for its gradient; None where the input is events. states: as the stages hold them.
    """
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, *states, *chain.tensors))
    output, *final = _Chain.apply(chain, keep, x, *states, *chain.tensors)
    return output, final


class _Chain(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, chain: Chain, keep: bool, x: Tensor | None, *rest: Tensor) -> tuple[Tensor, ...]:
        output = chain.forward(keep)
        # Copies: what is returned gets this node as its origin, and must not be held by the node itself.
        final = [stage.from_memory(s, 1).clone() for stage in chain.stages for s in stage.states]
        if keep:
            ctx.chain, ctx.count = chain, len(final)
            ctx.save_for_backward(x, *rest)  # so that autograd notices when one is changed before the backward pass
            ctx.set_materialize_grads(False)
        return (output, *final)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        chain: Chain = ctx.chain
        n = ctx.count
        _ = ctx.saved_tensors  # raises where one was changed
        needs = ctx.needs_input_grad
        error = grads[0]
        if error is None:
            error = torch.zeros((chain.source.steps, *chain.output_shape), dtype=chain.source.dtype)
        x_grad, adjoints, gradients = chain.backward(error, grads[1:], needs[3 + n :], needs[3 : 3 + n], needs[2])
        return (None, None, x_grad, *adjoints, *gradients)
