"""Integer arithmetic of one population: what a simulation computes and C prints, derived from the statements of the model's `Loop`.

Every variable is a whole number times a power of two (`Format`). A statement is one sum of products of whole numbers, held in 64 bits,
rounded once to its target's format and saturated. What is no such sum is refused by the name of the term.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from ranvier.equations.build import SPIKED, WAITING
from ranvier.equations.functions import Expr
from ranvier.equations.lowering import Loop
from ranvier.equations.program import INPUT, Assign, Detach, Fire
from ranvier.errors import RanvierError

WIDEST = 2.0**62  # no sum of products may reach it
ROUNDINGS = ("nearest", "floor", "zero", "away")


@dataclass(frozen=True)
class Format:
    """value = raw * 2^-fraction, raw a signed whole number of `bits` bits. fraction may be negative."""

    bits: int
    fraction: int

    @property
    def largest(self) -> int:
        """The largest raw number."""
        return 2 ** (self.bits - 1) - 1

    def __str__(self) -> str:
        return f"{self.bits} bit, {self.fraction} of them behind the point"


@dataclass(frozen=True, eq=False)
class Sum:
    """(sum of factor * raw of a variable, plus constant) * 2^-fraction; factors and constant are whole, [] or one a neuron [*N]."""

    terms: Mapping[str, np.ndarray]
    constant: np.ndarray
    fraction: int


@dataclass(frozen=True, eq=False)
class Flag:
    """Whether a variable that is 0 or 1 is 1."""

    name: str


@dataclass(frozen=True, eq=False)
class Compare:
    """sum RELATION 0."""

    sum: Sum
    relation: str


@dataclass(frozen=True, eq=False)
class CompareQuotient:
    """above / below RELATION 0, without dividing: the sign of `below` turns the relation."""

    above: Sum
    below: Sum
    relation: str


@dataclass(frozen=True, eq=False)
class Several:
    """All of the conditions, or any."""

    conditions: tuple["Condition", ...]
    every: bool


Condition = Flag | Compare | CompareQuotient | Several


@dataclass(frozen=True, eq=False)
class Choice:
    """One of two."""

    condition: Condition
    yes: "Tree"
    no: "Tree"


Tree = Sum | Choice


@dataclass(frozen=True, eq=False)
class Let:
    """target = tree, rounded and saturated to the target's format; a `binary` target is 0 or 1 and needs neither."""

    target: str
    tree: Tree
    format: Format
    binary: bool = False


@dataclass(frozen=True, eq=False)
class Test:
    """target = 1 where the condition holds, else 0."""

    target: str
    condition: Condition


Line = Let | Test


@dataclass(frozen=True, eq=False)
class IntegerStep:
    """One step of a population: lines in order, then each state takes the variable `after` names.

    formats: of every variable; states: in order; start: raw values at rest; output: variable that is given out.
    """

    lines: tuple[Line, ...]
    formats: Mapping[str, Format]
    states: tuple[str, ...]
    after: Mapping[str, str]
    start: Mapping[str, np.ndarray]
    output: str


@dataclass(frozen=True, eq=False)
class Linear:
    """Sum of factor * variable, plus a constant: real numbers, [] or [*N]."""

    terms: dict[sympy.Symbol, np.ndarray]
    constant: np.ndarray

    def plus(self, other: "Linear") -> "Linear":
        """The sum of two."""
        terms = dict(self.terms)
        for s, v in other.terms.items():
            terms[s] = terms[s] + v if s in terms else v
        return Linear(terms, self.constant + other.constant)

    def times(self, factor: np.ndarray) -> "Linear":
        """All of it times a number."""
        return Linear({s: v * factor for s, v in self.terms.items()}, self.constant * factor)


class _Product(Exception):
    """Two variables are multiplied."""


def raw_of(value: np.ndarray, fraction: int) -> np.ndarray:
    """The nearest whole number of units 2^-fraction."""
    return np.rint(np.ldexp(np.asarray(value, dtype=np.float64), fraction)).astype(np.int64)


def fitting(largest: float, bits: int, headroom: float) -> Format:
    """The finest format of `bits` bits that holds `headroom` times `largest`."""
    top = largest * headroom if largest > 0 else 1.0
    return Format(bits, math.floor(math.log2((2 ** (bits - 1) - 1) / top)))


