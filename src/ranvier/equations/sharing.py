"""What the statements of a step have in common is computed once: in the step, in its adjoint, and in the text of a kernel."""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import count
from typing import Any

import sympy

from ranvier.equations.functions import Expr
from ranvier.equations.program import Assign


def share(lines: Sequence[Assign], fixed: Set[sympy.Symbol]) -> list[Assign]:
    """Names what occurs more than once, holds a function or a choice and changes in time, in a statement before its first use.

    fixed: symbols that do not change in time; what depends on them alone becomes a coefficient, of which a call computes each once.
    """
    done: Any = sympy.cse([line.value for line in lines], symbols=_names(), order="none")
    found, values = done  # (symbol, expression) in order; the lines' values with those symbols
    plain: dict[sympy.Symbol, Expr] = {}  # put back where it was
    kept: dict[sympy.Symbol, Expr] = {}
    for symbol, e in found:
        e = e.xreplace(plain)
        worth = e.has(sympy.Function) and not e.is_Boolean and not e.free_symbols <= fixed
        (kept if worth else plain)[symbol] = e
    if not kept:
        return list(lines)
    result: list[Assign] = []
    names, final = _names(), {}

    def need(symbols: Iterable[sympy.Symbol]) -> None:
        for symbol in sorted(symbols, key=str):
            if symbol in kept:
                e = kept.pop(symbol)
                need(e.free_symbols)
                final[symbol] = next(names)
                result.append(Assign(symbol, e))

    for line, value in zip(lines, values, strict=True):
        value = value.xreplace(plain)
        need(value.free_symbols)
        result.append(Assign(line.target, value))
    return [Assign(final.get(line.target, line.target), line.value.xreplace(final)) for line in result]


def _names() -> Iterator[sympy.Symbol]:
    return (sympy.Symbol(f"shared.{k}", real=True) for k in count(1))
