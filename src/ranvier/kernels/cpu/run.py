"""Compiled runs of a loop over time, as an autograd function."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.equations.lowering import Loop
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.source import Variant, backward_source, forward_source, graded_coefficients
from ranvier.kernels.cpu.threads import split

CACHE_BYTES = 1 << 18  # states of a tile over all steps should stay in the second-level cache
WIDEST, NARROWEST = 1024, 64


@dataclass(frozen=True)
class Plan:
    """A loop, what is asked of it, and the numbers of its coefficients as the kernels take them."""

    loop: Loop
    variant: Variant
    values: tuple[Any, ...]  # NumPy scalars and arrays [C]

    @staticmethod
    def of(
        loop: Loop,
        outputs: tuple[sympy.Symbol, ...],
        values: Sequence[Tensor],
        dtype: torch.dtype,
        mask: bool = False,
    ) -> "Plan":
        """Reads the coefficients: 0-d tensors become numbers, the others flat arrays over neurons. mask: see `Variant`."""
        symbols = tuple(loop.coefficients)
        per_neuron = frozenset(c for c, v in zip(symbols, values, strict=True) if v.dim())
        scalar = np.float64 if dtype == torch.float64 else np.float32
        plain = tuple(scalar(v.item()) if not v.dim() else v.detach().contiguous().view(-1).numpy() for v in values)
        return Plan(loop, Variant(outputs, per_neuron, mask=mask), plain)

    def layout(self, shape: torch.Size) -> tuple[int, int, int]:
        """[T, B, *N] as (T, rows, neurons); without per-neuron numbers, all of B and N are one long row."""
        total = math.prod(shape[1:])
        rows = shape[1] if self.variant.per_neuron else 1
        return shape[0], rows, total // rows

    def forward(self, x: Tensor, outs: Sequence[Tensor], states: Sequence[Tensor]) -> None:
        """Runs the steps of x; writes `outs`, updates `states` in place. All contiguous."""
        kernel = forward_kernel(self.loop, self.variant)
        T, R, C = self.layout(x.shape)
        width = min(WIDEST, C)
        arrays = [
            x.view(T, R, C).numpy(),
            *(o.view(T, R, C).numpy() for o in outs),
            *(s.view(R, C).numpy() for s in states),
        ]
        tiles = R * -(-C // width)
        split(tiles, x.numel(), kernel, *arrays, *self.values, width)

    def backward(
        self,
        x: Tensor,
        grads: Sequence[Tensor],
        x_grad: Tensor | None,
        states: Sequence[Tensor],
        adjoints: Sequence[Tensor],
        near: Tensor | None = None,
    ) -> dict[sympy.Symbol, Tensor]:
        """Gradients of one run: fills `x_grad` (and `near`), updates `adjoints` in place, returns those of the learned coefficients."""
        v = self.variant
        kernel, scalars, vectors = _backward(self.loop, v)
        T, R, C = self.layout(x.shape)
        fit = CACHE_BYTES // max(1, T * len(states) * x.element_size())
        width = min(C, max(NARROWEST, min(WIDEST, fit)))
        tiles = R * -(-C // width)
        partial = np.zeros((tiles, len(scalars)))
        per_row = [torch.empty((R, C), dtype=x.dtype) for _ in vectors]
        unused = np.empty((0, 0, 0), x.numpy().dtype)
        arrays = [
            x.view(T, R, C).numpy(),
            *(g.view(T, R, C).numpy() for g in grads),
            unused if x_grad is None else x_grad.view(T, R, C).numpy(),
            *(s.view(R, C).numpy() for s in states),
            *(a.view(R, C).numpy() for a in adjoints),
        ]
        rest = [partial, *(g.numpy() for g in per_row)]
        rest += [] if near is None else [near.view(T, R, C).numpy()]
        split(tiles, x.numel(), kernel, *arrays, *self.values, *rest, width)
        sums = torch.from_numpy(partial.sum(0))
        return dict(zip(scalars, sums.unbind(0), strict=True)) | {
            c: g.sum(0) for c, g in zip(vectors, per_row, strict=True)
        }


@lru_cache(maxsize=1024)
def forward_kernel(loop: Loop, variant: Variant) -> Callable[..., None]:
    """The compiled `forward` of a variant."""
    return load(forward_source(loop, variant), "forward").forward


@lru_cache(maxsize=1024)
def _backward(loop: Loop, variant: Variant) -> tuple[Callable[..., None], list[sympy.Symbol], list[sympy.Symbol]]:
    return load(backward_source(loop, variant), "backward").backward, *graded_coefficients(loop, variant)


def run(
    loop: Loop, x: Tensor, states: Sequence[Tensor], values: Sequence[Tensor], outputs: tuple[sympy.Symbol, ...]
) -> tuple[list[Tensor], list[Tensor]]:
    """The compiled twin of `eager.run`: same arguments, same results."""
    plan = Plan.of(loop, outputs, values, x.dtype)
    results = _Run.apply(plan, x, *states, *values)
    return list(results[: len(outputs)]), list(results[len(outputs) :])


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: Plan, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        n = len(plan.loop.states)
        x = x.contiguous()
        states = [s.contiguous() for s in rest[:n]]
        outs = [empty(tuple(x.shape), x.dtype) for _ in plan.variant.outputs]
        final = [s.clone(memory_format=torch.contiguous_format) for s in states]
        plan.forward(x, outs, final)
        ctx.plan, ctx.shapes = plan, [v.shape for v in rest[n:]]
        ctx.save_for_backward(x, *states)
        ctx.set_materialize_grads(False)
        return (*outs, *final)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        plan: Plan = ctx.plan
        x, *states = ctx.saved_tensors
        plan, given = graded(
            plan, grads[: len(plan.variant.outputs)], ctx.needs_input_grad[1], ctx.needs_input_grad[2 + len(states) :]
        )
        x_grad = empty(tuple(x.shape), x.dtype) if ctx.needs_input_grad[1] else None
        adjoints = initial_adjoints(states, grads[len(plan.variant.outputs) :])
        found = plan.backward(x, given, x_grad, states, adjoints)
        return (None, x_grad, *adjoints, *shaped(plan, found, ctx.shapes, x.dtype))


def graded(
    plan: Plan, grads: Sequence[Tensor | None], needs_input: bool, needs: Sequence[bool]
) -> tuple[Plan, list[Tensor]]:
    """The plan's backward variant for the gradients that arrived, and those gradients, contiguous."""
    v = plan.variant
    arrived = [(o, g) for o, g in zip(v.outputs, grads, strict=True) if g is not None]
    learned = tuple(c for c, need in zip(plan.loop.coefficients, needs, strict=True) if need)
    variant = replace(v, graded=tuple(o for o, _ in arrived), learned=learned, input_gradient=needs_input)
    return replace(plan, variant=variant), [g.contiguous() for _, g in arrived]


def initial_adjoints(states: Sequence[Tensor], grads: Sequence[Tensor | None]) -> list[Tensor]:
    """Fresh copies of the gradients of the final states, zero where none arrived."""
    return [
        torch.zeros_like(s) if g is None else g.clone(memory_format=torch.contiguous_format)
        for s, g in zip(states, grads, strict=True)
    ]


def shaped(
    plan: Plan, found: dict[sympy.Symbol, Tensor], shapes: Sequence[torch.Size], dtype: torch.dtype
) -> list[Tensor | None]:
    """Coefficient gradients in the shapes of the coefficients, None where none was asked."""
    result: list[Tensor | None] = []
    for c, shape in zip(plan.loop.coefficients, shapes, strict=True):
        wanted = c in plan.variant.learned
        result.append(found.get(c, torch.zeros(shape)).to(dtype).reshape(shape) if wanted else None)
    return result
