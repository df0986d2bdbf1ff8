"""Convolutional synapses: each event adds a patch of weights to the picture of its row, or the dense convolution where many are active.

Pictures have their channels last, so that a line of the patch is one stretch of memory: kernel width times output channels numbers are
added at once. A picture of currents stays in the first-level cache while its events are added; pooling that follows is done there, too.
With a stride, kernel columns of the same phase stand side by side, last first, since that is the order in which they meet neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier.kernels.cpu.conv_events import correlate_events, gather_events, scatter_errors, scatter_events
from ranvier.kernels.cpu.linear import density
from ranvier.kernels.cpu.linear import pack as pack_linear
from ranvier.kernels.cpu.lists import Lists
from ranvier.kernels.cpu.memory import buffer, empty
from ranvier.kernels.cpu.pool import Pooling, pool, unpool
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import LANES

DENSEST = 0.4  # share of active inputs above which the dense convolution is faster
WIDE_ENOUGH = 32  # output channels from which summing rows in registers beats adding patches in the cache
DENSEST_ERROR = 0.4  # share of non-zero errors above which the dense input gradient is faster
SUMS = 8  # partial sums of the weight gradient: as many as threads could use, and always as many, whatever the number of threads


@dataclass(frozen=True)
class Geometry:
    """Sizes of a convolution. Input [C, H, W], output [O, H', W']."""

    channels: int
    height: int
    width: int
    outputs: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int

    @property
    def after(self) -> tuple[int, int]:
        """(H', W')."""
        sizes = zip((self.height, self.width), self.kernel, self.stride, self.padding, strict=True)
        high, wide = ((n + 2 * p - k) // s + 1 for n, k, s, p in sizes)
        return high, wide

    @property
    def numbers(self) -> tuple[int, ...]:
        """As the kernels take it."""
        return (self.height, self.width, *self.after, self.channels, self.outputs, self.groups,
                *self.kernel, *self.stride, *self.padding)  # fmt: skip

    @cached_property
    def columns(self) -> np.ndarray:
        """Kernel column at each place of a packed line: phase by phase, last first."""
        width, stride = self.kernel[1], self.stride[1]
        phases = [range(f, width, stride)[::-1] for f in range(min(stride, width))]
        return np.array([x for phase in phases for x in phase])

    def decode(self, channels_first: bool) -> np.ndarray:
        """[inputs, 8]: for each input's index its channel; first place in a packed line, first column and number of columns of the
        outputs that it reaches; first kernel row, first output row and number of rows: kernel rows rise by the stride, output rows fall by 1; last, its
        picture element.
        """
        order = np.arange(self.channels * self.height * self.width)
        if channels_first:
            c, y, x = np.unravel_index(order, (self.channels, self.height, self.width))
        else:
            y, x, c = np.unravel_index(order, (self.height, self.width, self.channels))
        (kh, kw), (sh, sw), (ph, pw), (high, wide) = self.kernel, self.stride, self.padding, self.after
        phase, above = (x + pw) % sw, (x + pw) // sw
        before = np.array([len(range(f, kw, sw)) for f in range(sw)])  # places of each phase
        reached = before[phase]
        first = above - (reached - 1)
        skipped = np.maximum(0, -first)
        place = np.concatenate([[0], np.cumsum(before)])[phase] + skipped
        columns = np.maximum(0, np.minimum(reached, wide - first) - skipped)
        phase, above = (y + ph) % sh, (y + ph) // sh
        reached = np.array([len(range(f, kh, sh)) for f in range(sh)])[phase]
        skipped = np.maximum(0, above - (high - 1))  # output rows beyond the picture
        rows = np.maximum(0, np.minimum(reached, above + 1) - skipped)
        table = [
            c,
            place,
            first + np.maximum(0, -first),
            columns,
            phase + skipped * sh,
            above - skipped,
            rows,
            y * self.width + x,
        ]
        return np.ascontiguousarray(np.stack(table, 1).astype(np.int32))


class ConvStage(Stage):
    """x [T, B, C, H, W] -> [T, B, O, H', W'], channels last inside the chain. pooling: done on the output, if given."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        groups: int,
        place: Place,
    ) -> None:
        super().__init__(tensors=[weight] if bias is None else [weight, bias], channels_last=True)
        self.weight, self.bias = weight.detach(), None if bias is None else bias.detach()
        outputs, _, *kernel_size = weight.shape
        _, channels, height, width = place.shape
        self.geometry = Geometry(
            channels, height, width, outputs, (kernel_size[0], kernel_size[1]), stride, padding, groups
        )
        self._channels_first = not place.channels_last
        self._decode = self.geometry.decode(self._channels_first)
        self.pooling: Pooling | None = None
        self._packed: tuple[float, np.ndarray] | None = None
        self._events_sum: tuple[np.ndarray, np.ndarray] | None = None  # of weight and bias, SUMS partial ones
        self._dense_sum: tuple[Tensor, Tensor] | None = None

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        after = self.geometry.after
        return (before[0], self.geometry.outputs, *(self.pooling.after(*after) if self.pooling else after))

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        lists = x.lists(DENSEST)
        high, wide = self.geometry.after
        after = self.pooling.after(high, wide) if self.pooling else (high, wide)
        arg: np.ndarray | None = None
        if lists is None:
            if self._column:
                y = empty((x.rows * high * wide, self.geometry.outputs), x.dtype)
                torch.mm(self._patches(x), self.weight.flatten(1).t(), out=y)
                y = (y if self.bias is None else y.add_(self.bias)).view(x.rows, high, wide, -1)
            else:
                y = F.conv2d(self._pictures(x), self.weight, self.bias, *self._options)
                y = y.movedim(1, -1).contiguous()
            if self.pooling:
                y, arg = pool(y, self.pooling)
        else:
            y = empty((x.rows, *after, self.geometry.outputs), x.dtype)
            largest = self.pooling is not None and self.pooling.kind == "max"
            arg = buffer((x.rows, y[0].numel()) if largest else (0, 0), np.uint8)
            self._currents(lists, x.scale, y, arg)
        self.saved = x, lists, arg
        self._count(x, lists, y)
        return Signal.of(y.view(*x.shape[:2], *y.shape[1:]), channels_last=True)

    @property
    def _column(self) -> bool:
        """Whether pictures are one column wide (bands of a sound): one product of all patches is then faster than a convolution."""
        g = self.geometry
        return g.width == 1 and g.kernel[1] == 1 and g.padding == (0, 0) and g.groups == 1

    def _patches(self, x: Signal) -> Tensor:
        """Of pictures one column wide, the patch of each output as a row: [R * H', C * kh], in the order of the weights."""
        g, values = self.geometry, x.dense()
        shape = (x.rows, g.after[0], g.channels, g.kernel[0])
        picture = g.channels * g.height
        if self._channels_first:
            strides = (picture, g.stride[0], g.height, 1)
        else:
            strides = (picture, g.stride[0] * g.channels, 1, g.channels)
        patches = empty(shape, x.dtype).copy_(values.as_strided(shape, strides))
        return patches.view(shape[0] * shape[1], -1)

    @property
    def _options(self) -> tuple:
        g = self.geometry
        return g.stride, g.padding, (1, 1), g.groups

    def _pictures(self, x: Signal) -> Tensor:
        """The input as [R, C, H, W] with channels last in memory, which the dense convolution likes best."""
        values = x.dense().flatten(0, 1)
        return values.contiguous(memory_format=torch.channels_last) if self._channels_first else values.movedim(-1, 1)

    def _currents(self, lists: Lists, scale: float, y: Tensor, arg: np.ndarray) -> None:
        """Fills y [R, H', W', O] by events, and arg with the places of the maxima, if pooling takes them."""
        gather = self.geometry.groups == 1 and self.geometry.outputs >= WIDE_ENOUGH
        if self._packed is None or self._packed[0] != scale:
            self._packed = scale, (pack_rows if gather else pack)(self.weight, scale, self.geometry)
        packed, target = self._packed[1], y.numpy().reshape(len(y), -1)
        bias = np.zeros(self.geometry.outputs, packed.dtype) if self.bias is None else self.bias.numpy()
        numbers, decode = self.geometry.numbers, self._decode
        p = self.pooling.numbers if self.pooling else (0, 0, 0, 0, False)
        after = (*self.pooling.after(*self.geometry.after),) if self.pooling else (0, 0)
        factor = packed.dtype.type(self.pooling.factor if self.pooling else 1.0)
        patch = self.weight[:, 0].numel() // self.geometry.groups
        run = gather_events if gather else scatter_events
        split(
            len(y),
            lists.count * patch + y.numel(),
            run,
            lists.start,
            lists.index,
            decode,
            packed,
            bias,
            numbers,
            target,
            arg,
            factor,
            after,
            p,
        )

    def _count(self, x: Signal, lists: Lists | None, y: Tensor) -> None:
        if not self.measured:
            return
        w, g, size = self.work, self.geometry, x.dtype.itemsize
        events = w.arrived(x, "dense" if lists is None else "events")
        reach = (self._decode[:, 3] * self._decode[:, 6] * (g.outputs // g.groups)).astype(np.int64)
        if events is not None:
            operations = int(reach[events.index[events.start[0] : events.start[-1]]].sum())
        else:
            operations = int(((x.matrix() != 0).sum(0).numpy() * reach).sum())
        w.operations += operations
        w.dense += self.weight[0].numel() * g.outputs * g.after[0] * g.after[1] * x.rows
        read = x.rows * x.neurons * size if lists is None else lists.count * 4
        w.moved += read + (operations + y.numel()) * size

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        super().begin_backward(wanted)
        self._events_sum = self._dense_sum = None

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        (x, lists, _), g = self.saved, self.geometry
        flat = error.reshape(x.rows, -1).contiguous()
        if lists is None:
            return self._dense_backward(x, flat, needs_input)
        if any(self.wanted):
            self._add_weight_gradient(lists, x.scale, flat)
        if not needs_input:
            return None
        if self.pooling and self.pooling.kind == "max" or density(flat) < DENSEST_ERROR:
            x_grad = self._scatter_errors(flat)
        else:
            dense = self._convolved_back(self._unpooled(flat), x, (True, False, False))[0]
            assert dense is not None
            x_grad = dense.movedim(1, -1).contiguous()
        x_grad = x_grad.view(*x.shape[:2], g.height, g.width, g.channels)
        return x_grad.movedim(-1, 2).contiguous() if self._channels_first else x_grad

    def _unpooled(self, error: Tensor) -> Tensor:
        high, wide = self.geometry.after
        shape = (high, wide, self.geometry.outputs)
        if self.pooling:
            error = unpool(error, self.saved[2], self.pooling, shape)
        return error.view(-1, *shape).movedim(-1, 1)

    def _dense_backward(self, x: Signal, flat: Tensor, needs_input: bool) -> Tensor | None:
        g, error, wanted = self.geometry, self._unpooled(flat), any(self.wanted)
        found: Sequence[Tensor | None]
        if self._column and wanted:
            rows = error.movedim(1, -1).reshape(-1, g.outputs)
            found = (None, torch.mm(rows.t(), self._patches(x)).view(self.weight.shape), rows.sum(0))
            if needs_input:
                found = (self._convolved_back(error, x, (True, False, False))[0], *found[1:])
        else:
            found = self._convolved_back(error, x, (needs_input, wanted, wanted))
        x_grad, weight, bias = found
        if weight is not None and bias is not None:
            before = self._dense_sum
            self._dense_sum = (weight, bias) if before is None else (before[0] + weight, before[1] + bias)
        if x_grad is None or not needs_input:
            return None
        x_grad = x_grad.reshape(*x.shape[:2], *x_grad.shape[1:])
        return x_grad.contiguous() if self._channels_first else x_grad.movedim(2, -1).contiguous()

    def _convolved_back(self, error: Tensor, x: Signal, mask: tuple[bool, bool, bool]) -> Sequence[Tensor | None]:
        """The dense gradients (input, weight, bias) that the mask asks for. error: [R, O, H', W']."""
        g = self.geometry
        if mask[1]:
            pictures = self._pictures(x)
        else:  # only its shape is asked for
            pictures = torch.empty(1, dtype=error.dtype).expand(x.rows, g.channels, g.height, g.width)
        stride, padding, dilation, groups = self._options
        return torch.ops.aten.convolution_backward(
            error, pictures, self.weight, [g.outputs], stride, padding, dilation, False, (0, 0), groups, mask
        )

    def _add_weight_gradient(self, lists: Lists, scale: float, error: Tensor) -> None:
        g = self.geometry
        if self._events_sum is None:
            dtype = error.numpy().dtype
            self._events_sum = np.zeros((SUMS, self.weight.numel()), dtype), np.zeros((SUMS, g.outputs), dtype)
        weight, bias = self._events_sum
        values, arg, decode, numbers, p, after, factor = error.numpy(), *self._pooled(error)
        scale_ = values.dtype.type(scale)
        work = lists.count * (self.weight[:, 0].numel() // g.groups) + error.numel()
        split(
            SUMS,
            work,
            correlate_events,
            lists.start,
            lists.index,
            decode,
            values,
            arg,
            scale_,
            numbers,
            factor,
            after,
            p,
            weight,
            bias,
        )

    def _scatter_errors(self, error: Tensor) -> Tensor:
        g = self.geometry
        weight = pack_lines(self.weight, g)
        x_grad = empty((len(error), g.height * g.width * g.channels), error.dtype)
        values, target, arg, _, numbers, p, after, factor = error.numpy(), x_grad.numpy(), *self._pooled(error)
        work = error.numel() * (1 + int(DENSEST_ERROR * self.weight[0].numel()))
        split(len(error), work, scatter_errors, values, arg, weight, numbers, factor, after, p, target)
        return x_grad

    def _pooled(self, like: Tensor) -> tuple:
        """What the kernels need to know of the pooling, and the sizes."""
        p = self.pooling
        number = like.numpy().dtype.type
        arg = self.saved[2]
        if p is None:
            return arg, self._decode, self.geometry.numbers, (0, 0, 0, 0, False), (0, 0), number(1)
        after = p.after(*self.geometry.after)
        return arg, self._decode, self.geometry.numbers, p.numbers, after, number(p.factor)

    def gradients(self) -> list[Tensor | None]:
        if not any(self.wanted):
            return [None] * len(self.tensors)
        weight, bias = torch.zeros_like(self.weight), torch.zeros(len(self.weight), dtype=self.weight.dtype)
        if self._events_sum is not None:
            weight += unpack(self._events_sum[0].sum(0), self.geometry)
            bias += torch.from_numpy(self._events_sum[1].sum(0))
        if self._dense_sum is not None:
            weight += self._dense_sum[0]
            bias += self._dense_sum[1]
        return list((weight, bias)[: len(self.tensors)])


def pack(weight: Tensor, scale: float, g: Geometry) -> np.ndarray:
    """scale * weight [O, C / groups, kh, kw] as flat [C, kh, places, O / groups]; see `Geometry.columns`."""
    w = weight.numpy()[..., g.columns] * weight.numpy().dtype.type(scale)
    outputs, channels, *_ = w.shape
    grouped = w.reshape(g.groups, outputs // g.groups, channels, *w.shape[2:]).transpose(0, 2, 3, 4, 1)
    return np.ascontiguousarray(grouped).reshape(-1)


def pack_rows(weight: Tensor, scale: float, g: Geometry) -> np.ndarray:
    """scale * weight [O, C, kh, kw] as [blocks, kh * kw * C * LANES]: for each input of a patch the weights of LANES outputs."""
    matrix = weight.permute(0, 2, 3, 1).reshape(g.outputs, -1)
    return pack_linear(matrix, scale)


def pack_lines(weight: Tensor, g: Geometry) -> np.ndarray:
    """weight [O, C / groups, kh, kw] as [groups, kh, blocks, O / groups * LANES]: a line of the patch in blocks of LANES inputs."""
    outputs, inputs, kh, kw = weight.shape
    lines = weight.reshape(g.groups, outputs // g.groups, inputs, kh, kw).permute(0, 3, 1, 4, 2)
    lines = F.pad(lines.reshape(g.groups, kh, outputs // g.groups, kw * inputs), (0, -(kw * inputs) % LANES))
    blocks = lines.unflatten(-1, (-1, LANES)).transpose(2, 3)
    return blocks.reshape(g.groups, kh, blocks.shape[2], -1).contiguous().numpy()


def unpack(packed: np.ndarray, g: Geometry) -> Tensor:
    """The way back."""
    shape = (g.groups, g.channels // g.groups, *g.kernel, g.outputs // g.groups)
    w = packed.reshape(shape).transpose(0, 4, 1, 2, 3).reshape(g.outputs, g.channels // g.groups, *g.kernel)
    return torch.from_numpy(np.ascontiguousarray(w[..., np.argsort(g.columns)]))
