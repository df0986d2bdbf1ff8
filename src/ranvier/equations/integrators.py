"""Integrators: from d(state)/dt to the state after one step, by symbolic algebra. The input is constant during the step.

`Exact` for linear systems, `ExponentialEuler` and `ExponentialMidpoint` where each equation is linear in its own state,
`RungeKutta4`, `Euler` and `SemiImplicitEuler` for anything. `best` picks the first of `Exact`, `ExponentialEuler`, `RungeKutta4` that fits.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import sympy

from ranvier.equations.declaration import ModelError
from ranvier.equations.functions import Expr, exprel
from ranvier.equations.program import DT, INPUT, Assign, Propagator

Values = Mapping[str, Expr]
Dynamics = Callable[[Values], dict[str, Expr]]


@dataclass(frozen=True)
class Integrated:
    """Result of an integrator: statements in order, the symbols of the new states, and matrix exponentials."""

    statements: tuple[Assign, ...]
    after: dict[str, sympy.Symbol]
    propagators: tuple[Propagator, ...] = ()


@runtime_checkable
class Integrator(Protocol):
    """Turns dynamics into an update."""

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """Statements for one step of length dt from `states`; raises `ModelError` where the method does not fit."""
        ...


@dataclass(frozen=True)
class Euler:
    """Explicit Euler, s <- s + dt * f(s). First order; stable for a leak only while dt < 2 * tau."""

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        slope = dynamics(states)
        return _assigned({k: s + DT * slope[k] for k, s in states.items()})


@dataclass(frozen=True)
class SemiImplicitEuler:
    """Euler, one state after another in the order of their declaration, each from the new values of those before it.

    First order. It is the scheme of Izhikevich's scripts: v first, then u with the new v.
    """

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        now = dict(states)
        lines = []
        for k, s in states.items():
            done = _assigned({k: s + DT * dynamics(now)[k]})
            lines += done.statements
            now |= done.after
        return Integrated(tuple(lines), now)


@dataclass(frozen=True)
class RungeKutta4:
    """Classical Runge-Kutta method of order 4."""

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        lines: list[Assign] = []
        slopes: list[dict[str, sympy.Symbol]] = []
        for stage, share in enumerate((0, sympy.Rational(1, 2), sympy.Rational(1, 2), 1)):
            at = states
            if stage:
                at = {k: sympy.Symbol(f"{k}.at{stage + 1}", real=True) for k in states}
                lines += [Assign(at[k], s + share * DT * slopes[-1][k]) for k, s in states.items()]
            slope = dynamics(at)
            named = {k: sympy.Symbol(f"{k}.slope{stage + 1}", real=True) for k in states}
            lines += [Assign(named[k], sympy.sympify(slope[k])) for k in states]
            slopes.append(named)
        k1, k2, k3, k4 = slopes
        final = _assigned({k: s + DT / 6 * (k1[k] + 2 * k2[k] + 2 * k3[k] + k4[k]) for k, s in states.items()})
        return Integrated((*lines, *final.statements), final.after)


@dataclass(frozen=True)
class ExponentialEuler:
    """Each equation is solved exactly with the other states held: s <- s*exp(a*dt) + b*(exp(a*dt) - 1)/a for ds/dt = a*s + b.

    First order for coupled systems, unconditionally stable for a < 0. in_turn: one state after another in the order of their declaration,
    each from the new values of those before it (the symplectic scheme of Baronig et al. 2024); else all from the old ones.
    """

    in_turn: bool = False

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        now, lines = dict(states), []
        for k, s in states.items():
            slope = dynamics(now if self.in_turn else states)
            a, b = _own_linear(name, "ExponentialEuler", slope, {k: s})[k]
            done = _assigned({k: _relax(s, a, b, {*states.values(), *now.values()})})
            lines += done.statements
            now |= done.after
        return Integrated(tuple(lines), now)


@dataclass(frozen=True)
class ExponentialMidpoint:
    """`ExponentialEuler` over half a step, then over the whole step with the other states held where that half step led.

    Second order; unconditionally stable where `ExponentialEuler` is. Source: Boergers and Nectow (2013), "Exponential time differencing
    for Hodgkin-Huxley-like ODEs", SIAM Journal on Scientific Computing 35.
    """

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        half = {k: sympy.Symbol(f"{k}.half", real=True) for k in states}
        moving = {*states.values(), *half.values()}
        first = _own_linear(name, "ExponentialMidpoint", dynamics(states), states)
        lines = [Assign(half[k], _relax(states[k], a, b, moving, DT / 2)) for k, (a, b) in first.items()]
        second = _own_linear(name, "ExponentialMidpoint", dynamics(half), half)
        done = _assigned({k: _relax(states[k], a, b, moving) for k, (a, b) in second.items()})
        return Integrated((*lines, *done.statements), done.after)


@dataclass(frozen=True)
class Exact:
    """Exact solution of a linear system with constant input: exp(A*dt), whatever the step.

    An equation that stands alone becomes exp and (exp - 1)/a; coupled ones share a matrix exponential (Rotter and Diesmann 1999).
    """

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        slope = dynamics(states)
        everything = {*states.values(), INPUT}
        for k in states:
            for u in everything:
                if sympy.diff(slope[k], u).has(*everything) or _switched(slope[k], u):
                    raise ModelError(
                        f"{name} has no exact solution (d({k})/dt is not linear). Use ExponentialEuler(), RungeKutta4() or Euler()."
                    )
        after: dict[str, Expr] = {}
        propagators: list[Propagator] = []
        for group in _groups(slope, states):
            if len(group) == 1:
                (k,) = group
                a = sympy.diff(slope[k], states[k])
                after[k] = _relax(states[k], a, slope[k].subs(states[k], 0), set())
            else:
                solved, propagator = _solve(group, slope, states)
                after.update(solved)
                propagators.append(propagator)
        named = _assigned({k: after[k] for k in states})
        return Integrated(named.statements, named.after, tuple(propagators))


def best(name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrator:
    """The first of Exact, ExponentialEuler and RungeKutta4 that fits the equations."""
    for method in (Exact(), ExponentialEuler()):
        try:
            method.integrate(name, dynamics, states)
        except ModelError:
            continue
        return method
    return RungeKutta4()


def _assigned(after: Mapping[str, Expr]) -> Integrated:
    named = {k: sympy.Symbol(f"{k}.int", real=True) for k in after}
    return Integrated(tuple(Assign(named[k], sympy.sympify(after[k])) for k in after), dict(named))


def _own_linear(
    name: str, method: str, slope: Values, states: Mapping[str, sympy.Symbol]
) -> dict[str, tuple[Expr, Expr]]:
    """(a, b) of each d(s)/dt = a*s + b; refuses what is not linear in its own state."""
    found = {}
    for k, s in states.items():
        a = sympy.diff(slope[k], s)
        if a.has(s) or _switched(slope[k], s):
            raise ModelError(
                f"{name}: d({k})/dt is not linear in {k}, so {method} does not fit. Use RungeKutta4() or Euler()."
            )
        found[k] = a, slope[k].subs(s, 0)
    return found


def _relax(s: sympy.Symbol, a: Expr, b: Expr, moving: Set[sympy.Symbol], dt: Expr = DT) -> Expr:
    """Solution after dt of ds/dt = a*s + b. moving: symbols that change in time, besides the input.

    Where `a` does, it is written as a change of s, which asks for one function, not two; what is left of s after fifteen or more time constants in a
    step is then a rounding error of s, of any sign. Else both are coefficients, and the source is
    split into the part of the input and the rest.
    """
    if a.has(INPUT, *moving):
        (p, a_rest), (q, b_rest) = (e.as_independent(INPUT, *moving, as_Add=False) for e in (a, b))
        slope = p * (a_rest * s + b_rest) if p == q else a * s + b  # as of a common time constant
        return s + dt * exprel(a * dt) * slope
    slope = sympy.diff(b, INPUT)
    if slope.has(INPUT) or _switched(b, INPUT):  # nonlinear in the input: keep it whole
        return s * sympy.exp(a * dt) + dt * exprel(a * dt) * b
    gain = dt * exprel(a * dt)
    return s * sympy.exp(a * dt) + gain * b.subs(INPUT, 0) + gain * slope * INPUT


def _switched(e: Expr, u: sympy.Symbol) -> bool:
    """Whether a `where` in e decides by u: the derivative by u is then blind to it."""
    return any(condition.has(u) for choice in e.atoms(sympy.Piecewise) for _, condition in choice.args)


def _groups(slope: Mapping[str, Expr], states: Mapping[str, sympy.Symbol]) -> list[list[str]]:
    """States that influence each other, directly or not, in declaration order."""
    group = {k: {k} for k in states}
    for k in states:
        for j, s in states.items():
            if slope[k].has(s) and group[k] is not group[j]:
                merged = group[k] | group[j]
                for member in merged:
                    group[member] = merged
    seen: list[list[str]] = []
    for k in states:
        members = [j for j in states if j in group[k]]
        if members not in seen:
            seen.append(members)
    return seen


def _solve(
    group: list[str], slope: Mapping[str, Expr], states: Mapping[str, sympy.Symbol]
) -> tuple[dict[str, Expr], Propagator]:
    symbols = [states[k] for k in group]
    zero = {s: 0 for s in symbols} | {INPUT: 0}
    matrix = sympy.Matrix([[sympy.diff(slope[k], s) for s in symbols] for k in group])
    rest = sympy.Matrix([slope[k].subs(zero) for k in group])
    driven = sympy.Matrix([sympy.diff(slope[k], INPUT) for k in group])
    sources = [
        (column, factor)
        for column, factor in ((rest, sympy.Integer(1)), (driven, INPUT))
        if any(c != 0 for c in column.flat())
    ]
    reach = _reach(matrix)
    entries: list[tuple[sympy.Symbol, int, int]] = []
    after: dict[str, Expr] = {}
    n = len(group)
    for row, k in enumerate(group):
        total = sympy.Integer(0)
        for column, s in enumerate(symbols):
            if reach[row][column]:
                entries.append((sympy.Symbol(f"phi.{k}.{group[column]}", real=True), row, column))
                total += entries[-1][0] * s
        for index, (source, factor) in enumerate(sources):
            if any(reach[row][j] and source[j] != 0 for j in range(n)):
                entries.append(
                    (sympy.Symbol(f"gamma.{k}.{'input' if factor is INPUT else 'rest'}", real=True), row, n + index)
                )
                total += entries[-1][0] * factor
        after[k] = total
    columns = sympy.Matrix.hstack(*[c for c, _ in sources]) if sources else sympy.zeros(n, 0)
    return after, Propagator(sympy.ImmutableMatrix(matrix), sympy.ImmutableMatrix(columns), tuple(entries))


def _reach(matrix: sympy.Matrix) -> list[list[bool]]:
    """Where exp(A) can be non-zero: paths from column to row."""
    n = matrix.rows
    reach = [[i == j or matrix[i, j] != 0 for j in range(n)] for i in range(n)]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                reach[i][j] = reach[i][j] or (reach[i][k] and reach[k][j])
    return reach
