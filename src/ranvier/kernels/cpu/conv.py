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

from ranvier.kernels.cpu.compile import kernel, kernel_inline
from ranvier.kernels.cpu.lists import Lists
from ranvier.kernels.cpu.memory import buffer, empty
from ranvier.kernels.cpu.pool import Pooling, pool, pool_frame, unpool, unpool_frame
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import add_stretch, add_stretch_scaled

DENSEST = 0.4  # share of active inputs above which the dense convolution is faster
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
        """[inputs, 3]: row, column and channel of each input's index."""
        shape = (self.channels, self.height, self.width)
        order = np.arange(np.prod(shape), dtype=np.int32)
        if channels_first:
            c, y, x = np.unravel_index(order, shape)
        else:
            y, x, c = np.unravel_index(order, (self.height, self.width, self.channels))
        return np.stack([y, x, c], 1).astype(np.int32)

    @cached_property
    def reach(self) -> np.ndarray:
        """[H, W]: synapses of an input at each place."""
        counts = []
        for n, k, s, p, after in zip(
            (self.height, self.width), self.kernel, self.stride, self.padding, self.after, strict=True
        ):
            at = np.arange(n)[:, None] + p - np.arange(k)[None]
            counts.append(((at % s == 0) & (at >= 0) & (at // s < after)).sum(1))
        return np.outer(*counts) * (self.outputs // self.groups)


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
        self._input, self._lists, self._arg = x, lists, None
        if lists is None:
            y = F.conv2d(self._pictures(x), self.weight, self.bias, *self._options)
            y = y.movedim(1, -1).contiguous()
            if self.pooling:
                y, self._arg = pool(y, self.pooling)
        else:
            y = empty((x.rows, *after, self.geometry.outputs), x.dtype)
            largest = self.pooling is not None and self.pooling.kind == "max"
            self._arg = buffer((x.rows, y[0].numel()) if largest else (0, 0), np.uint8)
            self._scatter(lists, x.scale, y)
        self._count(x, lists, y)
        return Signal.of(y.view(*x.shape[:2], *y.shape[1:]), channels_last=True)

    @property
    def _options(self) -> tuple:
        g = self.geometry
        return g.stride, g.padding, (1, 1), g.groups

    def _pictures(self, x: Signal) -> Tensor:
        """The input as [R, C, H, W] with channels last in memory, which the dense convolution likes best."""
        values = x.dense().flatten(0, 1)
        return (
            values.contiguous(memory_format=torch.channels_last) if self._channels_first else values.movedim(-1, 1)
        )

    def _scatter(self, lists: Lists, scale: float, y: Tensor) -> None:
        if self._packed is None or self._packed[0] != scale:
            self._packed = scale, pack(self.weight, scale, self.geometry)
        packed, target = self._packed[1], y.numpy().reshape(len(y), -1)
        bias = np.zeros(self.geometry.outputs, packed.dtype) if self.bias is None else self.bias.numpy()
        numbers, arg, decode = self.geometry.numbers, self._arg, self._decode
        p = self.pooling.numbers if self.pooling else (0, 0, 0, 0, False)
        after = (*self.pooling.after(*self.geometry.after),) if self.pooling else (0, 0)
        factor = packed.dtype.type(self.pooling.factor if self.pooling else 1.0)
        patch = int(self.geometry.reach.max())
        split(
            len(y),
            lists.count * patch + y.numel(),
            lambda a, b: scatter_events(
                lists.start, lists.index, decode, packed, bias, numbers, target, arg, factor, after, p, a, b
            ),
        )

    def _count(self, x: Signal, lists: Lists | None, y: Tensor) -> None:
        w, size = self.work, x.dtype.itemsize
        w.path, w.inputs = "dense" if lists is None else "events", x.neurons
        w.rows += x.rows
        if lists is None:
            w.events += x.rows * x.neurons
            operations = int(self.geometry.reach.sum()) * self.geometry.channels * x.rows
        else:
            w.events += lists.count
            reach = self.geometry.reach[self._decode[:, 0], self._decode[:, 1]]
            operations = int(reach[lists.index[lists.start[0] : lists.start[-1]]].sum()) if self.measured else 0
        w.operations += operations
        w.moved += operations * size + y.numel() * size + (lists.count * 4 if lists else x.rows * x.neurons * size)

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        self._wanted = any(wanted)
        self._events_sum = self._dense_sum = None

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        x, g = self._input, self.geometry
        flat = error.reshape(x.rows, -1).contiguous()
        if self._lists is None:
            return self._dense_backward(x, flat, needs_input)
        if self._wanted:
            self._add_weight_gradient(self._lists, x.scale, flat)
        if not needs_input:
            return None
        if self.pooling and self.pooling.kind == "max" or density(flat) < DENSEST_ERROR:
            x_grad = self._scatter_errors(flat)
        else:
            x_grad = self._gather(self._unpooled(flat), x)
        x_grad = x_grad.view(*x.shape[:2], g.height, g.width, g.channels)
        return x_grad.movedim(-1, 2).contiguous() if self._channels_first else x_grad

    def _unpooled(self, error: Tensor) -> Tensor:
        high, wide = self.geometry.after
        shape = (high, wide, self.geometry.outputs)
        if self.pooling:
            assert self._arg is not None
            error = unpool(error, self._arg, self.pooling, shape)
        return error.view(-1, *shape).movedim(-1, 1)

    def _gather(self, error: Tensor, x: Signal) -> Tensor:
        """Dense gradient of the input, [R, H, W, C]. error: [R, O, H', W']."""
        g = self.geometry
        stand_in = torch.empty(1, dtype=error.dtype).expand(x.rows, g.channels, g.height, g.width)
        found = torch.ops.aten.convolution_backward(
            error, stand_in, self.weight, None, *self._options[:3], False, (0, 0), g.groups, (True, False, False)
        )[0]
        return found.movedim(1, -1).contiguous()

    def _dense_backward(self, x: Signal, flat: Tensor, needs_input: bool) -> Tensor | None:
        g = self.geometry
        error = self._unpooled(flat)
        mask = (needs_input, self._wanted, self._wanted)
        x_grad, *sums = torch.ops.aten.convolution_backward(
            error, self._pictures(x), self.weight, [g.outputs], *self._options[:3], False, (0, 0), g.groups, mask
        )
        if self._wanted:
            before = self._dense_sum
            self._dense_sum = (sums[0], sums[1]) if before is None else (before[0] + sums[0], before[1] + sums[1])
        if not needs_input:
            return None
        x_grad = x_grad.reshape(*x.shape[:2], *x_grad.shape[1:])
        return x_grad.contiguous() if self._channels_first else x_grad.movedim(2, -1).contiguous()

    def _add_weight_gradient(self, lists: Lists, scale: float, error: Tensor) -> None:
        g = self.geometry
        if self._events_sum is None:
            dtype = error.numpy().dtype
            self._events_sum = np.zeros((SUMS, self.weight.numel()), dtype), np.zeros((SUMS, g.outputs), dtype)
        weight, bias = self._events_sum
        values, arg, decode, numbers, p, after, factor = error.numpy(), *self._pooled(error)
        scale_ = values.dtype.type(scale)
        work = lists.count * int(g.reach.max()) + error.numel()
        split(
            SUMS,
            work,
            lambda a, b: correlate_events(
                lists.start, lists.index, decode, values, arg, scale_, numbers, factor, after, p, weight, bias, a, b
            ),
        )

    def _scatter_errors(self, error: Tensor) -> Tensor:
        g = self.geometry
        weight = self.weight.permute(0, 2, 3, 1).contiguous().view(-1).numpy()
        x_grad = empty((len(error), g.height * g.width * g.channels), error.dtype)
        values, target, arg, _, numbers, p, after, factor = error.numpy(), x_grad.numpy(), *self._pooled(error)
        work = error.numel() * (1 + int(DENSEST_ERROR * self.weight[0].numel()))
        split(
            len(error),
            work,
            lambda a, b: scatter_errors(values, arg, weight, numbers, factor, after, p, target, a, b),
        )
        return x_grad

    def _pooled(self, like: Tensor) -> tuple:
        """What the kernels need to know of the pooling, and the sizes."""
        p = self.pooling
        number = like.numpy().dtype.type
        assert self._arg is not None
        if p is None:
            return self._arg, self._decode, self.geometry.numbers, (0, 0, 0, 0, False), (0, 0), number(1)
        after = p.after(*self.geometry.after)
        return self._arg, self._decode, self.geometry.numbers, p.numbers, after, number(p.factor)

    def gradients(self) -> list[Tensor | None]:
        if not self._wanted:
            return [None] * len(self.tensors)
        weight, bias = torch.zeros_like(self.weight), torch.zeros(len(self.weight), dtype=self.weight.dtype)
        if self._events_sum is not None:
            weight += unpack(self._events_sum[0].sum(0), self.geometry)
            bias += torch.from_numpy(self._events_sum[1].sum(0))
        if self._dense_sum is not None:
            weight += self._dense_sum[0]
            bias += self._dense_sum[1]
        return [weight, bias][: len(self.tensors)]

    def release(self) -> None:
        self._input = self._lists = self._arg = None


def density(x: Tensor) -> float:
    """Share of entries that are not zero, from a sample of rows."""
    part = x[:: max(1, len(x) // 64)]
    return float(torch.count_nonzero(part)) / max(1, part.numel())


def pack(weight: Tensor, scale: float, g: Geometry) -> np.ndarray:
    """scale * weight [O, C / groups, kh, kw] as flat [C, kh, places, O / groups]; see `Geometry.columns`."""
    w = weight.numpy()[..., g.columns] * weight.numpy().dtype.type(scale)
    outputs, channels, *_ = w.shape
    grouped = w.reshape(g.groups, outputs // g.groups, channels, *w.shape[2:]).transpose(0, 2, 3, 4, 1)
    return np.ascontiguousarray(grouped).reshape(-1)


def unpack(packed: np.ndarray, g: Geometry) -> Tensor:
    """The way back."""
    shape = (g.groups, g.channels // g.groups, *g.kernel, g.outputs // g.groups)
    w = packed.reshape(shape).transpose(0, 4, 1, 2, 3).reshape(g.outputs, g.channels // g.groups, *g.kernel)
    return torch.from_numpy(np.ascontiguousarray(w[..., np.argsort(g.columns)]))


@kernel_inline
def line(x, stride, padding, size, after):
    """Of an input at x: (first kernel place, first output, number of outputs) of the stretch that it reaches."""
    t = x + padding
    phase, above = t % stride, t // stride
    place = 0
    for f in range(min(phase, size)):  # places of the phases before
        place += (size - f + stride - 1) // stride
    reached = (size - phase + stride - 1) // stride if phase < size else 0
    first = above - (reached - 1)
    skipped = max(0, -first)
    return place + skipped, first + skipped, min(reached, after - first) - skipped


@kernel
def scatter_events(start, index, decode, weight, bias, g, out, arg, factor, after, p, first, last):
    """Pictures of currents: bias, and for each event the patch of its weights; pooled if p says so."""
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    own, per_group = outputs // groups, channels // groups
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, out.dtype)
    nothing = np.empty(0, np.uint8)
    shape = (high, wide, outputs, after[0], after[1])
    for r in range(first, last):
        frame = scratch if pooled else out[r]
        for q in range(high * wide):
            pixel = frame[q * outputs : (q + 1) * outputs]
            for o in range(outputs):
                pixel[o] = bias[o]
        for k in range(start[r], start[r + 1]):
            y, x, c = decode[index[k], 0], decode[index[k], 1], decode[index[k], 2]
            place, ox, count = line(x, sw, pw, kw, wide)
            if count <= 0:
                continue
            shift = (c // per_group) * own
            for ky in range((y + ph) % sh, kh, sh):
                oy = (y + ph - ky) // sh
                if oy < 0 or oy >= high:
                    continue
                source = ((c * kh + ky) * kw + place) * own
                to = (oy * wide + ox) * outputs + shift
                if groups == 1:
                    add_stretch(frame, to, weight, source, count * own)
                else:
                    for n in range(count):
                        add_stretch(frame, to + n * outputs, weight, source + n * own, own)
        if pooled:
            pool_frame(frame, out[r], arg[r] if arg.shape[0] else nothing, factor, shape, p)


@kernel
def correlate_events(
    start, index, decode, error, arg, scale, g, factor, after, p, weight_sums, bias_sums, first, last
):
    """Partial sums [first, last) of the weight gradient: for each event, the errors of the patch that it reached, times scale."""
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    own, per_group = outputs // groups, channels // groups
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, error.dtype)
    nothing = np.empty(0, np.uint8)
    shape = (high, wide, outputs, after[0], after[1])
    rows, parts = error.shape[0], weight_sums.shape[0]
    for part in range(first, last):
        sums, bias = weight_sums[part], bias_sums[part]
        for r in range(rows * part // parts, rows * (part + 1) // parts):
            if pooled:
                unpool_frame(error[r], scratch, arg[r] if arg.shape[0] else nothing, factor, shape, p)
                frame = scratch
            else:
                frame = error[r]
            for q in range(high * wide):
                add_stretch(bias, 0, frame, q * outputs, outputs)
            for k in range(start[r], start[r + 1]):
                y, x, c = decode[index[k], 0], decode[index[k], 1], decode[index[k], 2]
                place, ox, count = line(x, sw, pw, kw, wide)
                if count <= 0:
                    continue
                shift = (c // per_group) * own
                for ky in range((y + ph) % sh, kh, sh):
                    oy = (y + ph - ky) // sh
                    if oy < 0 or oy >= high:
                        continue
                    to = ((c * kh + ky) * kw + place) * own
                    source = (oy * wide + ox) * outputs + shift
                    if groups == 1:
                        add_stretch_scaled(sums, to, frame, source, count * own, scale)
                    else:
                        for n in range(count):
                            add_stretch_scaled(sums, to + n * own, frame, source + n * outputs, own, scale)


@kernel
def scatter_errors(error, arg, weight, g, factor, after, p, x_grad, first, last):
    """x_grad [H, W, C] of rows [first, last): for each error that is not zero, the patch of its weights [O, kh, kw, C / groups]."""
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    own, per_group = outputs // groups, channels // groups
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, error.dtype)
    nothing = np.empty(0, np.uint8)
    shape = (high, wide, outputs, after[0], after[1])
    for r in range(first, last):
        frame = error[r]
        if pooled:
            unpool_frame(error[r], scratch, arg[r] if arg.shape[0] else nothing, factor, shape, p)
            frame = scratch
        target = x_grad[r]
        target[:] = 0
        for oy in range(high):
            for ox in range(wide):
                left = ox * sw - pw
                low, top = max(0, -left), min(kw, width - left)
                for o in range(outputs):
                    value = frame[(oy * wide + ox) * outputs + o]
                    if value == 0:
                        continue
                    shift = (o // own) * per_group
                    for ky in range(kh):
                        y = oy * sh - ph + ky
                        if y < 0 or y >= height:
                            continue
                        source = ((o * kh + ky) * kw + low) * per_group
                        to = (y * width + left + low) * channels + shift
                        if groups == 1:
                            add_stretch_scaled(target, to, weight, source, (top - low) * channels, value)
                        else:
                            for n in range(top - low):
                                add_stretch_scaled(
                                    target, to + n * channels, weight, source + n * per_group, per_group, value
                                )
