"""The adjoint of one step, derived from the same statements by reverse accumulation with symbolic local derivatives."""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from ranvier.equations.functions import Expr
from ranvier.equations.lowering import Loop
from ranvier.equations.program import INPUT, Assign, Detach, Fire


def adjoint_of(symbol: sympy.Symbol) -> sympy.Symbol:
    """Symbol of the gradient that arrives at a state after the step, and leaves at the state before it."""
    return sympy.Symbol(f"adjoint.{symbol}", real=True)


def gradient_of(output: sympy.Symbol) -> sympy.Symbol:
    """Symbol of the gradient that arrives at an output of this step."""
    return sympy.Symbol(f"gradient.{output}", real=True)


@dataclass(frozen=True)
class Adjoint:
    """statements: assignments in order; then the gradient of each state before the step, of the input, of each coefficient."""

    statements: tuple[Assign, ...]
    states: Mapping[sympy.Symbol, Expr]
    input: Expr
    coefficients: Mapping[sympy.Symbol, Expr]


@dataclass(frozen=True)
class Filter:
    """How errors go back through a membrane that is linear in time: x_grad[t] = gain * bar[t] + decay * x_grad[t + 1].

    bar: symbol of the gradient that arrives at the argument of the threshold; zero wherever a surrogate of compact support is.
    """

    bar: sympy.Symbol
    gain: Expr
    decay: Expr


def filter_of(loop: Loop, adjoint: Adjoint) -> Filter | None:
    """The filter of a model with one state, a detached reset that leaves the membrane linear, and a surrogate of compact support.

    None for others. Source: Perez-Nieves and Goodman (2021), "Sparse spiking gradient descent".
    """
    fires = [line for line in loop.statements if isinstance(line, Fire)]
    if len(loop.states) != 1 or len(fires) != 1 or not fires[0].derivative.has(sympy.Piecewise):
        return None
    bar = sympy.Symbol(f"bar.{fires[0].argument}", real=True)
    arriving = adjoint_of(loop.states[0])
    found: dict[sympy.Symbol, Expr] = {}
    for line in adjoint.statements:
        value = line.value.xreplace(found)
        if line.target == bar and arriving in value.free_symbols:
            return None
        if line.target != bar:
            found[line.target] = value
    before, at_input = (sympy.expand(e.xreplace(found)) for e in (adjoint.states[loop.states[0]], adjoint.input))
    decay, gain = before.coeff(bar), at_input.coeff(bar)
    fixed = set(loop.coefficients)
    if not decay.free_symbols <= fixed or not gain.free_symbols <= fixed:
        return None
    linear = (
        sympy.expand(before - decay * (bar + arriving)) == 0 and sympy.expand(at_input - gain * (bar + arriving)) == 0
    )
    return Filter(bar, gain, decay) if linear else None


def derive(loop: Loop, outputs: tuple[sympy.Symbol, ...]) -> Adjoint:
    """Reverse accumulation through one step.

    outputs: symbols of the step whose gradients arrive from outside (`gradient_of`); those of the states after the step
    arrive as `adjoint_of` each state.
    """
    program = loop.program
    bar: dict[sympy.Symbol, Expr] = {}

    def add(symbol: sympy.Symbol, value: Expr) -> None:
        bar[symbol] = bar.get(symbol, sympy.Integer(0)) + value

    for s, after in program.after.items():
        add(after, adjoint_of(s))
    for output in outputs:
        add(output, gradient_of(output))
    lines: list[Assign] = []
    for line in reversed(loop.statements):
        arriving = bar.pop(line.target, sympy.Integer(0))
        if arriving == 0 or isinstance(line, Detach):
            continue
        b = sympy.Symbol(f"bar.{line.target}", real=True)
        lines.append(Assign(b, arriving))
        if isinstance(line, Fire):
            add(line.argument, b * line.derivative)
        else:
            for u in sorted(line.value.free_symbols, key=str):
                slope = sympy.diff(line.value, u)
                if slope != 0:
                    add(u, b * slope)
    zero = sympy.Integer(0)
    return Adjoint(
        tuple(lines),
        {s: bar.get(s, zero) for s in program.states},
        bar.get(INPUT, zero),
        {c: bar[c] for c in loop.coefficients if c in bar},
    )