class Lowering:
    """Writes a population's loop in whole numbers.

    label: of the layer, for messages. values: of the coefficients. current: what `input` stands for, a `Linear` over raw sums of synapses.
    formats: of each group of variables by name. bounds: largest raw number of each variable that is no state.
    """

    def __init__(
        self,
        label: str,
        loop: Loop,
        values: Mapping[str, np.ndarray],
        start: Mapping[str, np.ndarray],
        current: Linear,
        bounds: Mapping[sympy.Symbol, float],
        formats: Mapping[str, Format],
        coefficient_bits: int,
    ) -> None:
        self.label, self.loop, self.current, self.bounds = label, loop, current, bounds
        self.values = {s: values[str(s)] for s in loop.coefficients}
        self.start, self.formats, self.coefficient_bits = start, formats, coefficient_bits
        self.binary: set[sympy.Symbol] = {s for s in loop.states if s in (SPIKED, WAITING)}
        self.meaning: dict[sympy.Symbol, Expr] = {}
        self.target, self.text = "", ""
        self.dry = False

    def step(self) -> IntegerStep:
        """The lines. Raises RanvierError naming the term that fixed point cannot compute."""
        self.dry = True  # terms are refused before anything is said about formats
        self.lines()
        self.dry = False
        lines, same = self.lines()
        self.check_states()
        program = self.loop.program
        formats = {str(s): self.format(s) for s in (*self.loop.states, *(line.target for line in self.loop.statements))}
        after = {str(s): str(same.get(e, e)) for s, e in program.after.items()}
        start = {k: raw_of(v, formats[k].fraction) for k, v in self.start.items()}
        states = tuple(str(s) for s in self.loop.states)
        return IntegerStep(tuple(lines), formats, states, after, start, str(same.get(program.output, program.output)))

    def lines(self) -> tuple[list[Line], dict[sympy.Symbol, sympy.Symbol]]:
        """The statements in whole numbers, and which variables are others by another name."""
        needed = live(self.loop, inline=True)
        same: dict[sympy.Symbol, sympy.Symbol] = {}
        lines: list[Line] = []
        for line in self.loop.statements:
            if isinstance(line, Assign):
                self.meaning[line.target] = line.value.xreplace(same)
            if line.target not in needed:
                continue
            self.target = str(line.target)
            match line:
                case Assign(target, value):
                    self.text = str(value)
                    tree = self.tree(value.xreplace(same))
                    if _is_binary(tree, self.binary):
                        self.binary.add(target)
                        lines.append(Let(str(target), _whole(tree), Format(2, 0), binary=True))
                    else:
                        lines.append(Let(str(target), self.settled(tree, self.format(target)), self.format(target)))
                case Detach(target, source):
                    same[target] = same.get(source, source)
                case Fire(target, argument, strict):
                    self.binary.add(target)
                    lines.append(Test(str(target), self.margin(same.get(argument, argument), ">" if strict else ">=")))
        return lines, same

    def check_states(self) -> None:
        """What was taken to be 0 or 1 must stay so."""
        for s, e in self.loop.program.after.items():
            if s in self.binary and e not in self.binary and e != s:
                raise self.refused(str(e), f"the state {s} takes it, which holds 0 or 1 alone")

    # ---- real expressions -> linear forms and choices -------------------------------------------------------------------

    def tree(self, e: Expr) -> Any:
        """Choices over `Linear`, still in real numbers; sums become whole in `settled`."""
        pieces = sorted(e.atoms(sympy.Piecewise), key=lambda p: len(str(p)))
        if pieces:
            piece = pieces[0]  # an innermost one
            (value, condition), *rest = piece.args
            if condition == sympy.true:
                return self.tree(e.xreplace({piece: value}))
            other = sympy.Piecewise(*rest) if rest else sympy.Integer(0)
            return Choice(
                self.condition(condition), self.tree(e.xreplace({piece: value})), self.tree(e.xreplace({piece: other}))
            )
        try:
            return self.linear(e)
        except _Product:
            flags = sorted((s for s in e.free_symbols if s in self.binary), key=str)
            if not flags:
                raise self.refused(*_offender(e, self.variable)) from None
            one, none = (self.tree(e.xreplace({flags[0]: sympy.Integer(k)})) for k in (1, 0))
            return Choice(Flag(str(flags[0])), one, none)

    def linear(self, e: Expr) -> Linear:
        """A sum of variables. Raises _Product where variables are multiplied, RanvierError for what is no sum."""
        if e == INPUT:
            return self.current
        if e in self.values:
            return Linear({}, self.values[e])
        if isinstance(e, sympy.Symbol):
            return Linear({e: np.array(1.0)}, np.array(0.0))
        if e.is_number:
            return Linear({}, np.array(float(e)))
        if isinstance(e, sympy.Add):
            total = Linear({}, np.array(0.0))
            for a in e.args:
                total = total.plus(self.linear(a))
            return total
        if isinstance(e, sympy.Mul):
            total = Linear({}, np.array(1.0))
            for a in e.args:
                part = self.linear(a)
                if part.terms and total.terms:
                    raise _Product
                total = part.times(total.constant) if part.terms else total.times(part.constant)
            return total
        if isinstance(e, sympy.Pow) and not any(self.variable(s) for s in e.free_symbols):
            return Linear({}, np.asarray(self.linear(e.base).constant ** float(e.exp)))
        if isinstance(e, sympy.Pow) and e.exp.is_Integer and e.exp > 0:
            raise _Product
        raise self.refused(*_offender(e, self.variable))

    def variable(self, s: Any) -> bool:
        """Whether a symbol changes in time."""
        return s not in self.values

    def condition(self, e: Expr) -> Condition:
        """A condition of a choice."""
        if isinstance(e, sympy.And | sympy.Or):
            return Several(tuple(self.condition(a) for a in e.args), isinstance(e, sympy.And))
        if not e.is_Relational:
            raise self.refused(str(e), "it is no comparison")
        if e.rel_op == ">" and e.lhs in self.binary and e.rhs.is_number and 0 < float(e.rhs) < 1:
            return Flag(str(e.lhs))
        try:
            return Compare(self.sum(self.linear(e.lhs - e.rhs)), e.rel_op)
        except _Product:
            raise self.refused(*_offender(e.lhs - e.rhs, self.variable)) from None

    def margin(self, argument: sympy.Symbol, relation: str) -> Condition:
        """The comparison with the threshold, on the unrounded sum."""
        e = self.meaning.get(argument, argument)
        self.target, self.text = str(argument), str(e)
        above, below = sympy.fraction(e)
        try:
            top = self.sum(self.linear(above))
            if not any(self.variable(s) for s in below.free_symbols):
                return Compare(self.sum(self.linear(e)), relation)
            return CompareQuotient(top, self.sum(self.linear(below)), relation)
        except _Product:
            raise self.refused(*_offender(e, self.variable)) from None

    def refused(self, term: str, reason: str) -> RanvierError:
        """The error that names a term."""
        model = self.loop.program.name
        return RanvierError(
            f"fixed point: {self.label}: the term {term} of {model}'s {self.target} = {self.text} has no whole-number form: {reason}. "
            'Use arithmetic="float32", or another model.'
        )

    # ---- whole numbers --------------------------------------------------------------------------------------------------

    def format(self, s: sympy.Symbol) -> Format:
        """Format of a variable: that of its group."""
        if s in self.binary:
            return Format(2, 0)
        return self.formats.get(group_of(s, self.loop), Format(2, 0))

    def settled(self, tree: Any, format: Format) -> Tree:
        """Whole numbers for all sums of a tree, no coarser than the target."""
        if isinstance(tree, Choice):
            return Choice(tree.condition, self.settled(tree.yes, format), self.settled(tree.no, format))
        return self.sum(tree, format.fraction)

    def sum(self, form: Linear, least: int | None = None) -> Sum:
        """The whole-number form in which every factor has `coefficient_bits` bits, as far as factors of 32 and a sum of 63 bits allow.

        least: bits behind the point that it has at least.
        """
        if self.dry:
            return Sum({}, np.array(0), 0)
        fractions = {s: 0 if s in self.bounds else self.format(s).fraction for s in form.terms}
        wanted, allowed, reach = [], [], float(np.abs(form.constant).max())
        sizes = {s: float(np.abs(factor).max()) for s, factor in form.terms.items()}
        for s, top in sizes.items():
            if top > 0:
                wanted.append(math.floor(math.log2((2.0 ** (self.coefficient_bits - 1) - 1) / top)) + fractions[s])
                allowed.append(math.floor(math.log2((2.0**31 - 1) / top)) + fractions[s])
                raw = self.bounds[s] if s in self.bounds else self.format(s).largest + 1
                reach += top * math.ldexp(raw, -fractions[s])
        fraction = min(max(wanted), *allowed) if wanted else (24 if least is None else least)
        if reach > 0:
            fraction = min(fraction, math.floor(math.log2(WIDEST / reach)) - 1)
        if least is not None:
            fraction = max(fraction, least)
        if reach * 2.0**fraction >= WIDEST or any(
            top * 2.0 ** (fraction - fractions[s]) >= 2.0**31 - 1 for s, top in sizes.items()
        ):
            raise self.refused(self.text, "the formats of its variables lie too far apart for factors of 32 bits")
        terms = {s: raw_of(v, fraction - fractions[s]) for s, v in form.terms.items()}
        constant = raw_of(form.constant, fraction)
        spare = min((_zeros(v) for v in (*terms.values(), constant)), default=0)
        spare = min(spare, fraction - least) if least is not None else min(spare, 62)
        kept = {str(s): v >> spare for s, v in terms.items() if v.any()}
        return Sum(kept, constant >> spare, fraction - spare)


