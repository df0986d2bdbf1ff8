"""Loops over the neurons of a block whose body is a compiled function: of which two vectors are computed at once, or which ask for something.

A neuron's step is one long chain of operations, each waiting for the one before. What a processor looks ahead covers one such chain and a half, so
half of its adders stand idle; with two vectors side by side they have work. The compiler would do so of itself only for short loops.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from ranvier.kernels.cpu.vector import instruction, loop

SIDE_BY_SIDE = 2  # vectors; with four there are no registers left

_i64 = ir.IntType(64)


@instruction
def interleave(typingctx: Any, body: Any, count: Any, arguments: Any) -> Any:
    """body(j, *arguments) for j in range(count), in vectors side by side. body: a compiled function that is inlined; arguments: a tuple."""
    called = _called(typingctx, body, arguments)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        call = _caller(context, builder, body, called, values[2])

        def once(j: Any, nothing: list[Any]) -> list[Any]:
            call(j)
            return nothing

        loop(builder, ir.Constant(_i64, 0), values[1], [], once, _hint(builder))
        return context.get_dummy_value()

    return types.void(body, types.int64, arguments), generate


@instruction
def some(typingctx: Any, body: Any, count: Any, arguments: Any) -> Any:
    """Whether body(j, *arguments), an int32, is not 0 for some j in range(count)."""
    called = _called(typingctx, body, arguments)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        call, nothing = _caller(context, builder, body, called, values[2]), ir.Constant(ir.IntType(32), 0)
        (found,) = loop(
            builder, ir.Constant(_i64, 0), values[1], [nothing], lambda j, so_far: [builder.or_(so_far[0], call(j))]
        )
        return builder.icmp_signed("!=", found, nothing)

    return types.boolean(body, types.int64, arguments), generate


def _called(typingctx: Any, body: Any, arguments: Any) -> Any:
    """How `body` is called with a place and these arguments."""
    return typingctx.resolve_function_type(body, (types.int64, *arguments.types), {})


def _caller(context: Any, builder: Any, body: Any, called: Any, packed: Any) -> Callable[[Any], Any]:
    """Writes a call of `body` at a place, with the arguments of a tuple."""
    call = context.get_function(body, called)
    context.add_linking_libs(getattr(call, "libs", ()))
    given = [builder.extract_value(packed, k) for k in range(len(called.args) - 1)]
    return lambda j: call(builder, [j, *given])


def _hint(builder: Any) -> Any:
    """What tells LLVM so about a loop; the loop's name, by LLVM's rules, is a node that holds itself."""
    count = ir.Constant(ir.IntType(32), SIDE_BY_SIDE)
    hint = builder.module.add_metadata(["llvm.loop.interleave.count", count])
    name = builder.module.add_metadata([hint])
    name.operands = (name, hint)
    return name
