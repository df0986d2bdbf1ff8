"""The reservoir scan: one compiled kernel over time x batch x sparse links, and one for the intrinsic plasticity of units.

Sequences of any length are processed side by side, `LANES` of them in vector registers; a few alone go one by one, `LANES`
units in vector registers. Every sum over links is taken in the same order without fused multiply-adds, so that a sequence has the same
states, bit for bit, whatever it is batched with and on any number of threads.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numpy.typing import NDArray

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.elementary import INLINE, fused, near_64, power_of_two
from ranvier.kernels.cpu.memory import buffer
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.vector import instruction

LANES = 16  # sequences, or units of one that is alone, side by side: four registers of 256 or two of 512 bits
UNITS = 64  # taken from the sum to the output together
ALONE = 3  # up to so many sequences a thread run one by one

_MAGIC = 1.5 * 2**52 + 1023  # a sum with it rounds, and its last bits are the exponent of 2^k
_i64, _f64 = ir.IntType(64), ir.DoubleType()


@dataclass(frozen=True, eq=False)
class Weights:
    """What the scan reads, float64. N units, F inputs, at most K links into a unit; missing links have weight 0 and source 0.

    win: [N, F]. bias, leak: [N]. weight: [N, K]. source: [N, K], int32, the unit that a link comes from. linear: no tanh.
    """

    win: NDArray[np.float64]
    bias: NDArray[np.float64]
    weight: NDArray[np.float64]
    source: NDArray[np.int32]
    leak: NDArray[np.float64]
    linear: bool

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("win", "bias", "weight", "source", "leak")}
        units = len(self.bias)
        if not (
            shapes["bias"] == shapes["leak"] == (units,)
            and len(shapes["win"]) == len(shapes["weight"]) == 2
            and len(self.win) == len(self.weight) == units
            and shapes["source"] == shapes["weight"]
        ):
            raise ValueError(
                f"Weights: shapes do not belong together: {shapes}. Expected win [N, F], bias and leak [N], weight and source [N, K]."
            )
        if self.source.size and not (0 <= self.source.min() and self.source.max() < units):
            raise ValueError(
                f"Weights: source must lie in 0..{units - 1}, got {self.source.min()} to {self.source.max()}."
            )
        for name, kind in (("win", "d"), ("bias", "d"), ("weight", "d"), ("source", "i"), ("leak", "d")):
            array = getattr(self, name)
            if array.dtype.char != kind or not array.flags.c_contiguous:
                raise ValueError(
                    f"Weights: {name} must be contiguous {np.dtype(kind)}, got {array.dtype}. Use np.ascontiguousarray."
                )

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """[N * F], the input that each input weight belongs to."""
        return np.tile(np.arange(self.win.shape[1], dtype=np.int32), self.units)

    @cached_property
    def blocks(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """weight and source flat, LANES units side by side: [N / LANES, K, LANES], with links of weight 0 in the last block."""
        padded = -(-self.units // LANES) * LANES
        weight = np.zeros((padded, self.weight.shape[1]))
        source = np.zeros(weight.shape, np.int32)
        weight[: self.units], source[: self.units] = self.weight, self.source
        return self._side_by_side(weight), self._side_by_side(source)

    @staticmethod
    def _side_by_side(part: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(part.reshape(len(part) // LANES, LANES, part.shape[1]).swapaxes(1, 2)).reshape(-1)

    @property
    def units(self) -> int:
        return len(self.bias)


def scan(
    weights: Weights, rows: np.ndarray, start: np.ndarray, state: np.ndarray, added: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """States after every step, and after the last step of each sequence.

    x[t] = (1 - leak) x[t-1] + leak tanh(bias + win u[t] + added[t] + W x[t-1])

    rows: [steps of all sequences, F], u. start: [B + 1], sequence b is rows[start[b]:start[b + 1]]. state: [B, N], x before the first
    step. added: [steps, N], noise in the net input. Returns [steps, N] and [B, N].
    """
    batch, steps, units = len(start) - 1, len(rows), weights.units
    out, last = (
        buffer((steps, units), np.float64),
        state.copy(),
    )  # page faults of fresh memory would cost more than the sums
    extra = np.empty((0, units)) if added is None else added
    w, rows = weights, np.require(rows, np.float64, ["C", "W"])  # a read-only array would be another kernel
    work = steps * units * (2 + w.win.shape[1] + w.weight.shape[1])
    if batch <= ALONE:
        turned = np.ascontiguousarray(w.win.T)
        split(
            batch, work, scan_alone, rows, start, turned, w.bias, *w.blocks, w.weight.shape[1], w.leak, w.linear, extra,
            last, out,
        )  # fmt: skip
    else:
        order = np.argsort(start[:-1] - start[1:], kind="stable")  # the longest first, so that lanes end together
        blocks = -(-batch // LANES)
        split(
            blocks, work, scan_lanes, rows, start, order, w.win.reshape(-1), w.place, w.bias, w.weight.reshape(-1),
            w.source.reshape(-1), w.weight.shape[1], w.leak, w.linear, extra, last, out,
        )  # fmt: skip
    return out, last


@njit(**INLINE)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent to 2 units in the last place, without a branch, so that loops over it become vector code.

    e/(e + 2), e = expm1(2|x|) = 2^k expm1(r) + 2^k - 1 with 2|x| = k ln 2 + r, |r| <= ln(2)/2. Every sum that is fused has one product, so
    that vector and scalar code round alike.
    """
    size = abs(x)
    z = 2.0 * (20.0 if size > 20.0 else size)  # NaN stays NaN
    k = fused(z, 1.4426950408889634, _MAGIC) - _MAGIC
    near = near_64(fused(k, -1.90821492927058770002e-10, fused(k, -6.93147180369123816490e-01, z)))
    scale = power_of_two(k + _MAGIC)
    e = fused(near, scale, scale - 1.0)
    return math.copysign(e / (e + 2.0), x)