def live(loop: Loop, inline: bool = False) -> set[sympy.Symbol]:
    """Symbols that decide the output or a state; what only a gradient needs is not among them.

    inline: whether the threshold's margin stands in its comparison, and is no variable of its own.
    """
    needed: set[sympy.Symbol] = {loop.program.output, *loop.program.after.values()}
    meaning = {line.target: line.value for line in loop.statements if isinstance(line, Assign)}
    for line in reversed(loop.statements):
        if line.target in needed:
            match line:
                case Assign(_, value):
                    needed |= value.free_symbols
                case Detach(_, source):
                    needed.add(source)
                case Fire(_, argument):
                    needed |= meaning[argument].free_symbols if inline and argument in meaning else {argument}
    return needed


def group_of(s: sympy.Symbol, loop: Loop) -> str:
    """Variables of one group share a format: a state with its values within the step ("v", "v.int", "v.reset"), else each its own."""
    name = str(s)
    return name.split(".")[0] if name.split(".")[0] in {str(state) for state in loop.states} else name


def _zeros(v: np.ndarray) -> int:
    """How often all numbers can be halved."""
    whole = int(np.bitwise_or.reduce(np.abs(v).ravel()))
    return 62 if whole == 0 else (whole & -whole).bit_length() - 1


def _is_binary(tree: Any, binary: set[sympy.Symbol]) -> bool:
    if isinstance(tree, Choice):
        return _is_binary(tree.yes, binary) and _is_binary(tree.no, binary)
    if not tree.terms:
        return tree.constant.ndim == 0 and float(tree.constant) in (0.0, 1.0)
    alone = len(tree.terms) == 1 and not tree.constant.any()
    (first, factor), *_ = tree.terms.items()
    return alone and first in binary and bool((factor == 1).all())


