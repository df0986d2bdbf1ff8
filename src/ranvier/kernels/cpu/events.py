"""Products with spikes: only the weight rows of active inputs are visited.

y[r] = bias + sum of W.T[i] over the inputs i that fired in row r; the weight gradient by the transposed lists. Whole rows of
outputs at a time, eight weight rows a pass, so that vector registers stay full. Rows are (t, b) pairs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.kernels.cpu.memory import empty
from ranvier.kernels.cpu.threads import split

DENSEST = 0.25  # share of active inputs above which the dense product is faster
NARROWEST = 32  # outputs below which looking for events costs more than the product


def kernel(function: Callable[..., None]) -> Callable[..., None]:
    """Compiled, without the interpreter lock; kept on disk where Numba finds a folder it can write to."""
    try:
        return njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # installed read-only, and no home folder either
        return njit(nogil=True, error_model="numpy")(function)


@kernel
def index_rows(x, index, count, first, last):
    """Lists the active inputs of rows [first, last). A value that is neither 0 nor 1 sets the row's count to -1 and stops."""
    for r in range(first, last):
        n = 0
        row, out = x[r], index[r]
        for i in range(x.shape[1]):
            value = row[i]
            if value != 0:
                if value != 1:
                    count[r] = -1
                    return
                out[n] = i
                n += 1
        count[r] = n


@njit(inline="always")
def add_rows(total, table, chosen, k, end):
    """total += table[chosen[k]] + ... + table[chosen[end - 1]], eight rows a pass."""
    outputs = table.shape[1]
    while k + 8 <= end:
        a, b, c, d = table[chosen[k]], table[chosen[k + 1]], table[chosen[k + 2]], table[chosen[k + 3]]
        e, f, g, h = table[chosen[k + 4]], table[chosen[k + 5]], table[chosen[k + 6]], table[chosen[k + 7]]
        for j in range(outputs):
            total[j] += ((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j]))
        k += 8
    while k < end:
        a = table[chosen[k]]
        for j in range(outputs):
            total[j] += a[j]
        k += 1


@kernel
def sum_rows(index, count, weight, bias, y, first, last):
    """y[r] = bias + sum over k of weight[index[r, k]]; weight: [inputs, outputs]."""
    for r in range(first, last):
        y[r] = bias
        add_rows(y[r], weight, index[r], 0, count[r])


@kernel
def transpose(index, count, start, rows):
    """From the active inputs of each row to the rows of each input: rows[start[i]:start[i + 1]], in order."""
    for r in range(index.shape[0]):
        for k in range(count[r]):
            start[index[r, k] + 2] += 1
    for i in range(2, start.shape[0]):
        start[i] += start[i - 1]
    for r in range(index.shape[0]):
        for k in range(count[r]):
            i = index[r, k] + 1
            rows[start[i]] = r
            start[i] += 1


@kernel
def sum_errors(start, rows, error, gradient, first, last):
    """gradient[i] = sum of error[r] over the rows r in which input i was active, for inputs [first, last)."""
    for i in range(first, last):
        gradient[i] = 0
        add_rows(gradient[i], error, rows, start[i], start[i + 1])


def active_inputs(x: Tensor) -> tuple[np.ndarray, np.ndarray] | None:
    """(index [R, I], count [R]) of the active inputs of spikes x [R, I]; None where x is no spikes or too dense to gain."""
    head = x[:1]
    if not len(head) or bool(((head != 0) & (head != 1)).any()):
        return None
    index = empty(tuple(x.shape), torch.int32).numpy()
    count = np.zeros(x.shape[0], np.int64)
    values = x.numpy()
    split(x.shape[0], x.numel(), lambda a, b: index_rows(values, index, count, a, b))
    if count.min() < 0 or count.sum() > DENSEST * x.numel():
        return None
    return index, count


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x @ weight.T + bias for spikes or values x [..., I]; sparse where x is spikes and few of them are active."""
    rows = x.detach().reshape(-1, x.shape[-1]).contiguous()
    active = active_inputs(rows) if weight.shape[0] >= NARROWEST else None
    if active is None:
        return torch.nn.functional.linear(x, weight, bias)
    flat = _EventLinear.apply(x.reshape(-1, x.shape[-1]), weight, bias, *active)
    return flat.view(*x.shape[:-1], weight.shape[0])


class _EventLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, index: np.ndarray, count: np.ndarray
    ) -> Tensor:
        outputs = weight.shape[0]
        y = empty((x.shape[0], outputs), x.dtype)
        rows, offset = (
            weight.t().contiguous().numpy(),
            (torch.zeros(outputs, dtype=x.dtype) if bias is None else bias).numpy(),
        )
        target, work = y.numpy(), int(count.sum()) * outputs
        split(x.shape[0], work, lambda a, b: sum_rows(index, count, rows, offset, target, a, b))
        ctx.save_for_backward(weight)
        ctx.active, ctx.work = (index, count), work
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        (weight,) = ctx.saved_tensors
        error = grads[0].contiguous()
        index, count = ctx.active
        x_grad = error @ weight if ctx.needs_input_grad[0] else None
        weight_grad = None
        if ctx.needs_input_grad[1]:
            inputs = weight.shape[1]
            start, rows = np.zeros(inputs + 2, np.int64), np.empty(int(count.sum()), np.int32)
            transpose(index, count, start, rows)
            gradient = empty((inputs, weight.shape[0]), error.dtype)
            values, target = error.numpy(), gradient.numpy()
            split(inputs, ctx.work, lambda a, b: sum_errors(start, rows, values, target, a, b))
            weight_grad = gradient.t()
        return x_grad, weight_grad, error.sum(0) if ctx.needs_input_grad[2] else None, None, None
