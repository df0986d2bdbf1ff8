"""Steps whose exponents are small, as those of a membrane are that loses little in a step: a short polynomial stands for (exp(x) - 1) / x.

An exponent that changes in time, as with conductances, may also be large. Where it is a sum of products of what the step begins with, a look at it in advance
costs a tenth of the function.
"""

from collections.abc import Sequence
from dataclasses import replace

import sympy

from ranvier.equations.functions import Expr, exprel
from ranvier.equations.lowering import Loop
from ranvier.equations.program import INPUT, Assign


class near(sympy.Function):
    """exprel of an argument that is known to be small."""


def decays(loop: Loop) -> list[Expr]:
    """Arguments of exprel that cost little to look at in advance: sums and products of what a step begins with."""
    begin = {INPUT, *loop.states, *loop.coefficients}
    found: dict[Expr, None] = {}
    for line in loop.statements:
        if isinstance(line, Assign):
            for call in sorted(line.value.atoms(exprel), key=str):
                (z,) = call.args
                plain = all(
                    part.is_Symbol or part.is_Number or part.is_Add or part.is_Mul
                    for part in sympy.preorder_traversal(z)
                )
                if plain and z.free_symbols <= begin:
                    found[z] = None
    return list(found)


def where_near(loop: Loop, small: Sequence[Expr]) -> Loop:
    """The loop where these arguments of exprel are small."""
    shorter = {exprel(z): near(z) for z in small}
    lines = [
        Assign(line.target, line.value.xreplace(shorter)) if isinstance(line, Assign) else line
        for line in loop.statements
    ]
    return replace(loop, statements=tuple(lines))