def _whole(tree: Any) -> Tree:
    """A tree of zeros, ones and flags."""
    if isinstance(tree, Choice):
        return Choice(tree.condition, _whole(tree.yes), _whole(tree.no))
    return Sum({str(s): np.array(1) for s in tree.terms}, tree.constant.astype(np.int64), 0)


def _function_or_power(e: Expr, variable: Any) -> tuple[str, str] | None:
    """A function, or a power of what changes in time, within an expression, and why it has no whole-number form."""
    parts = list(sympy.preorder_traversal(e))
    for part in parts:
        if isinstance(part, sympy.Function) and not isinstance(part, sympy.Piecewise):
            return str(part), f"{type(part).__name__} is a function"
    for part in parts:
        if isinstance(part, sympy.Pow) and any(variable(s) for s in part.free_symbols):
            below = part.exp.is_number and part.exp.is_negative
            return str(part), f"it {'divides by' if below else 'is a power of'} something that changes in time"
    return None


def _offender(e: Expr, variable: Any) -> tuple[str, str]:
    """The part of an expression that no whole-number form has, and why."""
    found = _function_or_power(e, variable)
    if found is not None:
        return found
    for part in sympy.preorder_traversal(e):
        if isinstance(part, sympy.Mul) and sum(any(variable(s) for s in a.free_symbols) for a in part.args) > 1:
            return str(part), "it multiplies variables"
    return str(e), "it is no sum of coefficients times variables"
