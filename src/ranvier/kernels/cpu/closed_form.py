"""The closed-form continuous-time cell: products on torch's BLAS, a compiled pass over what they give, and the way back through the same steps.

What the input adds needs no state: it is one product for all steps. So are the gradients of the weights, at the end.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.elementary import exp, tanh
from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.raw import get, put

GATED, NO_GATE, PURE = range(3)  # forms of the cell
HEIGHT, STEEPNESS = 1.7159, 0.666  # of a layer of the backbone: HEIGHT tanh(STEEPNESS z)


@kernel
def bend(z: Any) -> None:
    """z <- HEIGHT tanh(STEEPNESS z). Flat."""
    real = z.dtype.type
    for m in range(z.size):
        put(z, m, real(HEIGHT) * tanh(real(STEEPNESS) * get(z, m)))


@kernel
def bend_back(z: Any, error: Any) -> None:
    """error <- that of what was bent, z being the result. Flat."""
    real = z.dtype.type
    for m in range(z.size):
        bent = get(z, m)
        put(error, m, get(error, m) * (real(HEIGHT * STEEPNESS) - real(STEEPNESS / HEIGHT) * bent * bent))


@kernel
def close(form: Any, heads: Any, time: Any, unit: Any, h: Any) -> None:
    """h of a step [B, N]. heads: g, q, f, b of each row [B, 4, N], which become tanh g, tanh q and the gate; of the pure form p [B, N], which stays.

    time: since the step before [B]. unit: |w_tau| and amplitude [2, N], of the pure form. Flat.
    """
    one, n = h.dtype.type(1), h.size // time.size
    for row in range(time.size):
        t, at = get(time, row), row * n
        if form == PURE:
            for j in range(n):
                p, amplitude = get(heads, at + j), get(unit, n + j)
                put(h, at + j, amplitude - amplitude * exp(-t * (get(unit, j) + abs(p))) * p)
        else:
            g, q, f, b = 4 * at, 4 * at + n, 4 * at + 2 * n, 4 * at + 3 * n
            for j in range(2 * n):
                put(heads, g + j, tanh(get(heads, g + j)))
            for j in range(n):
                put(heads, f + j, one / (one + exp(-(get(heads, f + j) * t + get(heads, b + j)))))
            for j in range(n):
                early, late, gate = get(heads, g + j), get(heads, q + j), get(heads, f + j)
                put(h, at + j, early + gate * (late if form == NO_GATE else late - early))


@kernel
def close_back(form: Any, heads: Any, time: Any, unit: Any, error: Any, sums: Any) -> None:
    """Backward of `close`: heads as it left them, which become their errors. error: of h [B, N]; sums [2, N]: the errors of `unit` are added. Flat."""
    one, n = error.dtype.type(1), error.size // time.size
    for row in range(time.size):
        t, at = get(time, row), row * n
        if form == PURE:
            for j in range(n):
                p, amplitude, arrived = get(heads, at + j), get(unit, n + j), get(error, at + j)
                decay = exp(-t * (get(unit, j) + abs(p)))
                put(heads, at + j, -arrived * amplitude * decay * (one - t * abs(p)))
                put(sums, j, get(sums, j) + arrived * amplitude * decay * p * t)
                put(sums, n + j, get(sums, n + j) + arrived * (one - decay * p))
        else:
            g, q, f, b = 4 * at, 4 * at + n, 4 * at + 2 * n, 4 * at + 3 * n
            for j in range(n):
                early, late, gate = get(heads, g + j), get(heads, q + j), get(heads, f + j)
                arrived = get(error, at + j)
                opened = arrived * (late if form == NO_GATE else late - early) * gate * (one - gate)
                kept = arrived if form == NO_GATE else arrived * (one - gate)
                put(heads, g + j, kept * (one - early * early))
                put(heads, q + j, arrived * gate * (one - late * late))
                put(heads, f + j, opened * t)
                put(heads, b + j, opened)


def run(form: int, x: Tensor, h: Tensor, elapsed: Tensor, layers: Sequence[tuple[Tensor, Tensor]], unit: Tensor | None) -> Tensor:  # fmt: skip
    """h [T, B, N] after each step. x: [T, B, inputs]; h: [B, N] at the start; elapsed: since the step before, [T, B].

    layers: weights and biases of the backbone's layers and of the heads, the first of which takes [x, h]. unit: |w_tau| and amplitude of the pure form, [2, N].
    """
    given = [part for layer in layers for part in layer]
    unit = x.new_empty(2, 0) if unit is None else unit
    keep = torch.is_grad_enabled() and any(part.requires_grad for part in (x, h, unit, *given))
    return _Closed.apply(form, keep, x, h, elapsed.to(x.dtype), unit, *given)  # pyright: ignore[reportReturnType]


class _Closed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, form: int, keep: bool, x: Tensor, h: Tensor, elapsed: Tensor, unit: Tensor, *given: Tensor) -> Tensor:  # fmt: skip
        steps, batch, inputs = x.shape
        weights, biases = given[::2], given[1::2]
        own = weights[0][:, inputs:].t().contiguous()  # of the state
        maps = [own, *(w.t() for w in weights[1:])]
        rows = steps if keep else 1
        layers = [empty((rows, batch, w.shape[0]), x.dtype) for w in weights]
        driven = torch.addmm(biases[0], x.reshape(-1, inputs), weights[0][:, :inputs].t()).view(steps, batch, -1)
        out = empty((steps, batch, h.shape[1]), x.dtype)
        times, results = elapsed.contiguous().numpy(), out.view(steps, -1).numpy()
        flat = [layer.view(rows, -1).numpy() for layer in layers]
        constants = unit.detach().contiguous().view(-1).numpy()
        before = h
        for t in range(steps):
            row = t if keep else 0
            for k, (layer, weight) in enumerate(zip(layers, maps, strict=True)):
                torch.addmm(driven[t] if k == 0 else biases[k], before, weight, out=layer[row])
                if k < len(layers) - 1:
                    bend(flat[k][row])
                before = layer[row]
            close(form, flat[-1][row], times[t], constants, results[t])
            before = out[t]
        if keep:
            ctx.form, ctx.layers, ctx.times, ctx.constants = form, layers, times, constants
            ctx.save_for_backward(x, h, unit, out, *weights)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, error: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, h, unit, out, *weights = ctx.saved_tensors
        steps, batch, inputs = x.shape
        layers = ctx.layers  # each row's values become their errors, once they have been used
        errors = [torch.empty_like(layer) for layer in layers[:-1]] + [layers[-1].clone()]
        own = weights[0][:, inputs:]
        flat, given = [e.view(steps, -1).numpy() for e in errors], [z.view(steps, -1).numpy() for z in layers]
        sums = np.zeros(unit.numel(), flat[-1].dtype)
        arrived = torch.zeros_like(h)
        total = torch.empty_like(h)
        for t in range(steps - 1, -1, -1):
            torch.add(error[t], arrived, out=total)
            close_back(ctx.form, flat[-1][t], ctx.times[t], ctx.constants, total.view(-1).numpy(), sums)
            for k in range(len(layers) - 1, 0, -1):
                torch.mm(errors[k][t], weights[k], out=errors[k - 1][t])
                bend_back(given[k - 1][t], flat[k - 1][t])
            torch.mm(errors[0][t], own, out=arrived)
        wide = [e.view(steps * batch, -1) for e in errors]
        before = torch.cat([h.unsqueeze(0), out[:-1]])
        senders = [torch.cat([x, before], 2), *layers[:-1]]
        of_layers = [
            part for e, z in zip(wide, senders, strict=True) for part in (e.t() @ z.reshape(len(e), -1), e.sum(0))
        ]
        dx = (wide[0] @ weights[0][:, :inputs]).view(x.shape) if ctx.needs_input_grad[2] else None
        return None, None, dx, arrived, None, torch.from_numpy(sums).view(unit.shape), *of_layers
