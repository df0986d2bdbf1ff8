"""Sums of table rows in vector registers, as Numba intrinsics.

A loop over `total[j] += row[j]` loads and stores the total for each row, and the compiler guards it against overlapping arrays.
These write the LLVM code themselves: the total of `LANES` columns stays in registers while the rows go by.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ranvier.kernels.cpu.compile import kernel_inline

# Columns whose total stays in registers: eight of 256 or four of 512 bits, enough to hide the adders' latency.
LANES = 64
# Errors that share what is read of a table, and its columns that are read at once: eight registers of totals.
ROWS, PANEL = 4, 16
FUSED = ("contract",)  # a product and a sum may be one instruction
# Numbers of a stretch that are added at once, and of what is left over.
WIDE, SHORT = 32, 8

_i64 = ir.IntType(64)


def instruction(function: Callable[..., Any]) -> Any:
    """A Numba intrinsic: gives the signature of a call and the function that writes its code."""
    return intrinsic(function)


@instruction
def add_rows(typingctx: Any, total: Any, table: Any, index: Any, begin: Any, end: Any, shift: Any) -> Any:
    """total[:LANES] += the rows table[(index[k] + shift) * LANES:][:LANES] of k in [begin, end), in order. Flat contiguous arrays."""
    signature = types.void(total, table, index, types.int64, types.int64, types.int64)
    return signature, lambda context, builder, signature, arguments: _sum(context, builder, signature, arguments, False)


@instruction
def add_scaled_rows(
    typingctx: Any, total: Any, table: Any, index: Any, begin: Any, end: Any, shift: Any, factor: Any
) -> Any:
    """As `add_rows`, each row times factor[k]."""
    signature = types.void(total, table, index, types.int64, types.int64, types.int64, factor)
    return signature, lambda context, builder, signature, arguments: _sum(context, builder, signature, arguments, True)


def _sum(context: Any, builder: Any, signature: Any, arguments: Any, scaled: bool) -> Any:
    scalar = context.get_data_type(signature.args[1].dtype)
    size = signature.args[1].dtype.bitwidth // 8
    vector = ir.VectorType(scalar, LANES)
    total, table, index = (_data(context, builder, signature, arguments, k) for k in range(3))
    begin, end, shift = arguments[3:6]
    factor = _data(context, builder, signature, arguments, 6) if scaled else None

    def term(k: Any) -> Any:
        chosen = builder.add(builder.sext(builder.load(builder.gep(index, [k])), _i64), shift)
        at = builder.gep(table, [builder.mul(chosen, ir.Constant(_i64, LANES))])
        row = builder.load(builder.bitcast(at, vector.as_pointer()))
        row.align = size
        if factor is None:
            return row
        return builder.fmul(row, _broadcast(builder, builder.load(builder.gep(factor, [k])), LANES), flags=FUSED)

    add_in_order(builder, total, vector, size, begin, end, term, flags=() if factor is None else FUSED)
    return context.get_dummy_value()


def add_in_order(
    builder: Any,
    place: Any,
    vector: Any,
    size: int,
    begin: Any,
    end: Any,
    term: Callable[[Any], Any],
    flags: Sequence[str] = (),
) -> None:
    """Writes code that adds term(k) for k in [begin, end), in order, to the numbers at `place`; the sum stays in registers meanwhile.

    vector: the type of a term, lanes of `size` bytes each; term: writes the code of one; flags: of the sum, such as `FUSED`.
    """
    target = builder.bitcast(place, vector.as_pointer())
    start = builder.load(target)
    start.align = size
    (total,) = loop(builder, begin, end, [start], lambda k, sums: [builder.fadd(sums[0], term(k), flags=flags)])
    builder.store(total, target).align = size


def loop(
    builder: Any,
    begin: Any,
    end: Any,
    start: Sequence[Any],
    body: Callable[[Any, list[Any]], Sequence[Any]],
    hint: Any = None,
) -> list[Any]:
    """Writes code of a loop; returns what its values are at the end. body(k, values): writes what they become in step k of [begin, end).

    hint: metadata that tell LLVM how to compile it.
    """
    before = builder.block
    inside, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", begin, end), inside, done)

    builder.position_at_end(inside)
    k, values = builder.phi(_i64), [builder.phi(value.type) for value in start]
    after = body(k, values)
    following, latest = builder.add(k, ir.Constant(_i64, 1), flags=("nsw",)), builder.block
    for phi, first, next_ in ((k, begin, following), *zip(values, start, after, strict=True)):
        phi.add_incoming(first, before)
        phi.add_incoming(next_, latest)
    branch = builder.cbranch(builder.icmp_signed("<", following, end), inside, done)
    if hint is not None:
        branch.set_metadata("llvm.loop", hint)

    builder.position_at_end(done)
    results = [builder.phi(value.type) for value in start]
    for result, first, last in zip(results, start, after, strict=True):
        result.add_incoming(first, before)
        result.add_incoming(last, latest)
    return results


@instruction
def add_products(typingctx: Any, total: Any, table: Any, factor: Any, place: Any) -> Any:
    """total[m, place:place + PANEL] += sum over i of factor[m, i] * table[i * LANES + place % LANES:][:PANEL], for each of ROWS rows m.

    total: [ROWS, columns]; table: flat, the block that holds the columns; factor: [ROWS, inputs]. What is read of the table serves all rows.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        dtype = signature.args[1].dtype
        vector, size = ir.VectorType(context.get_data_type(dtype), PANEL), dtype.bitwidth // 8
        total, table, factor = (context.make_array(signature.args[k])(context, builder, arguments[k]) for k in range(3))
        columns, inputs = (builder.extract_value(a.shape, 1) for a in (total, factor))
        at = arguments[3]
        lane = builder.and_(at, ir.Constant(_i64, LANES - 1))

        def place(array: Any, offset: Any) -> Any:
            return builder.bitcast(builder.gep(array.data, [offset]), vector.as_pointer())

        rows = [ir.Constant(_i64, m) for m in range(ROWS)]
        targets = [place(total, builder.add(builder.mul(m, columns), at)) for m in rows]
        starts = [builder.load(t) for t in targets]
        for start in starts:
            start.align = size

        def add(i: Any, sums: list[Any]) -> list[Any]:
            weights = builder.load(place(table, builder.add(builder.mul(i, ir.Constant(_i64, LANES)), lane)))
            weights.align = size
            longer = []
            for m, sum_ in zip(rows, sums, strict=True):
                value = builder.load(builder.gep(factor.data, [builder.add(builder.mul(m, inputs), i)]))
                product = builder.fmul(weights, _broadcast(builder, value, PANEL), flags=FUSED)
                longer.append(builder.fadd(sum_, product, flags=FUSED))
            return longer

        results = loop(builder, ir.Constant(_i64, 0), inputs, starts, add)
        for result, target in zip(results, targets, strict=True):
            builder.store(result, target).align = size
        return context.get_dummy_value()

    return types.void(total, table, factor, types.int64), generate


