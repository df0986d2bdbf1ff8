"""The reservoir scan compiled: time x sequences x sparse links, many sequences side by side or one alone.

What is compiled into these kernels stands in this file or in `kernels/cpu`, since their machine code on disk is valid for these texts.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.elementary import tanh
from ranvier.kernels.cpu.vector import add_in_order, instruction

LANES = 16  # sequences, or units of one that is alone, side by side: four registers of 256 or two of 512 bits
UNITS = 64  # taken from the sum to the output together
SIZE = 8  # bytes of a number

_i64, _i32 = ir.IntType(64), ir.IntType(32)
_vector = ir.VectorType(ir.DoubleType(), LANES)


@instruction
def _add_rows(typingctx: Any, total: Any, at: Any, table: Any, index: Any, factor: Any, begin: Any, end: Any) -> Any:
    """total[at, :] += factor[k] * table[index[k], :] for k in [begin, end), in order; flat index and factor, LANES columns."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, rows, chosen, factors = _data(context, builder, signature, arguments, 0, 2, 3, 4)
        lanes, nothing = ir.Constant(_i64, LANES), ir.Constant(_vector, ir.Undefined)

        def product(k: Any) -> Any:
            row = builder.mul(builder.sext(builder.load(builder.gep(chosen, [k])), _i64), lanes)
            values = _load(builder, builder.gep(rows, [row]))
            one = builder.insert_element(nothing, builder.load(builder.gep(factors, [k])), ir.Constant(_i32, 0))
            spread = builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(_i32, LANES), [0] * LANES))
            return builder.fmul(values, spread)

        place = builder.gep(sums, [builder.mul(arguments[1], lanes)])
        add_in_order(builder, place, _vector, SIZE, arguments[5], arguments[6], product)
        return context.get_dummy_value()

    return types.void(total, types.int64, table, index, factor, types.int64, types.int64), generate


@instruction
def _add_links(typingctx: Any, total: Any, at: Any, x: Any, source: Any, weight: Any, begin: Any, links: Any) -> Any:
    """total[at:at + LANES] += sum over k of weight[begin + k LANES:] * x[source[begin + k LANES:]], in order of k; flat, LANES units."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, values, chosen, factors = _data(context, builder, signature, arguments, 0, 2, 3, 4)

        def product(k: Any) -> Any:
            here = builder.add(arguments[5], builder.mul(k, ir.Constant(_i64, LANES)))
            gathered: Any = ir.Constant(_vector, ir.Undefined)
            for lane in range(LANES):
                index = builder.load(builder.gep(chosen, [builder.add(here, ir.Constant(_i64, lane))]))
                value = builder.load(builder.gep(values, [builder.sext(index, _i64)]))
                gathered = builder.insert_element(gathered, value, ir.Constant(_i32, lane))
            return builder.fmul(gathered, _load(builder, builder.gep(factors, [here])))

        place, nought = builder.gep(sums, [arguments[1]]), ir.Constant(_i64, 0)
        add_in_order(builder, place, _vector, SIZE, nought, arguments[6], product)
        return context.get_dummy_value()

    return types.void(total, types.int64, x, source, weight, types.int64, types.int64), generate


def _data(context: Any, builder: Any, signature: Any, arguments: Any, *which: int) -> list[Any]:
    """Pointers to the first entries of arrays among the arguments."""
    return [context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in which]


def _load(builder: Any, place: Any) -> Any:
    """LANES numbers from a place on, which need not be aligned beyond a number's own bytes."""
    loaded = builder.load(builder.bitcast(place, _vector.as_pointer()))
    loaded.align = SIZE
    return loaded


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
