"""Ports whose impulses a step does nothing with but add them to a state at its end, as those of an exponential synapse.

They can be added to the state itself once the step is done: such a port needs no field of its own, which every step would read and clear.
"""

from collections.abc import Collection
from dataclasses import replace

import sympy

from ranvier.equations.functions import Expr
from ranvier.equations.lowering import Loop
from ranvier.equations.program import Assign, Detach, Fire, Statement, port


def taken_up(loop: Loop, k: int) -> tuple[int, int] | None:
    """Which state takes up what arrives at the k-th port of a model, and with which sign; None where anything else depends on it."""
    program, sign = loop.program, 1
    target: sympy.Symbol | None = _symbol(loop, k)
    while target is not None:
        uses = [line for line in loop.statements if target in _read(line)]
        after = [number for number, state in enumerate(loop.states) if program.after[state] == target]
        if after:
            return (after[0], sign) if len(after) == 1 and not uses and target != program.output else None
        if len(uses) != 1 or isinstance(uses[0], Fire):
            return None
        (line,) = uses
        factor = _factor(line.value, target) if isinstance(line, Assign) else 1
        target, sign = (line.target if factor else None), sign * factor
    return None


def without(loop: Loop, ports: Collection[int]) -> Loop:
    """The loop of a step in which nothing arrives at these ports, of which `taken_up` says a state."""
    nothing = {_symbol(loop, k): sympy.Integer(0) for k in ports}
    lines = [
        Assign(line.target, line.value.xreplace(nothing)) if isinstance(line, Assign) else line
        for line in loop.statements
    ]
    return replace(loop, statements=tuple(lines))


def _symbol(loop: Loop, k: int) -> sympy.Symbol | None:
    read = {symbol for line in loop.statements for symbol in _read(line)}
    return next((s for s in (port(k, sign) for sign in (-1, 0, 1)) if s in read), None)


def _read(line: Statement) -> set[sympy.Symbol]:
    match line:
        case Assign(_, value):
            return value.free_symbols
        case Detach(_, source):
            return {source}
        case Fire(_, argument, _, derivative, soft):
            return {argument} | derivative.free_symbols | (set() if soft is None else soft.free_symbols)


def _factor(value: Expr, x: sympy.Symbol) -> int:
    """1 or -1 where a value is that times x and something without x; else 0."""
    terms = [term for term in sympy.Add.make_args(value) if x in term.free_symbols]
    return next((sign for sign in (1, -1) if terms == [sign * x]), 0)
