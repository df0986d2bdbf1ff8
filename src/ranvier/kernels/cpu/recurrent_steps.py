"""Compiled runs with all-to-all recurrence, a step at a time, for any output and any record: one product and one kernel call a step.

`recurrent.py` is the faster one, for spikes in a chain. The input of step t is x[t] + out[t-1] @ weight.T. The backward pass calls
the same backward kernel a step at a time, with the states at the start of that step, and adds one product for the error that
flows back through the weights.
"""

from collections.abc import Sequence
from typing import Any

import sympy
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.equations.lowering import Loop
from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.run import Plan, graded, initial_adjoints, shaped


def run_recurrent(
    loop: Loop,
    x: Tensor,
    weight: Tensor,
    last: Tensor,
    states: Sequence[Tensor],
    values: Sequence[Tensor],
    outputs: tuple[sympy.Symbol, ...],
) -> tuple[list[Tensor], list[Tensor]]:
    """As `run`, with recurrent `weight` [N, N] and the output `last` [B, N] of the step before. x: [T, B, N].

    outputs[0] is what is fed back.
    """
    plan = Plan.of(loop, outputs, values, x.dtype)
    results = _Recurrent.apply(plan, x, weight, last, *states, *values)
    return list(results[: len(outputs)]), list(results[len(outputs) :])


class _Recurrent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: Plan, x: Tensor, weight: Tensor, last: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        n = len(plan.loop.states)
        shape = tuple(x.shape)
        outs = [empty(shape, x.dtype) for _ in plan.variant.outputs]
        total = empty(shape, x.dtype)  # input of each step, recurrent part included
        trace = [
            empty((shape[0] + 1, *s.shape), x.dtype) for s in rest[:n]
        ]  # states at the start of each step, and final ones
        for row, s in zip(trace, rest[:n], strict=True):
            row[0] = s
        before, back = last, weight.t().contiguous()
        for t in range(shape[0]):
            torch.addmm(x[t], before, back, out=total[t])
            for row in trace:
                row[t + 1] = row[t]
            plan.forward(total[t : t + 1], [o[t : t + 1] for o in outs], [row[t + 1] for row in trace])
            before = outs[0][t]
        ctx.plan, ctx.shapes, ctx.states = plan, [v.shape for v in rest[n:]], n
        ctx.save_for_backward(total, weight, last, outs[0], *trace)
        ctx.set_materialize_grads(False)
        return (*outs, *(row[-1].clone() for row in trace))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        n = ctx.states
        total, weight, last, out, *trace = ctx.saved_tensors
        count = len(ctx.plan.variant.outputs)
        arriving = list(grads[:count])
        if arriving[0] is None:  # the fed-back output has a gradient in any case
            arriving[0] = torch.zeros_like(out)
        plan, given = graded(ctx.plan, arriving, True, ctx.needs_input_grad[4 + n :])
        adjoints = initial_adjoints([row[0] for row in trace], grads[count:])
        x_grad = empty(tuple(total.shape), total.dtype)
        sums: dict[sympy.Symbol, Tensor] = {}
        error = torch.zeros_like(last)
        for t in range(total.shape[0] - 1, -1, -1):
            fed = [torch.add(given[0][t : t + 1], error), *(g[t : t + 1] for g in given[1:])]
            part = plan.backward(total[t : t + 1], fed, x_grad[t : t + 1], [row[t] for row in trace], adjoints)
            sums = {c: sums[c] + g if c in sums else g for c, g in part.items()}
            torch.mm(x_grad[t], weight, out=error)
        weight_grad = None
        if ctx.needs_input_grad[2]:
            N = weight.shape[0]
            weight_grad = x_grad[0].t() @ last + x_grad[1:].reshape(-1, N).t() @ out[:-1].reshape(-1, N)
        return (None, x_grad, weight_grad, error, *adjoints, *shaped(plan, sums, ctx.shapes, total.dtype))
