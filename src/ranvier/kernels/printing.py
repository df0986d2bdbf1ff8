"""SymPy expressions as Python source, for two readers: torch (eager) and Numba (compiled).

Both print the same arithmetic in the same order, so that in float64 the compiled step rounds as the eager one does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy

from ranvier.equations.functions import Abs, Expr, exprel, exprel_slope, uniform


@dataclass(frozen=True)
class Dialect:
    """How one target writes numbers, functions and choices."""

    number: Callable[[float], str]
    functions: Mapping[type, str]
    choose: str  # format with condition, yes, no
    sqrt: str


TORCH = Dialect(
    number=repr,
    functions={
        sympy.exp: "torch.exp",
        sympy.log: "torch.log",
        sympy.tanh: "torch.tanh",
        sympy.atan: "torch.atan",
        sympy.erf: "torch.erf",
        sympy.Abs: "torch.abs",
        Abs: "torch.abs",
        sympy.sign: "torch.sign",
        exprel: "exprel",
        uniform: "uniform",
    },
    choose="choose({}, {}, {})",
    sqrt="torch.sqrt({})",
)

NUMBA_FUNCTIONS: Mapping[type, str] = {
    sympy.exp: "exp",
    sympy.log: "math.log",
    sympy.tanh: "tanh",
    sympy.atan: "math.atan",
    sympy.erf: "math.erf",
    sympy.Abs: "abs",
    Abs: "abs",
    sympy.sign: "sign",
    exprel: "exprel",
    exprel_slope: "exprel_slope",
    uniform: "uniform",
}


def numba_dialect(constants: dict[float, str]) -> Dialect:
    """A dialect that collects every number in `constants` under a name, so that the kernel can give it the array's type."""

    def number(value: float) -> str:
        return constants.setdefault(value, f"k{len(constants)}")

    return Dialect(number, NUMBA_FUNCTIONS, "({1} if {0} else {2})", "math.sqrt({})")


def render(e: Expr, names: Mapping[sympy.Symbol, str], dialect: Dialect) -> str:
    """Python source of an expression."""

    def go(e: Expr) -> str:
        match e:
            case sympy.Symbol():
                return names[e]
            case sympy.Add():
                return "(" + " + ".join(go(a) for a in e.args) + ")"
            case sympy.Mul():
                return _product(e)
            case sympy.Pow():
                return _power(e.base, e.exp)
            case sympy.Piecewise():
                return _choice(e)
            case sympy.And():
                return "(" + " & ".join(go(a) for a in e.args) + ")"
            case sympy.Or():
                return "(" + " | ".join(go(a) for a in e.args) + ")"
        if e.is_Relational:
            return f"({go(e.lhs)} {e.rel_op} {go(e.rhs)})"
        if e.is_number:
            return dialect.number(float(e))
        function = dialect.functions.get(e.func)
        if function is None:
            raise NotImplementedError(
                f"no code for {e.func.__name__} in the expression {e}. Use a function of ranvier.equations."
            )
        return f"{function}({', '.join(go(a) for a in e.args)})"

    def _product(e: Expr) -> str:
        above, below = [], []
        for a in e.args:
            if isinstance(a, sympy.Pow) and a.exp.is_number and a.exp.is_negative:
                below.append(_power(a.base, -a.exp))
            else:
                above.append(go(a))
        top = " * ".join(above) or dialect.number(1.0)
        return f"({top})" if not below else f"({top} / ({' * '.join(below)}))"

    def _power(base: Expr, power: Expr) -> str:
        if power.is_number and power.is_negative:
            return f"({dialect.number(1.0)} / {_power(base, -power)})"
        if power == sympy.Rational(1, 2):
            return dialect.sqrt.format(go(base))
        if power.is_Integer and power <= 8:
            return "(" + " * ".join([go(base)] * int(power)) + ")"
        return f"({go(base)} ** {go(power)})"

    def _choice(e: Expr) -> str:
        *cases, (last, _) = e.args
        text = go(last)
        for value, condition in reversed(cases):
            text = dialect.choose.format(go(condition), go(value), text)
        return text

    return go(e)
