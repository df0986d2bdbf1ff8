"""Numbers of an array read, fetched and written at a place that is known to lie within it, and calls of compiled code by its address.

Numba's own index rules (an index below zero counts from the end) keep a loop with computed indices from being vectorised.
"""

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from ranvier.kernels.cpu.vector import instruction


@instruction
def get(typingctx: Any, array: Any, place: Any) -> Any:
    """array[place], of a flat contiguous array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_pointer(context, builder, signature, arguments))

    return array.dtype(array, types.int64), generate


@instruction
def put(typingctx: Any, array: Any, place: Any, value: Any) -> Any:
    """array[place] = value, of a flat contiguous array and a value of its own type."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = context.cast(builder, arguments[2], signature.args[2], signature.args[0].dtype)
        builder.store(value, _pointer(context, builder, signature, arguments))
        return context.get_dummy_value()

    return types.void(array, types.int64, value), generate


@instruction
def fetch(typingctx: Any, array: Any, place: Any) -> Any:
    """Asks for the line of memory that holds array[place], of a flat contiguous array, to be in cache when it is read."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        place = builder.bitcast(_pointer(context, builder, signature, arguments), byte)
        to_read, keep, data = (ir.Constant(number, k) for k in (0, 3, 1))
        builder.call(ask, [place, to_read, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [arguments[1]], inbounds=True)


@instruction
def flush(typingctx: Any) -> Any:
    """From here on this thread takes numbers too small for the usual form as 0, as long as `restore` is not called with what this returns.

    A state that decays without input ends among them, and each operation with one takes a hundred cycles. Elsewhere than on x86 it does nothing.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(32), 0))
        _control(builder, "stmxcsr", place)
        before = builder.load(place)
        builder.store(builder.or_(before, ir.Constant(ir.IntType(32), FLUSH)), place)
        _control(builder, "ldmxcsr", place)
        return before

    return types.uint32(), generate


@instruction
def restore(typingctx: Any, before: Any) -> Any:
    """Ends `flush`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _control(builder, "ldmxcsr", cgutils.alloca_once_value(builder, arguments[0]))
        return context.get_dummy_value()

    return types.void(types.uint32), generate


FLUSH = 0x8040  # of the register that controls SSE: results, and operands, that are so small count as 0


def _control(builder: Any, name: str, place: Any) -> None:
    """Reads or writes that register."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte])
        do = builder.module.declare_intrinsic(f"llvm.x86.sse.{name}", [], kind)
        builder.call(do, [builder.bitcast(place, byte)])


@instruction
def call(typingctx: Any, address: Any, arguments: Any) -> Any:
    """Calls the kernel whose machine code begins at an address (`openmp.code`) and that returns a whole number, -1 if it failed. arguments: a tuple."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        failed, result = _jump(context, builder, signature, values, types.int64)
        return builder.select(failed, ir.Constant(ir.IntType(64), -1), builder.load(result))

    return types.int64(types.int64, arguments), generate


@instruction
def begin(typingctx: Any, address: Any, arguments: Any) -> Any:
    """As `call`, of a kernel that returns nothing; returns whether it failed."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        failed, _ = _jump(context, builder, signature, values, types.none)
        return failed

    return types.boolean(types.int64, arguments), generate


def _jump(context: Any, builder: Any, signature: Any, values: Any, returns: Any) -> tuple[Any, Any]:
    """Calls; whether the callee failed, and where it wrote its result."""
    known = signature.args[1].types
    code, packed = values
    called = context.call_conv.get_function_type(returns, known)
    result, error = (cgutils.alloca_once(builder, t.pointee) for t in called.args[:2])
    given = [builder.extract_value(packed, k) for k in range(len(known))]
    flat = context.get_arg_packer(known).as_arguments(builder, given)
    status = builder.call(builder.inttoptr(code, called.as_pointer()), [result, error, *flat])
    return builder.icmp_signed(">", status, ir.Constant(ir.IntType(32), 0)), result
