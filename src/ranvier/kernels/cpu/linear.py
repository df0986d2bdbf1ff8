"""All-to-all synapses: products that visit only the weights of active inputs, or dense ones where many are active.

Columns are taken in blocks of `LANES`. The weights of a block, [inputs, LANES], stay in the second-level cache while all rows go by,
and the total of a row stays in registers.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.lists import CHUNK, Lists, of_values
from ranvier.kernels.cpu.memory import buffer, empty
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Near, Stage
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import LANES, add_rows, add_scaled_rows

PART = 128  # inputs whose weights, LANES columns of them, fit the first-level cache
FEW = 18  # events of a row and part that make it worth while to take the inputs part by part
SQUARE = 64  # inputs that are packed together
SHARES = 4  # of a block's weight gradient, for threads to take where there are few blocks
TILE = 64  # rows that take part after part of the inputs together; their totals stay in the first-level cache
FEWEST = 32  # rows below which packing the weights costs more than a dense product
DENSEST_ERROR = 0.2  # share of non-zero errors above which the dense input gradient is faster
DENSEST = 0.3  # share of active inputs above which the dense product is faster


class LinearStage(Stage):
    """y = x @ weight.T + bias. x: [T, B, I]; weight: [O, I]."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__(tensors=[weight] if bias is None else [weight, bias])
        self.weight, self.bias = weight.detach(), None if bias is None else bias.detach()
        self._packed: tuple[float, np.ndarray] | None = None
        self._back: np.ndarray | None = None  # the weights packed for the way back
        self._sum: WeightGradient | None = None

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return (*before[:-1], self.weight.shape[0])

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        outputs, inputs = self.weight.shape
        y = empty((*x.shape[:2], outputs), x.dtype) if out is None else out
        flat = y.view(x.rows, outputs)
        lists = x.lists(DENSEST) if x.rows >= FEWEST else None
        if lists is None:
            w, matrix = self.weight.t(), x.matrix()
            torch.mm(matrix, w, out=flat) if self.bias is None else torch.addmm(self.bias, matrix, w, out=flat)
        else:
            product(lists, self._weights(x.scale), self.bias, flat)
        self.saved = x, lists  # the events, if they are what is followed
        self._count(x, lists, outputs)
        return Signal.of(y, own=out is None)

    def _weights(self, scale: float) -> np.ndarray:
        """The packed weights, made once a run."""
        if self._packed is None or self._packed[0] != scale:
            self._packed = scale, pack(self.weight, scale)
        return self._packed[1]

    def _count(self, x: Signal, lists: Lists | None, outputs: int) -> None:
        if not self.measured:
            return
        w, size = self.work, x.dtype.itemsize
        before = w.events
        w.arrived(x, "dense" if lists is None else "events")
        events, cells = w.events - before, x.rows * x.neurons
        w.operations += events * outputs
        w.dense += cells * outputs
        read = cells * size + self.weight.numel() * size if lists is None else events * (4 + outputs * size)
        w.moved += read + x.rows * outputs * size

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        super().begin_backward(wanted)
        self._sum = WeightGradient(self.weight) if any(wanted) else None

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        x, lists = self.saved
        flat = error.reshape(-1, self.weight.shape[0])
        if self._sum is not None:
            self._sum.add_values(x.matrix(), flat) if lists is None else self._sum.add_events(lists, x.scale, flat)
        if not needs_input:
            return None
        near = self.arriving
        if near is not None and density(near.errors.view(-1, flat.shape[1])) < DENSEST_ERROR:
            return self._near_gradient(near).view(x.shape)
        return torch.mm(flat, self.weight, out=empty((x.rows, x.neurons), x.dtype)).view(x.shape)

    def _near_gradient(self, near: Near) -> Tensor:
        """Gradient of the input from errors near the threshold: their products with the weights, filtered in time behind them."""
        steps, batch, outputs = near.errors.shape
        if self._back is None:
            self._back = pack(self.weight.t())
        x_grad = empty((steps, batch * self.weight.shape[1]), near.errors.dtype)
        errors, table, y = near.errors.view(-1, outputs).numpy(), self._back, x_grad.view(steps * batch, -1).numpy()
        work = int(DENSEST_ERROR * y.size * outputs)
        split(len(y), work, sum_scaled_rows, errors, table, y)
        x_grad[-1] += torch.mm(near.carried, self.weight).view(-1)
        values, decay = x_grad.numpy(), y.dtype.type(near.decay)
        split(values.shape[1], values.size, filter_back, values, decay)
        return x_grad

    def gradients(self) -> list[Tensor | None]:
        found = (None, None) if self._sum is None else self._sum.result()
        self._sum = self._back = None
        return list(found[: len(self.tensors)])


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x @ weight.T + bias for spikes or values x [..., I]; by events where x is spikes and few of them are active."""
    rows = x.detach().reshape(-1, x.shape[-1]).contiguous()
    lists = of_values(rows.numpy(), DENSEST)
    if lists is None:
        return torch.nn.functional.linear(x, weight, bias)
    return _EventLinear.apply(x.reshape(-1, x.shape[-1]), weight, bias, lists).view(*x.shape[:-1], weight.shape[0])


class _EventLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, lists: Lists) -> Tensor:
        y = empty((x.shape[0], weight.shape[0]), x.dtype)
        product(lists, pack(weight), bias, y)
        ctx.save_for_backward(weight)
        ctx.lists = lists
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        (weight,) = ctx.saved_tensors
        error = grads[0].contiguous()
        x_grad = error @ weight if ctx.needs_input_grad[0] else None
        sums = WeightGradient(weight)
        if ctx.needs_input_grad[1]:
            sums.add_events(ctx.lists, 1.0, error)
        weight_grad = sums.result()[0] if ctx.needs_input_grad[1] else None
        return x_grad, weight_grad, error.sum(0) if ctx.needs_input_grad[2] else None, None


def product(lists: Lists, packed: np.ndarray, bias: Tensor | None, out: Tensor) -> None:
    """out [R, O] = sum of the weights of the active inputs + bias. packed: weights as `pack` lays them."""
    y = out.numpy()
    outputs = y.shape[1]
    offset = np.zeros(outputs, y.dtype) if bias is None else bias.numpy()
    cuts = lists.cut(min(-(-lists.inputs // PART), lists.count // max(1, lists.rows * FEW)))
    work = (lists.count + lists.rows) * outputs
    split(lists.rows, work, sum_rows, cuts, lists.index, packed, offset, y)


def density(x: Tensor) -> float:
    """Share of entries that are not zero, from a sample of rows."""
    part = x[:: max(1, len(x) // 64)]
    return float(torch.count_nonzero(part)) / max(1, part.numel())


def pack(weight: Tensor, scale: float = 1.0) -> np.ndarray:
    """scale * weight [O, I] as [blocks, I * LANES]: the weights of LANES outputs side by side, input by input."""
    w = weight.detach().numpy()
    outputs, inputs = w.shape
    packed = buffer((-(-outputs // LANES), inputs * LANES), w.dtype)
    factor = w.dtype.type(scale)
    split(len(packed), w.size, pack_blocks, w, factor, packed)
    return packed


class WeightGradient:
    """Sums the gradients of weight [O, I] and bias [O] over stretches of time."""

    def __init__(self, weight: Tensor) -> None:
        outputs, inputs = weight.shape
        self.shape = (outputs, inputs)
        self.dtype = weight.dtype
        self.bias = np.zeros(outputs, weight.numpy().dtype)
        self._blocks: np.ndarray | None = None
        self._dense: Tensor | None = None

    def add_events(self, lists: Lists, scale: float, error: Tensor) -> None:
        """Adds what the active inputs cause. error: [R, O]."""
        first = self._blocks is None
        if self._blocks is None:
            blocks = -(-self.shape[0] // LANES)
            self._blocks = buffer((blocks, self.shape[1] * LANES), self.bias.dtype)
        start, row = lists.transposed
        blocks, values, factor = self._blocks, error.numpy(), self.bias.dtype.type(scale)
        work = (lists.count + lists.rows) * self.shape[0]
        split(len(blocks) * SHARES, work, sum_errors, start, row, values, factor, blocks, self.bias, first)

    def add_values(self, x: Tensor, error: Tensor) -> None:
        """Adds error.T @ x for inputs that are values x [R, I]."""
        self.bias += error.sum(0).numpy()
        if self._dense is None:
            self._dense = torch.mm(error.t(), x, out=empty(self.shape, self.dtype))
        else:
            self._dense.addmm_(error.t(), x)

    def result(self) -> tuple[Tensor, Tensor]:
        """The sums so far: (weight, bias)."""
        total = empty(self.shape, self.dtype)
        if self._blocks is not None:
            blocks, target = self._blocks, total.numpy()
            split(len(blocks), target.size, unpack_blocks, blocks, target)
            if self._dense is not None:
                total += self._dense
        elif self._dense is not None:
            total = self._dense
        else:
            total.zero_()
        return total, torch.from_numpy(self.bias)


@kernel
def pack_blocks(weight, factor, packed, first, last):
    """packed[q, i * LANES + l] = factor * weight[q * LANES + l, i]; zero beyond the last output. In squares that stay in the cache."""
    outputs, inputs = weight.shape
    for q in range(first, last):
        block = packed[q]
        known = min(LANES, outputs - q * LANES)
        if known < LANES:
            block[:] = 0
        for low in range(0, inputs, SQUARE):
            n = min(SQUARE, inputs - low)
            for lane in range(known):
                row = weight[q * LANES + lane, low : low + n]
                for i in range(n):
                    block[(low + i) * LANES + lane] = factor * row[i]


@kernel
def unpack_blocks(packed, weight, first, last):
    """weight[q * LANES + l, i] = packed[q, i * LANES + l]."""
    outputs, inputs = weight.shape
    for q in range(first, last):
        block = packed[q]
        for low in range(0, inputs, SQUARE):
            n = min(SQUARE, inputs - low)
            for lane in range(min(LANES, outputs - q * LANES)):
                row = weight[q * LANES + lane, low : low + n]
                for i in range(n):
                    row[i] = block[(low + i) * LANES + lane]


@kernel
def sum_rows(cuts, index, packed, bias, y, first, last):
    """y[r] = bias + the weights of the inputs index[cuts[r, 0]:cuts[r, -1]], part of the inputs by part, for a tile of rows at a time."""
    totals = np.empty(TILE * LANES, y.dtype)  # of a tile of rows, side by side
    for q in range(packed.shape[0]):
        a = q * LANES
        n = min(LANES, y.shape[1] - a)
        table = packed[q]
        for tile in range(first, last, TILE):
            rows = min(TILE, last - tile)
            for r in range(rows):
                total = totals[r * LANES : (r + 1) * LANES]
                for j in range(n):
                    total[j] = bias[a + j]
            for c in range(cuts.shape[1] - 1):
                for r in range(rows):
                    begin, end = cuts[tile + r, c], cuts[tile + r, c + 1]
                    add_rows(totals[r * LANES : (r + 1) * LANES], table, index, begin, end, 0)
            for r in range(rows):
                total, target = totals[r * LANES : (r + 1) * LANES], y[tile + r, a : a + n]
                for j in range(n):
                    target[j] = total[j]


@kernel
def sum_errors(start, row, error, factor, gradient, bias, fresh, first, last):
    """gradient[q, i] += factor * the errors of the rows in which input i was active; bias += all errors.

    Blocks have SHARES shares, parts of the inputs; this does shares [first, last) of all.
    """
    rows = error.shape[0]
    panel = np.empty(CHUNK * LANES, error.dtype)  # the block's errors of a chunk of rows, side by side
    inputs = gradient.shape[1] // LANES
    for q in range(first // SHARES, (last - 1) // SHARES + 1):
        a = q * LANES
        n = min(LANES, error.shape[1] - a)
        block = gradient[q]
        share, end = max(first - q * SHARES, 0), min(last - q * SHARES, SHARES)
        least, most = inputs * share // SHARES, inputs * end // SHARES
        offset = np.zeros(LANES, error.dtype)
        if fresh:
            block[least * LANES : most * LANES] = 0
        for c in range(start.shape[0]):
            low, high = c * CHUNK, min(rows, (c + 1) * CHUNK)
            for r in range(low, high):
                source, target = error[r, a : a + n], panel[(r - low) * LANES : (r - low + 1) * LANES]
                for j in range(n):
                    target[j] = factor * source[j]
                    offset[j] += source[j]
                for j in range(n, LANES):
                    target[j] = 0
            at = start[c]
            for i in range(least, most):
                if at[i] < at[i + 1]:
                    add_rows(block[i * LANES : (i + 1) * LANES], panel, row, at[i], at[i + 1], 0)
        if share == 0:
            for j in range(n):
                bias[a + j] += offset[j]


@kernel
def sum_scaled_rows(x, packed, y, first, last):
    """y[r] = sum over i of x[r, i] times the weights of i, where x is not zero. packed: as `pack` lays weights [outputs of y, inputs]."""
    inputs, outputs = x.shape[1], y.shape[1]
    index, factor = np.empty(inputs + 1, np.int32), np.empty(inputs + 1, x.dtype)
    part = np.empty(LANES, y.dtype)
    for r in range(first, last):
        count = 0
        row = x[r]
        for i in range(inputs):
            index[count], factor[count] = i, row[i]
            count += row[i] != 0
        for q in range(packed.shape[0]):
            a = q * LANES
            n = min(LANES, outputs - a)
            part[:] = 0
            add_scaled_rows(part, packed[q], index, 0, count, 0, factor)
            target = y[r, a : a + n]
            for j in range(n):
                target[j] = part[j]


@kernel
def filter_back(x, decay, first, last):
    """x[t] += decay * x[t + 1] from the last step to the first, for columns [first, last)."""
    for t in range(x.shape[0] - 2, -1, -1):
        now, then = x[t, first:last], x[t + 1, first:last]
        for j in range(now.shape[0]):
            now[j] += decay * then[j]
