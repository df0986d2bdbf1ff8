"""Steps of the liquid time-constant cell, there and back: sequences side by side in vectors, a synapse's sigmoid computed where it is used and never stored.

Arrays of a part have its `WIDTH` sequences last. A unit's synapses are lists, those from inputs and those from units apart, so that missing ones cost
nothing. The way back computes each sigmoid again: to read it from memory would cost more.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.lanes import WIDTH, Lanes
from ranvier.kernels.cpu.raw import get, put
from ranvier.kernels.cpu.vector import instruction, loop

FIELDS = 6  # of a synapse: w, -sigma / ln 2, sigma mu / ln 2, w erev, erev, w sigma

_i64 = ir.IntType(64)


@instruction
def open_synapses(
    typingctx: Any, u: Any, first: Any, synapses: Any, sender: Any, begin: Any, end: Any, opened: Any, driven: Any
) -> Any:
    """opened += sum of w s, driven += sum of w s erev, s = sigmoid(sigma (u - mu)), over synapses [begin, end). u: rows of senders from `first` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = Lanes(context, builder, signature.args[0].dtype)
        senders, table, index, g, p = _data(context, builder, signature, arguments, 0, 2, 3, 6, 7)
        zero = ir.Constant(_i64, 0)

        def add(k: Any, sums: list[Any]) -> list[Any]:
            row = builder.add(arguments[1], _row(builder, index, k))
            w, slope, shift, pull = _fields(lanes, table, k, 0, 1, 2, 3)
            s = lanes.halving(lanes.fused(lanes.load(senders, row), slope, shift))
            return [lanes.fused(w, s, sums[0]), lanes.fused(pull, s, sums[1])]

        sums = loop(builder, arguments[4], arguments[5], [lanes.load(g, zero), lanes.load(p, zero)], add)
        for value, place in zip(sums, (g, p), strict=True):
            lanes.store(value, place, zero)
        return context.get_dummy_value()

    return types.void(u, types.int64, synapses, sender, types.int64, types.int64, opened, driven), generate


@instruction
def close_synapses(
    typingctx: Any, u: Any, du: Any, first: Any, into: Any, synapses: Any, sender: Any, begin: Any, end: Any, opened: Any, driven: Any, sums: Any
) -> Any:  # fmt: skip
    """Backward of `open_synapses`: opened, driven are its sums' gradients. Adds to du, rows from `into` on, and to sums [synapse, 4].

    With q = d opened + erev d driven, the sums over sequences are of q s, d driven s, q s (1 - s) and q s (1 - s) u.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = Lanes(context, builder, signature.args[0].dtype)
        which = (0, 1, 4, 5, 8, 9, 10)
        senders, errors, table, index, g, p, totals = _data(context, builder, signature, arguments, *which)
        zero, four = ir.Constant(_i64, 0), ir.Constant(_i64, 4)
        g, p = lanes.load(g, zero), lanes.load(p, zero)

        def add(k: Any, nothing: list[Any]) -> list[Any]:
            row = _row(builder, index, k)
            slope, shift, erev, gain = _fields(lanes, table, k, 1, 2, 4, 5)
            value = lanes.load(senders, builder.add(arguments[2], row))
            s = lanes.halving(lanes.fused(value, slope, shift))
            qs = builder.fmul(lanes.fused(p, erev, g), s)
            change = builder.fsub(qs, builder.fmul(qs, s))
            place = builder.add(arguments[3], row)
            lanes.store(lanes.fused(change, gain, lanes.load(errors, place)), errors, place)
            lanes.add_sums([qs, builder.fmul(p, s), change, builder.fmul(change, value)], totals, builder.mul(k, four))
            return nothing

        loop(builder, arguments[6], arguments[7], [], add)
        return context.get_dummy_value()

    number = types.int64
    signature = types.void(u, du, number, number, synapses, sender, number, number, opened, driven, sums)
    return signature, generate


def _data(context: Any, builder: Any, signature: Any, arguments: Any, *which: int) -> list[Any]:
    """Pointers to the first entries of arrays among the arguments."""
    return [context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in which]


def _row(builder: Any, index: Any, k: Any) -> Any:
    """Where the row of synapse k's sender begins."""
    sender = builder.sext(builder.load(builder.gep(index, [k])), _i64)
    return builder.mul(sender, ir.Constant(_i64, WIDTH))


def _fields(lanes: Lanes, table: Any, k: Any, *which: int) -> list[Any]:
    """Fields of synapse k."""
    build = lanes.builder
    begin = build.mul(k, ir.Constant(_i64, FIELDS))
    return [lanes.spread(table, build.add(begin, ir.Constant(_i64, field))) for field in which]


