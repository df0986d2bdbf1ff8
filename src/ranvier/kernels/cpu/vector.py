"""Sums of table rows in vector registers, as Numba intrinsics.

A loop over `total[j] += row[j]` loads and stores the total for each row, and the compiler guards it against overlapping arrays.
These write the LLVM code themselves: the total of `LANES` columns stays in registers while the rows go by.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ranvier.kernels.cpu.compile import kernel_inline

LANES = 64  # columns whose total stays in registers: eight of 256 or four of 512 bits, enough to hide the adders' latency
SHORT = 8  # lanes of the registers that walk over a row

_i64 = ir.IntType(64)


@intrinsic
def add_rows(typingctx: Any, total: Any, table: Any, index: Any, begin: Any, end: Any) -> Any:
    """total[:LANES] += the rows table[index[k] * LANES:][:LANES] of k in [begin, end), in order. All arrays flat and contiguous."""
    signature = types.void(total, table, index, types.int64, types.int64)
    return signature, lambda context, builder, signature, arguments: _sum(context, builder, signature, arguments, False)


@intrinsic
def add_scaled_rows(typingctx: Any, total: Any, table: Any, index: Any, begin: Any, end: Any, factor: Any) -> Any:
    """As `add_rows`, each row times factor[k]."""
    signature = types.void(total, table, index, types.int64, types.int64, factor)
    return signature, lambda context, builder, signature, arguments: _sum(context, builder, signature, arguments, True)


def _sum(context: Any, builder: Any, signature: Any, arguments: Any, scaled: bool) -> Any:
    scalar = context.get_data_type(signature.args[1].dtype)
    size = signature.args[1].dtype.bitwidth // 8
    vector = ir.VectorType(scalar, LANES)
    total, table, index = (_data(context, builder, signature, arguments, k) for k in range(3))
    begin, end = arguments[3], arguments[4]
    factor = _data(context, builder, signature, arguments, 5) if scaled else None
    place = builder.bitcast(total, vector.as_pointer())
    start = builder.load(place)
    start.align = size
    before = builder.block
    loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", begin, end), loop, done)

    builder.position_at_end(loop)
    k, sum_ = builder.phi(_i64), builder.phi(vector)
    chosen = builder.sext(builder.load(builder.gep(index, [k])), _i64)
    at = builder.gep(table, [builder.mul(chosen, ir.Constant(_i64, LANES))])
    row = builder.load(builder.bitcast(at, vector.as_pointer()))
    row.align = size
    if factor is not None:
        row = builder.fmul(row, _broadcast(builder, builder.load(builder.gep(factor, [k])), LANES), ("contract",))
    longer = builder.fadd(sum_, row, () if factor is None else ("contract",))
    following = builder.add(k, ir.Constant(_i64, 1))
    for phi, first, next_ in ((k, begin, following), (sum_, start, longer)):
        phi.add_incoming(first, before)
        phi.add_incoming(next_, loop)
    builder.cbranch(builder.icmp_signed("<", following, end), loop, done)

    builder.position_at_end(done)
    result = builder.phi(vector)
    result.add_incoming(start, before)
    result.add_incoming(longer, loop)
    builder.store(result, place).align = size
    return context.get_dummy_value()


def _broadcast(builder: Any, value: Any, lanes: int) -> Any:
    """The same number in every lane."""
    vector, i32 = ir.VectorType(value.type, lanes), ir.IntType(32)
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(i32, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(i32, lanes), [0] * lanes))


@intrinsic
def add_short(typingctx: Any, target: Any, to: Any, source: Any, start: Any) -> Any:
    """target[to:to + SHORT] += source[start:start + SHORT]. Flat contiguous arrays that do not overlap."""
    signature = types.void(target, types.int64, source, types.int64)
    return signature, lambda context, builder, signature, arguments: _short(context, builder, signature, arguments, None)


@intrinsic
def add_short_scaled(typingctx: Any, target: Any, to: Any, source: Any, start: Any, factor: Any) -> Any:
    """As `add_short`, the source times a factor of its own type."""
    signature = types.void(target, types.int64, source, types.int64, source.dtype)
    return signature, lambda context, builder, signature, arguments: _short(
        context, builder, signature, arguments, arguments[4]
    )


def _short(context: Any, builder: Any, signature: Any, arguments: Any, factor: Any) -> Any:
    dtype = signature.args[2].dtype
    vector, size = ir.VectorType(context.get_data_type(dtype), SHORT), dtype.bitwidth // 8
    pointers = [
        builder.bitcast(builder.gep(_data(context, builder, signature, arguments, k), [arguments[k + 1]]), vector.as_pointer())
        for k in (0, 2)
    ]
    old, new = (builder.load(p) for p in pointers)
    old.align = new.align = size
    if factor is not None:
        new = builder.fmul(new, _broadcast(builder, factor, SHORT), ("contract",))
    builder.store(builder.fadd(old, new, () if factor is None else ("contract",)), pointers[0]).align = size
    return context.get_dummy_value()


def _data(context: Any, builder: Any, signature: Any, arguments: Any, k: int) -> Any:
    """Pointer to the first element of the k-th argument, an array."""
    return context.make_array(signature.args[k])(context, builder, arguments[k]).data


@kernel_inline
def add_stretch(target, to, source, start, count):
    """target[to:to + count] += source[start:start + count]."""
    k = 0
    while k + SHORT <= count:
        add_short(target, to + k, source, start + k)
        k += SHORT
    while k < count:
        target[to + k] += source[start + k]
        k += 1


@kernel_inline
def add_stretch_scaled(target, to, source, start, count, factor):
    """target[to:to + count] += factor * source[start:start + count]."""
    k = 0
    while k + SHORT <= count:
        add_short_scaled(target, to + k, source, start + k, factor)
        k += SHORT
    while k < count:
        target[to + k] += factor * source[start + k]
        k += 1