@instruction
def _add_rows(typingctx: Any, total: Any, at: Any, table: Any, index: Any, factor: Any, begin: Any, end: Any) -> Any:
    """total[at, :] += factor[k] * table[index[k], :] for k in [begin, end), in order; flat index and factor, LANES columns."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(_f64, LANES)
        sums, rows, chosen, factors = (
            context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 2, 3, 4)
        )
        at, begin, end = arguments[1], arguments[5], arguments[6]
        lanes = ir.Constant(_i64, LANES)
        place = builder.bitcast(builder.gep(sums, [builder.mul(at, lanes)]), vector.as_pointer())
        start = builder.load(place)
        start.align = 8
        before = builder.block
        loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed("<", begin, end), loop, done)
        builder.position_at_end(loop)
        k, sum_ = builder.phi(_i64), builder.phi(vector)
        row = builder.mul(builder.sext(builder.load(builder.gep(chosen, [k])), _i64), lanes)
        values = builder.load(builder.bitcast(builder.gep(rows, [row]), vector.as_pointer()))
        values.align = 8
        nothing, i32 = ir.Constant(vector, ir.Undefined), ir.IntType(32)
        one = builder.insert_element(nothing, builder.load(builder.gep(factors, [k])), ir.Constant(i32, 0))
        spread = builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(i32, LANES), [0] * LANES))
        longer = builder.fadd(sum_, builder.fmul(values, spread))
        following = builder.add(k, ir.Constant(_i64, 1))
        for phi, first, next_ in ((k, begin, following), (sum_, start, longer)):
            phi.add_incoming(first, before)
            phi.add_incoming(next_, loop)
        builder.cbranch(builder.icmp_signed("<", following, end), loop, done)
        builder.position_at_end(done)
        result = builder.phi(vector)
        result.add_incoming(start, before)
        result.add_incoming(longer, loop)
        builder.store(result, place).align = 8
        return context.get_dummy_value()

    signature = types.void(total, types.int64, table, index, factor, types.int64, types.int64)
    return signature, generate


@instruction
def _add_links(typingctx: Any, total: Any, at: Any, x: Any, source: Any, weight: Any, begin: Any, links: Any) -> Any:
    """total[at:at + LANES] += sum over k of weight[begin + k LANES:] * x[source[begin + k LANES:]], in order of k; flat, LANES units."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector, i32 = ir.VectorType(_f64, LANES), ir.IntType(32)
        sums, values, chosen, factors = (
            context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 2, 3, 4)
        )
        at, begin, links = arguments[1], arguments[5], arguments[6]
        zero, lanes = ir.Constant(_i64, 0), ir.Constant(_i64, LANES)
        place = builder.bitcast(builder.gep(sums, [at]), vector.as_pointer())
        start = builder.load(place)
        start.align = 8
        before = builder.block
        loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed("<", zero, links), loop, done)
        builder.position_at_end(loop)
        k, sum_ = builder.phi(_i64), builder.phi(vector)
        here = builder.add(begin, builder.mul(k, lanes))
        gathered: Any = ir.Constant(vector, ir.Undefined)
        for lane in range(LANES):
            index = builder.load(builder.gep(chosen, [builder.add(here, ir.Constant(_i64, lane))]))
            value = builder.load(builder.gep(values, [builder.sext(index, _i64)]))
            gathered = builder.insert_element(gathered, value, ir.Constant(i32, lane))
        factor = builder.load(builder.bitcast(builder.gep(factors, [here]), vector.as_pointer()))
        factor.align = 8
        longer = builder.fadd(sum_, builder.fmul(gathered, factor))
        following = builder.add(k, ir.Constant(_i64, 1))
        for phi, first, next_ in ((k, zero, following), (sum_, start, longer)):
            phi.add_incoming(first, before)
            phi.add_incoming(next_, loop)
        builder.cbranch(builder.icmp_signed("<", following, links), loop, done)
        builder.position_at_end(done)
        result = builder.phi(vector)
        result.add_incoming(start, before)
        result.add_incoming(longer, loop)
        builder.store(result, place).align = 8
        return context.get_dummy_value()

    return types.void(total, types.int64, x, source, weight, types.int64, types.int64), generate


