"""From a `Program` to a `Loop`: everything that does not change in time is taken out of the time loop.

Each largest sub-expression of parameters and dt becomes one *coefficient*: a LIF's step is left with
`v_int = c0*v + c1 + c2*input`. Coefficients are computed once a call, in float64, by torch, so that their gradients reach
the parameters through ordinary autograd, and a kernel never computes exp(-dt/tau).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanFunction

from ranvier.equations.functions import Expr
from ranvier.equations.program import DT, Assign, Detach, Fire, Program, Statement


@dataclass(frozen=True, eq=False)
class Loop:
    """The statements of one step over states, input and coefficients.

    coefficients: symbol -> expression in parameters, dt, propagator entries and constants.
    """

    program: Program
    statements: tuple[Statement, ...]
    coefficients: Mapping[sympy.Symbol, Expr]

    @property
    def states(self) -> tuple[sympy.Symbol, ...]:
        """Symbols of the states at the start of a step."""
        return self.program.states


def lower(program: Program) -> Loop:
    """Takes the time-independent parts out of the statements."""
    fixed = {DT, *program.parameters, *program.constants}
    fixed |= {symbol for p in program.propagators for symbol, _, _ in p.entries}
    found: dict[Expr, sympy.Symbol] = {}

    def hoist(e: Expr) -> Expr:
        free = e.free_symbols
        if not free or not free & fixed:
            return e
        if isinstance(
            e, ExprCondPair | Relational | BooleanFunction
        ):  # a condition is no number: only its sides may become coefficients
            return e.func(*(hoist(a) for a in e.args))
        if free <= fixed:
            return found.setdefault(e, sympy.Symbol(f"c{len(found)}", real=True))
        if isinstance(e, sympy.Add | sympy.Mul):
            still = [a for a in e.args if a.free_symbols and a.free_symbols <= fixed]
            numbers = [a for a in e.args if not a.free_symbols]
            moving = [a for a in e.args if a.free_symbols and not a.free_symbols <= fixed]
            if still:
                return e.func(hoist(e.func(*numbers, *still)), *(hoist(a) for a in moving))
        return e.func(*(hoist(a) for a in e.args))

    statements: list[Statement] = []
    for line in program.statements:
        match line:
            case Assign(target, value):
                statements.append(Assign(target, hoist(value)))
            case Fire(target, argument, strict, derivative, soft):
                statements.append(
                    Fire(target, argument, strict, hoist(derivative), None if soft is None else hoist(soft))
                )
            case Detach():
                statements.append(line)
    return Loop(program, tuple(statements), {symbol: e for e, symbol in found.items()})
