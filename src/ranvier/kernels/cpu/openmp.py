"""Parts of a range on OpenMP's threads, the ones that torch has, without going through Python.

Between two parts a worker stays awake for a while, as it does for torch, so that handing over costs 2-10 us. A thread of Python's must
be woken twice, to start and to get the interpreter's lock: 100 us.
"""

import ctypes
import os
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import typeof, types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.vector import instruction

_forked = False  # OpenMP's threads do not exist in a forked process, and starting new ones there hangs


def _find() -> bool:
    """Makes known to compiled code what torch has loaded; whether it has it (not every platform's OpenMP offers GNU's interface)."""
    try:
        library = ctypes.CDLL(None)
        for name in ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads"):
            binding.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)
    except (AttributeError, OSError, TypeError):
        return False
    return True


_found = _find()


def _after_fork() -> None:
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_after_fork)


def takes(function: Any) -> bool:
    """Whether `share` can run a function here: a kernel, in a process that has the threads."""
    return _found and not _forked and isinstance(function, Dispatcher)


def share(function: Any, threads: int, parts: int, count: int, arguments: tuple[Any, ...]) -> None:
    """Calls function(*arguments, first, last) on `parts` parts of range(count).

    threads: how many OpenMP has, the same in every call even where parts are fewer, since it ends those that it is not asked for.
    """
    hand_out(address(function, arguments), threads, parts, count, *arguments)


_addresses: dict[tuple[Any, ...], int] = {}


def address(function: Any, arguments: tuple[Any, ...]) -> int:
    """Where a kernel's machine code begins that takes arguments of these types, and the ends of a part."""
    key = (function, *map(_kind, arguments))
    found = _addresses.get(key)
    if found is None:
        found = _addresses[key] = code(function, (*map(typeof, arguments), types.int64, types.int64))
    return found


def code(function: Any, signature: tuple[Any, ...]) -> int:
    """Where a kernel's machine code for a signature begins. It stays there as long as the kernel lives."""
    function.compile(signature)
    compiled = function.overloads[signature]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


def _kind(x: Any) -> Any:
    """What decides an argument's type."""
    if isinstance(x, np.ndarray):
        return x.dtype.char, x.ndim, x.flags.c_contiguous, x.flags.writeable
    return tuple(map(type, x)) if isinstance(x, tuple) else type(x)


@kernel
def hand_out(address, threads, parts, count, *arguments):
    """Calls the kernel at an address with (*arguments, first, last), part k of range(count) in thread k."""
    if fork(address, threads, parts, count, arguments):
        raise MemoryError("no memory for a kernel's scratch arrays")


@instruction
def fork(typingctx: Any, address: Any, threads: Any, parts: Any, count: Any, arguments: Any) -> Any:
    """As `hand_out`; returns whether any part failed. arguments: a tuple."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address, threads, parts, count, packed = values
        i32, i64, byte = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()
        module, failed = builder.module, ir.Constant(i32, 0)
        fields = [address, parts, count, packed, failed]
        shared_type = ir.LiteralStructType([v.type for v in fields])
        shared = cgutils.alloca_once(builder, shared_type)
        for k, v in enumerate(fields):
            builder.store(v, cgutils.gep_inbounds(builder, shared, 0, k))

        body_type = ir.FunctionType(ir.VoidType(), [byte])
        body = ir.Function(module, body_type, module.get_unique_name("part"))
        body.linkage = "internal"
        part = ir.IRBuilder(body.append_basic_block())
        place = part.bitcast(body.args[0], shared_type.as_pointer())
        asked = ir.FunctionType(i32, [])
        own, team = (
            part.sext(part.call(cgutils.get_or_insert_function(module, asked, name), []), i64)
            for name in ("omp_get_thread_num", "omp_get_num_threads")
        )
        code, parts, count, packed = (part.load(cgutils.gep_inbounds(part, place, 0, j)) for j in range(4))
        # OpenMP may give fewer threads than were asked for: each takes every team-th part from its own number on.
        with cgutils.for_range_slice(part, own, parts, team) as (k, _):
            first, last = (part.sdiv(part.mul(count, n), parts) for n in (k, part.add(k, ir.Constant(i64, 1))))
            known = (*signature.args[4].types, types.int64, types.int64)
            given = [*(part.extract_value(packed, j) for j in range(len(known) - 2)), first, last]
            called = context.call_conv.get_function_type(types.none, known)
            results = [cgutils.alloca_once(part, t.pointee) for t in called.args[:2]]  # nothing, and an error's text
            flat = context.get_arg_packer(known).as_arguments(part, given)
            status = part.call(part.inttoptr(code, called.as_pointer()), [*results, *flat])
            bad = part.zext(part.icmp_signed(">", status, ir.Constant(i32, 0)), i32)
            part.atomic_rmw("or", cgutils.gep_inbounds(part, place, 0, 4), bad, "monotonic")
        part.ret_void()

        run_type = ir.FunctionType(ir.VoidType(), [body.type, byte, i32, i32])
        run = cgutils.get_or_insert_function(module, run_type, "GOMP_parallel")
        builder.call(run, [body, builder.bitcast(shared, byte), builder.trunc(threads, i32), ir.Constant(i32, 0)])
        return builder.load(cgutils.gep_inbounds(builder, shared, 0, 4))

    return types.int32(types.int64, types.int64, types.int64, types.int64, arguments), generate
