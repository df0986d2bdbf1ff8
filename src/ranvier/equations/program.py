"""`Program`: what one time step of a model does, as a list of assignments between symbols.

Everything that runs a model is derived from this object: the eager step, the compiled kernels and their adjoint, the
readable text and the LaTeX. It knows inputs, states, parameters, statements; it does not know which model it came from.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy

from ranvier.equations.functions import Expr

DT = sympy.Symbol("dt", positive=True)
INPUT = sympy.Symbol("input", real=True)


def port(k: int, sign: int = 0) -> sympy.Symbol:
    """What arrives at the k-th port of a population (`Ports`), of one sign or of both (0)."""
    known = {1: {"nonnegative": True}, -1: {"nonpositive": True}, 0: {"real": True}}
    return sympy.Symbol(f"port{k}", **known[sign])


@dataclass(frozen=True)
class Assign:
    """target = value."""

    target: sympy.Symbol
    value: Expr


@dataclass(frozen=True)
class Fire:
    """target = 1 where argument >= 0 (or > 0 if strict), else 0; its derivative is replaced by `derivative`.

    With `soft`, target is that smooth function of the argument instead, so that finite differences can judge the gradient.
    """

    target: sympy.Symbol
    argument: sympy.Symbol
    strict: bool
    derivative: Expr
    soft: Expr | None = None


@dataclass(frozen=True)
class Detach:
    """target = source, through which no gradient flows."""

    target: sympy.Symbol
    source: sympy.Symbol


Statement = Assign | Fire | Detach


@dataclass(frozen=True)
class Propagator:
    """exp(A*dt) of a coupled linear system d(s)/dt = A s + B u, and the integral of exp(A*t) B over one step.

    `entries` names the symbol of each non-zero element of [Phi, Gamma]; the numbers come from a matrix exponential of
    [[A, B], [0, 0]] * dt, which has no division by differences of time constants.
    """

    matrix: sympy.ImmutableMatrix  # [n, n] in parameters
    sources: sympy.ImmutableMatrix  # [n, k] in parameters
    entries: tuple[tuple[sympy.Symbol, int, int], ...]  # symbol, row, column of the n x (n + k) result


@dataclass(frozen=True, eq=False)
class Program:
    """One time step of a model.

    states: symbols at the start of the step, in order; `after` has their symbols at the end of it.
    output: symbol of the spike, or in a model that does not fire of its `output`, by default the membrane.
    constants: numbers that belong to the options (surrogate slope, refractory steps), by symbol.
    """

    name: str
    states: tuple[sympy.Symbol, ...]
    statements: tuple[Statement, ...]
    after: Mapping[sympy.Symbol, sympy.Symbol]
    output: sympy.Symbol
    parameters: tuple[sympy.Symbol, ...]
    propagators: tuple[Propagator, ...]
    constants: Mapping[sympy.Symbol, float]
    convention: str

    @property
    def fires(self) -> bool:
        """Whether the model emits spikes."""
        return any(isinstance(line, Fire) for line in self.statements)

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        """The states by name, in order."""
        return tuple(str(s) for s in self.states)

    @cached_property
    def digest(self) -> str:
        """Hash of everything that decides the generated code."""
        parts = [str(self.states), str(dict(self.after)), str(self.output), str(self.propagators)]
        parts += [sympy.srepr(getattr(s, f)) if isinstance(getattr(s, f), sympy.Basic) else str(getattr(s, f))
                  for s in self.statements for f in s.__dataclass_fields__]  # fmt: skip
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]

    def __str__(self) -> str:
        lines = [f"{self.name}: one step of length dt   [{self.convention}]"]
        for p in self.propagators:
            lines += self._propagator_lines(p)
        for line in self.statements:
            match line:
                case Assign(target, value):
                    lines.append(f"  {target} = {value}")
                case Fire(target, argument, strict, derivative, soft):
                    rule = f"{argument} {'>' if strict else '>='} 0" if soft is None else str(soft)
                    lines.append(f"  {target} = {rule}        with d({target})/d({argument}) := {derivative}")
                case Detach(target, source):
                    lines.append(f"  {target} = {source}        without gradient")
        lines.append("  next: " + ", ".join(f"{s} <- {e}" for s, e in self.after.items()))
        lines.append(f"  output: {self.output}")
        return "\n".join(lines)

    def latex(self) -> str:
        """The step as a LaTeX `align*` environment."""
        rows = []

        def tex(e: Expr) -> str:
            return sympy.latex(e, symbol_names={s: _tex_name(s) for s in e.free_symbols})

        for line in self.statements:
            match line:
                case Assign(target, value):
                    rows.append(f"{tex(target)} &= {tex(value)}")
                case Fire(target, argument, strict, derivative):
                    relation = ">" if strict else r"\geq"
                    rows.append(
                        rf"{tex(target)} &= [{tex(argument)} {relation} 0], \quad "
                        rf"\partial {tex(target)} / \partial {tex(argument)} := {tex(derivative)}"
                    )
                case Detach(target, source):
                    rows.append(f"{tex(target)} &= {tex(source)}")
        rows += [rf"{tex(s)} &\leftarrow {tex(e)}" for s, e in self.after.items()]
        body = " \\\\\n".join(rows)
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"

    def _propagator_lines(self, p: Propagator) -> list[str]:
        names = ", ".join(str(symbol) for symbol, _, _ in p.entries)
        return [
            f"  [{names}] = entries of exp([[A, B], [0, 0]] * dt)  with A = {p.matrix.tolist()}, B = {p.sources.tolist()}"
        ]


def _tex_name(symbol: sympy.Symbol) -> str:
    name, *suffix = str(symbol).split(".")
    base = sympy.latex(sympy.Symbol(name))
    if name == "input":
        base = r"\mathrm{input}"
    return base if not suffix else rf"{base}^{{\mathrm{{{' '.join(suffix)}}}}}"