def _broadcast(builder: Any, value: Any, lanes: int) -> Any:
    """The same number in every lane."""
    vector, i32 = ir.VectorType(value.type, lanes), ir.IntType(32)
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(i32, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(i32, lanes), [0] * lanes))


@instruction
def list_eight(typingctx: Any, row: Any, i: Any, index: Any, n: Any) -> Any:
    """index[n:] = the places of the ones among the bytes row[i:i + 8], which are 0 or 1; returns n plus their number.

    Always writes eight entries; those beyond the last place are void. The eight bytes are gathered into eight bits by a multiplication,
    and the bits choose a row of a table of places.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        i32 = ir.IntType(32)
        places = [[k for k in range(8) if bits >> k & 1] for bits in range(256)]
        lanes = ir.VectorType(i32, 8)
        rows = [ir.Constant(lanes, [*row, *[0] * (8 - len(row))]) for row in places]
        kind = ir.ArrayType(lanes, 256)
        table = cgutils.global_constant(builder, "places_of_bits", ir.Constant(kind, rows))
        at = builder.gep(_data(context, builder, signature, arguments, 0), [arguments[1]])
        word = builder.load(builder.bitcast(at, _i64.as_pointer()))
        word.align = 1
        bits = builder.lshr(builder.mul(word, ir.Constant(_i64, 0x0102040810204080)), ir.Constant(_i64, 56))
        chosen = builder.load(builder.gep(table, [ir.Constant(i32, 0), bits]))
        first = _broadcast(builder, builder.trunc(arguments[1], i32), 8)
        to = builder.gep(_data(context, builder, signature, arguments, 2), [arguments[3]])
        builder.store(builder.add(chosen, first), builder.bitcast(to, lanes.as_pointer())).align = 4
        return builder.add(arguments[3], builder.ctpop(bits))

    return types.int64(row, types.int64, index, types.int64), generate


def _stretch(lanes: int, scaled: bool) -> Any:
    """An intrinsic: target[to:to + lanes] += source[start:start + lanes], times a factor if `scaled`. Flat arrays that do not overlap."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        dtype = signature.args[2].dtype
        vector, size = ir.VectorType(context.get_data_type(dtype), lanes), dtype.bitwidth // 8
        places = [
            builder.bitcast(
                builder.gep(_data(context, builder, signature, arguments, k), [arguments[k + 1]]), vector.as_pointer()
            )
            for k in (0, 2)
        ]
        old, new = (builder.load(place) for place in places)
        old.align = new.align = size
        if scaled:
            new = builder.fmul(new, _broadcast(builder, arguments[4], lanes), flags=FUSED)
        builder.store(builder.fadd(old, new, flags=FUSED if scaled else ()), places[0]).align = size
        return context.get_dummy_value()

    if scaled:

        @instruction
        def add_scaled(typingctx: Any, target: Any, to: Any, source: Any, start: Any, factor: Any) -> Any:
            return types.void(target, types.int64, source, types.int64, source.dtype), generate

        return add_scaled

    @instruction
    def add(typingctx: Any, target: Any, to: Any, source: Any, start: Any) -> Any:
        return types.void(target, types.int64, source, types.int64), generate

    return add