@kernel
def scan_lanes(rows, start, order, win, place, bias, weight, source, links, leak, linear, added, last, out, first, end):
    """See `scan`; blocks first to end of LANES sequences in `order`. win, weight, source are flat; place: [N * F], input of each of win."""
    units, inputs = bias.shape[0], rows.shape[1]
    x, new, u = np.zeros(units * LANES), np.zeros(units * LANES), np.zeros(inputs * LANES + LANES)
    net = np.zeros(
        UNITS * LANES
    )  # of a few units at a time, which stay in the nearest cache from the sum to the output
    at, left = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    for block in range(first, end):
        most = min(LANES, order.shape[0] - block * LANES)
        members = most
        for m in range(members):
            b = order[block * LANES + m]
            at[m], left[m] = start[b], start[b + 1] - start[b]
            for i in range(units):
                x[i * LANES + m] = last[b, i]
        for t in range(left[0]):
            while left[members - 1] <= t:  # shorter ones stand behind; their lanes run on, unread
                members -= 1
            for m in range(members):
                for f in range(inputs):
                    u[f * LANES + m] = rows[at[m] + t, f]
            for begin in range(0, units, UNITS):
                stop = min(begin + UNITS, units)
                for i in range(begin, stop):
                    for m in range(LANES):
                        net[(i - begin) * LANES + m] = bias[i]
                    _add_rows(net, i - begin, u, place, win, i * inputs, (i + 1) * inputs)
                if added.shape[0]:
                    for m in range(members):
                        for i in range(begin, stop):
                            net[(i - begin) * LANES + m] += added[at[m] + t, i]
                for i in range(begin, stop):
                    _add_rows(net, i - begin, x, source, weight, i * links, (i + 1) * links)
                if not linear:
                    for j in range(UNITS * LANES):
                        net[j] = tanh(net[j])
                for i in range(begin, stop):
                    a = leak[i]
                    for m in range(LANES):
                        j = i * LANES + m
                        new[j] = (1.0 - a) * x[j] + a * net[j - begin * LANES]
                m = 0
                while m + 4 <= members:  # four rows from each line that is read
                    row, second, third, fourth = (
                        out[at[m] + t],
                        out[at[m + 1] + t],
                        out[at[m + 2] + t],
                        out[at[m + 3] + t],
                    )
                    for i in range(begin, stop):
                        j = i * LANES + m
                        row[i], second[i], third[i], fourth[i] = new[j], new[j + 1], new[j + 2], new[j + 3]
                    m += 4
                while m < members:
                    row = out[at[m] + t]
                    for i in range(begin, stop):
                        row[i] = new[i * LANES + m]
                    m += 1
            x, new = new, x
        for m in range(most):
            if left[m]:
                for i in range(units):
                    last[order[block * LANES + m], i] = out[at[m] + left[m] - 1, i]


@kernel
def scan_alone(rows, start, turned, bias, weight, source, links, leak, linear, added, last, out, first, end):
    """See `scan`; sequences first to end, one after the other. turned: [F, N], the input weights. weight, source: see `Weights.blocks`."""
    inputs, units = turned.shape
    net, x = np.zeros(units + LANES), np.empty(units)
    for b in range(first, end):
        for i in range(units):
            x[i] = last[b, i]
        for t in range(start[b], start[b + 1]):
            for i in range(units):
                net[i] = bias[i]
            for f in range(inputs):
                value = rows[t, f]
                for i in range(units):
                    net[i] += turned[f, i] * value
            if added.shape[0]:
                for i in range(units):
                    net[i] += added[t, i]
            for i in range(0, units, LANES):
                _add_links(net, i, x, source, weight, i * links, links)
            if not linear:
                for i in range(units):
                    net[i] = tanh(net[i])
            for i in range(units):
                x[i] = (1.0 - leak[i]) * x[i] + leak[i] * net[i]
                out[t, i] = x[i]
        for i in range(units):
            last[b, i] = x[i]


@kernel
def adapt(rows, start, win, bias, weight, source, leak, gain, shift, mean, deviation, rate):
    """Intrinsic plasticity: runs the sequences one by one and changes gain [N] and shift [N] after every step.

    y = tanh(gain net + shift); with s2 = deviation^2, p = -mean/s2 + y/s2 (2 s2 + 1 - y^2 + mean y):
    shift <- shift - rate p, gain <- gain + rate/gain - rate p net.
    """
    units, inputs = win.shape
    links = weight.shape[1]
    x, net = np.zeros(units), np.empty(units)
    variance = deviation * deviation
    for b in range(len(start) - 1):
        x[:] = 0.0
        for t in range(start[b], start[b + 1]):
            for i in range(units):
                total = bias[i]
                for f in range(inputs):
                    total += win[i, f] * rows[t, f]
                for k in range(links):
                    total += weight[i, k] * x[source[i, k]]
                net[i] = total
            for i in range(units):
                y = np.tanh(gain[i] * net[i] + shift[i])
                push = -mean / variance + y / variance * (2.0 * variance + 1.0 - y * y + mean * y)
                shift[i] -= rate * push
                gain[i] += rate / gain[i] - rate * push * net[i]
                x[i] = (1.0 - leak[i]) * x[i] + leak[i] * y
