"""Pooling over pictures whose channels are last, [H, W, C]: on spikes a table of new places, on values a pass over the windows."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from ranvier.kernels.cpu.compile import kernel, kernel_inline
from ranvier.kernels.cpu.lists import Lists, of_mask, remap
from ranvier.kernels.cpu.memory import buffer, empty
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import add_stretch, add_stretch_scaled, largest

LARGEST = 256  # places of a window: the place of a maximum is kept as a byte


@dataclass(frozen=True)
class Pooling:
    """kind: what becomes of a window. size, stride: (height, width)."""

    kind: Literal["max", "mean", "sum"]
    size: tuple[int, int]
    stride: tuple[int, int]

    def after(self, height: int, width: int) -> tuple[int, int]:
        """Size of the picture after pooling."""
        return (height - self.size[0]) // self.stride[0] + 1, (width - self.size[1]) // self.stride[1] + 1

    @property
    def factor(self) -> float:
        """What one input of a window adds to its sum."""
        return 1 / (self.size[0] * self.size[1]) if self.kind == "mean" else 1.0

    @property
    def numbers(self) -> tuple[int, int, int, int, bool]:
        """As the kernels take it; the last: whether the maximum is taken."""
        return (*self.size, *self.stride, self.kind == "max")


class PoolStage(Stage):
    """[T, B, C, H, W] -> [T, B, C, H', W'], channels last inside the chain."""

    def __init__(self, pooling: Pooling, place: Place) -> None:
        super().__init__(channels_last=True)
        self.pooling = pooling
        self._turn = not place.channels_last

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return (*before[:2], *self.pooling.after(*before[2:]))

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        p, lists = self.pooling, x.lists()
        (height, width), channels = (x.shape[3:], x.shape[2]) if self._turn else (x.shape[2:4], x.shape[4])
        picture = (height, width, channels)
        after = (*x.shape[:2], *p.after(height, width), channels)
        apart = p.stride == p.size  # windows do not overlap: each input has one
        if lists is not None and apart and (p.kind != "max" or (x.scale == 1.0 and not x.repeated)):
            largest = p.kind == "max"
            found = remap(lists, places(p, *picture, self._turn), math.prod(after[2:]))
            self.saved = (*x.shape[:2], *picture), lists, None
            return Signal(
                after,
                x.dtype,
                lists=once(found) if largest else found,
                scale=x.scale * p.factor,
                channels_last=True,
                repeated=not largest,
            )
        values = x.dense().movedim(2, -1).contiguous() if self._turn else x.dense()
        y, arg = pool(values.view(-1, *picture), p)
        self.saved = (*x.shape[:2], *picture), None, arg
        return Signal.of(y.view(after), channels_last=True, own=True)

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        if not needs_input:
            return None
        before, lists, arg = self.saved
        if arg is None:
            largest = self.pooling.kind == "max"
            arg = first_active(lists, self.pooling, before[2:], self._turn) if largest else np.empty((0, 0), np.uint8)
        x_grad = unpool(error.reshape(before[0] * before[1], -1), arg, self.pooling, before[2:]).view(before)
        return x_grad.movedim(-1, 2).contiguous() if self._turn else x_grad


class FoldedStage(Stage):
    """A pooling that the convolution before it does itself."""

    def __init__(self) -> None:
        super().__init__(channels_last=True)

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return before

    def kept_bytes(self, after: tuple[int, ...], size: int) -> int:
        return 0

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        return x

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        return error


def places(p: Pooling, height: int, width: int, channels: int, channels_first: bool) -> np.ndarray:
    """Window of each input, [1, inputs], as a place in [H', W', C]; -1 outside all windows."""
    after_height, after_width = p.after(height, width)
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    wy, wx = y // p.stride[0], x // p.stride[1]
    place = np.where((wy < after_height) & (wx < after_width), (wy * after_width + wx) * channels + c, -1)
    return np.ascontiguousarray(place if channels_first else place.transpose(1, 2, 0)).reshape(1, -1).astype(np.int32)


def once(lists: Lists) -> Lists:
    """Lists in which each input stands once."""
    mask = buffer((lists.rows, lists.inputs), np.uint8)
    split(lists.rows, mask.size // 8 + lists.count, mark, lists.start, lists.index, mask)
    return of_mask(mask)


def pool(x: Tensor, p: Pooling) -> tuple[Tensor, np.ndarray]:
    """x [R, H, W, C] -> [R, H', W', C] and, for a maximum, the place within its window."""
    rows, height, width, channels = x.shape
    after = p.after(height, width)
    y = empty((rows, *after, channels), x.dtype)
    arg = buffer((rows, y[0].numel()) if p.kind == "max" else (0, 0), np.uint8)
    source, target = x.numpy().reshape(rows, -1), y.numpy().reshape(rows, -1)
    factor, shape = source.dtype.type(p.factor), (height, width, channels, *after)
    split(rows, x.numel(), pool_rows, source, target, arg, factor, shape, p.numbers)
    return y, arg


def unpool(error: Tensor, arg: np.ndarray, p: Pooling, shape: tuple[int, ...]) -> Tensor:
    """Gradient of the input [R, H * W * C] of a pooling. error: [R, H' * W' * C]."""
    height, width, channels = shape
    x = empty((len(error), height * width * channels), error.dtype)
    source, target = error.numpy(), x.numpy()
    factor, sizes = target.dtype.type(p.factor), (height, width, channels, *p.after(height, width))
    split(len(error), x.numel(), unpool_rows, source, target, arg, factor, sizes, p.numbers)
    return x


def first_active(lists: Lists, p: Pooling, shape: tuple[int, ...], channels_first: bool) -> np.ndarray:
    """Place within its window of the first spike, 0 where there is none, as a maximum over 0 and 1 would choose."""
    height, width, channels = shape
    table = np.arange(lists.inputs, dtype=np.int32)
    if channels_first:
        table = np.ascontiguousarray(table.reshape(height, width, channels).transpose(2, 0, 1)).reshape(-1)
    after = p.after(height, width)
    arg = buffer((lists.rows, after[0] * after[1] * channels), np.uint8)
    sizes = (height, width, channels, *after)
    split(lists.rows, arg.size + lists.count, first_rows, lists.start, lists.index, table, arg, sizes, p.numbers)
    return arg


@kernel_inline
def pool_frame(source, target, arg, factor, shape, p):
    """One picture. source: flat [H, W, C]; target, arg: flat [H', W', C]."""
    height, width, channels, after_height, after_width = shape
    size_y, size_x, stride_y, stride_x, largest_ = p
    offset = np.empty(size_y * size_x, np.int64)  # of each place of a window from its corner
    for k in range(size_y * size_x):
        offset[k] = (k // size_x * width + k % size_x) * channels
    for wy in range(after_height):
        for wx in range(after_width):
            t = (wy * after_width + wx) * channels
            corner = (wy * stride_y * width + wx * stride_x) * channels
            if largest_:
                largest(target, t, arg, source, corner, offset, channels)
            else:
                for c in range(channels):
                    target[t + c] = 0
                for k in range(size_y * size_x):
                    add_stretch(target, t, source, corner + offset[k], channels)
    if not largest_:
        for t in range(after_height * after_width * channels):
            target[t] *= factor


@kernel_inline
def unpool_frame(source, target, arg, factor, shape, p):
    """Adjoint of `pool_frame`. source, arg: flat [H', W', C]; target: flat [H, W, C]."""
    height, width, channels, after_height, after_width = shape
    size_y, size_x, stride_y, stride_x, largest_ = p
    offset = np.empty(size_y * size_x, np.int64)
    for k in range(size_y * size_x):
        offset[k] = (k // size_x * width + k % size_x) * channels
    target[:] = 0
    for wy in range(after_height):
        for wx in range(after_width):
            t = (wy * after_width + wx) * channels
            corner = (wy * stride_y * width + wx * stride_x) * channels
            if largest_:
                for c in range(channels):
                    target[corner + offset[arg[t + c]] + c] += source[t + c]
            else:
                for k in range(size_y * size_x):
                    add_stretch_scaled(target, corner + offset[k], source, t, channels, factor)


@kernel
def pool_rows(x, y, arg, factor, shape, p, first, last):
    nothing = np.empty(0, np.uint8)
    for r in range(first, last):
        pool_frame(x[r], y[r], arg[r] if arg.shape[0] else nothing, factor, shape, p)


@kernel
def unpool_rows(error, x, arg, factor, shape, p, first, last):
    nothing = np.empty(0, np.uint8)
    for r in range(first, last):
        unpool_frame(error[r], x[r], arg[r] if arg.shape[0] else nothing, factor, shape, p)


@kernel
def first_rows(start, index, table, arg, shape, p, first, last):
    height, width, channels, after_height, after_width = shape
    size_y, size_x, stride_y, stride_x, largest_ = p
    found = np.zeros(arg.shape[1], np.uint8)
    for r in range(first, last):
        found[:] = 0
        arg[r] = 0
        for n in range(start[r], start[r + 1]):
            i = table[index[n]]
            c, x, y = i % channels, (i // channels) % width, i // (channels * width)
            wy, wx = y // stride_y, x // stride_x
            if wy < after_height and wx < after_width:
                k = (y - wy * stride_y) * size_x + x - wx * stride_x
                t = (wy * after_width + wx) * channels + c
                if not found[t] or k < arg[r, t]:
                    arg[r, t] = k
                    found[t] = 1


@kernel
def mark(start, index, mask, first, last):
    for r in range(first, last):
        row = mask[r]
        row[:] = 0
        for k in range(start[r], start[r + 1]):
            row[index[k]] = 1