_add_wide, _add_short = _stretch(WIDE, False), _stretch(SHORT, False)
_add_wide_scaled, _add_short_scaled = _stretch(WIDE, True), _stretch(SHORT, True)


def _data(context: Any, builder: Any, signature: Any, arguments: Any, k: int) -> Any:
    """Pointer to the first element of the k-th argument, an array."""
    return context.make_array(signature.args[k])(context, builder, arguments[k]).data


@instruction
def _largest_short(typingctx: Any, target: Any, to: Any, which: Any, source: Any, start: Any, offset: Any) -> Any:
    """SHORT lanes of `largest`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        scalar = context.get_data_type(signature.args[3].dtype)
        size, i8 = signature.args[3].dtype.bitwidth // 8, ir.IntType(8)
        data = [_data(context, builder, signature, arguments, k) for k in (0, 2, 3, 5)]
        count = context.make_array(signature.args[5])(context, builder, arguments[5]).nitems

        def load(k: Any) -> Any:
            at = builder.gep(data[2], [builder.add(arguments[4], builder.load(builder.gep(data[3], [k])))])
            values = builder.load(builder.bitcast(at, ir.VectorType(scalar, SHORT).as_pointer()))
            values.align = size
            return values

        first, nought = load(ir.Constant(_i64, 0)), ir.Constant(ir.VectorType(i8, SHORT), None)

        def compare(k: Any, found: list[Any]) -> list[Any]:
            best, number = found
            other = load(k)
            larger = builder.or_(builder.fcmp_ordered(">", other, best), builder.fcmp_unordered("uno", other, other))
            which = _broadcast(builder, builder.trunc(k, i8), SHORT)
            return [builder.select(larger, other, best), builder.select(larger, which, number)]

        best, number = loop(builder, ir.Constant(_i64, 1), count, [first, nought], compare)
        for array, to_align, result in ((0, size, best), (1, 1, number)):
            at = builder.bitcast(builder.gep(data[array], [arguments[1]]), result.type.as_pointer())
            builder.store(result, at).align = to_align
        return context.get_dummy_value()

    return types.void(target, types.int64, which, source, types.int64, offset), generate


@kernel_inline
def largest(target, to, which, source, start, offset, count):
    """target[to + j] = the largest of source[start + offset[k] + j] over k, and which[to + j] = the first such k, for j < count."""
    if count >= SHORT:
        for j in range(0, count - SHORT, SHORT):
            _largest_short(target, to + j, which, source, start + j, offset)
        j = count - SHORT  # may write some for the second time
        _largest_short(target, to + j, which, source, start + j, offset)
    else:
        for j in range(count):
            best, number = source[start + offset[0] + j], 0
            for k in range(1, offset.shape[0]):
                value = source[start + offset[k] + j]
                if value > best or value != value:
                    best, number = value, k
            target[to + j] = best
            which[to + j] = number


@kernel_inline
def add_stretch(target, to, source, start, count):
    """target[to:to + count] += source[start:start + count]."""
    k = 0
    while k + WIDE <= count:
        _add_wide(target, to + k, source, start + k)
        k += WIDE
    while k + SHORT <= count:
        _add_short(target, to + k, source, start + k)
        k += SHORT
    while k < count:
        target[to + k] += source[start + k]
        k += 1


@kernel_inline
def add_stretch_scaled(target, to, source, start, count, factor):
    """target[to:to + count] += factor * source[start:start + count]."""
    k = 0
    while k + WIDE <= count:
        _add_wide_scaled(target, to + k, source, start + k, factor)
        k += WIDE
    while k + SHORT <= count:
        _add_short_scaled(target, to + k, source, start + k, factor)
        k += SHORT
    while k < count:
        target[to + k] += factor * source[start + k]
        k += 1