@kernel
def forward(
    x: Any,
    trace: Any,
    whole: Any,
    rate: Any,
    synapses: Any,
    sender: Any,
    ends: Any,
    unit: Any,
    sizes: Any,
    keep: Any,
    first: Any,
    last: Any,
) -> None:
    """Parts [first, last). x: [part, T, input, WIDTH]; trace: [part, row, unit, WIDTH], v at rest in row 0, then after each integrator step if `keep`, else
    after each step, and two rows to spare; whole: what v was divided by, [part, T unfolds, unit, WIDTH] if `keep`. rate: 1/h, [part, T, WIDTH].
    unit: cm, gleak, vleak of each. ends: 0, then where the synapses of each unit end, those from inputs and those from units. Flat arrays.
    """
    inputs, units, steps, unfolds, rows = sizes
    opened, driven = np.empty(WIDTH, x.dtype), np.empty(WIDTH, x.dtype)
    sensed, pulled = np.empty(units * WIDTH, x.dtype), np.empty(units * WIDTH, x.dtype)
    for part in range(first, last):
        spare = steps + 1
        for t in range(steps):
            here = (part * steps + t) * inputs * WIDTH
            for i in range(units):
                leak = get(unit, 3 * i + 1)
                for lane in range(WIDTH):
                    put(opened, lane, leak)
                    put(driven, lane, leak * get(unit, 3 * i + 2))
                open_synapses(x, here, synapses, sender, ends[2 * i], ends[2 * i + 1], opened, driven)
                for lane in range(WIDTH):
                    put(sensed, i * WIDTH + lane, get(opened, lane))
                    put(pulled, i * WIDTH + lane, get(driven, lane))
            for k in range(unfolds):
                if keep:
                    before = t * unfolds + k
                    after = before + 1
                else:
                    before = t if k == 0 else spare + (k - 1) % 2
                    after = t + 1 if k == unfolds - 1 else spare + k % 2
                before, after = (part * rows + before) * units * WIDTH, (part * rows + after) * units * WIDTH
                divided = ((part * steps + t) * unfolds + k) * units * WIDTH
                for i in range(units):
                    cm = get(unit, 3 * i)
                    for lane in range(WIDTH):
                        charge = cm * get(rate, (part * steps + t) * WIDTH + lane)
                        put(opened, lane, get(sensed, i * WIDTH + lane) + charge)
                        put(
                            driven, lane, get(pulled, i * WIDTH + lane) + charge * get(trace, before + i * WIDTH + lane)
                        )
                    open_synapses(trace, before, synapses, sender, ends[2 * i + 1], ends[2 * i + 2], opened, driven)
                    for lane in range(WIDTH):
                        put(trace, after + i * WIDTH + lane, get(driven, lane) / get(opened, lane))
                    if keep:
                        for lane in range(WIDTH):
                            put(whole, divided + i * WIDTH + lane, get(opened, lane))


@kernel
def backward(
    x: Any,
    dx: Any,
    trace: Any,
    whole: Any,
    rate: Any,
    synapses: Any,
    sender: Any,
    ends: Any,
    unit: Any,
    error: Any,
    start: Any,
    sums: Any,
    unit_sums: Any,
    sizes: Any,
    first: Any,
    last: Any,
) -> None:
    """As `forward` with `keep`. error: of the output, [part, T, unit, WIDTH]. Adds to dx as x, start [part, unit, WIDTH]: of v at the start;
    sums [part, synapse, 4] of `close_synapses`; unit_sums [part, unit, 3, WIDTH]: of cm, gleak, vleak.
    """
    inputs, units, steps, unfolds, rows = sizes
    width = units * WIDTH
    d_opened, d_driven = np.empty(WIDTH, x.dtype), np.empty(WIDTH, x.dtype)
    sensed, pulled = np.empty(width, x.dtype), np.empty(width, x.dtype)
    dv, earlier = np.empty(width, x.dtype), np.empty(width, x.dtype)
    for part in range(first, last):
        own = sums[part]
        for m in range(width):
            put(dv, m, x.dtype.type(0))
        for t in range(steps - 1, -1, -1):
            now = part * steps + t
            for m in range(width):
                put(dv, m, get(dv, m) + get(error, now * width + m))
                put(sensed, m, x.dtype.type(0))
                put(pulled, m, x.dtype.type(0))
            for k in range(unfolds - 1, -1, -1):
                before = (part * rows + t * unfolds + k) * width
                divided = (now * unfolds + k) * width
                for m in range(width):
                    put(earlier, m, x.dtype.type(0))
                for i in range(units):
                    cm, at = get(unit, 3 * i), i * WIDTH
                    for lane in range(WIDTH):
                        drive = get(dv, at + lane) / get(whole, divided + at + lane)
                        opening = -drive * get(trace, before + width + at + lane)
                        per_step = get(rate, now * WIDTH + lane)
                        v = get(trace, before + at + lane)
                        put(d_driven, lane, drive)
                        put(d_opened, lane, opening)
                        put(sensed, at + lane, get(sensed, at + lane) + opening)
                        put(pulled, at + lane, get(pulled, at + lane) + drive)
                        put(earlier, at + lane, get(earlier, at + lane) + drive * cm * per_step)
                        place = ((part * units + i) * 3) * WIDTH + lane
                        put(unit_sums, place, get(unit_sums, place) + (drive * v + opening) * per_step)
                    close_synapses(
                        trace,
                        earlier,
                        before,
                        0,
                        synapses,
                        sender,
                        ends[2 * i + 1],
                        ends[2 * i + 2],
                        d_opened,
                        d_driven,
                        own,
                    )
                dv, earlier = earlier, dv
            here = now * inputs * WIDTH
            for i in range(units):
                leak, rest = get(unit, 3 * i + 1), get(unit, 3 * i + 2)
                for lane in range(WIDTH):
                    opening, drive = get(sensed, i * WIDTH + lane), get(pulled, i * WIDTH + lane)
                    put(d_opened, lane, opening)
                    put(d_driven, lane, drive)
                    place = ((part * units + i) * 3 + 1) * WIDTH + lane
                    put(unit_sums, place, get(unit_sums, place) + opening + rest * drive)
                    put(unit_sums, place + WIDTH, get(unit_sums, place + WIDTH) + leak * drive)
                close_synapses(
                    x, dx, here, here, synapses, sender, ends[2 * i], ends[2 * i + 1], d_opened, d_driven, own
                )
        for m in range(width):
            put(start, part * width + m, get(dv, m))
