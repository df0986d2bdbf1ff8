"""A loop of which two vectors are computed at once.

A neuron's step is one long chain of operations, each waiting for the one before. What a processor looks ahead covers one such chain and a half, so
half of its adders stand idle; with two vectors side by side they have work. The compiler would do so of itself only for short loops.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ranvier.kernels.cpu.vector import instruction

SIDE_BY_SIDE = 2  # vectors; with four there are no registers left

_i64 = ir.IntType(64)


@instruction
def interleave(typingctx: Any, body: Any, count: Any, arguments: Any) -> Any:
    """body(j, *arguments) for j in range(count), in vectors side by side. body: a compiled function that is inlined; arguments: a tuple."""
    called = typingctx.resolve_function_type(body, (types.int64, *arguments.types), {})

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _, end, packed = values
        call = context.get_function(body, called)
        context.add_linking_libs(getattr(call, "libs", ()))
        given = [builder.extract_value(packed, k) for k in range(len(arguments.types))]
        before = builder.block
        loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
        zero, one = ir.Constant(_i64, 0), ir.Constant(_i64, 1)
        builder.cbranch(builder.icmp_signed("<", zero, end), loop, done)
        builder.position_at_end(loop)
        j = builder.phi(_i64)
        call(builder, [j, *given])
        following = builder.add(j, one, flags=("nsw",))
        j.add_incoming(zero, before)
        j.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, end), loop, done).set_metadata("llvm.loop", _hint(builder))
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.void(body, types.int64, arguments), generate


def _hint(builder: Any) -> Any:
    """What tells LLVM so about a loop; the loop's name, by LLVM's rules, is a node that holds itself."""
    count = ir.Constant(ir.IntType(32), SIDE_BY_SIDE)
    hint = builder.module.add_metadata(["llvm.loop.interleave.count", count])
    name = builder.module.add_metadata([hint])
    name.operands = (name, hint)
    return name
