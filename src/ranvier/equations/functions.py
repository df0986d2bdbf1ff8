"""Elementary functions for equations: one name, whatever the argument is.

A model's method is called with floats, tensors, SymPy symbols and dimensions. These functions ask the argument what it is
and do the right thing, so that `rv.equations.exp(x)` may stand in any equation.
"""

import math
from typing import Any

import sympy
import torch

from ranvier.equations.dimensions import Quantity

Expr = Any  # a SymPy expression; SymPy's own annotations do not hold for arithmetic on expressions


class exprel(sympy.Function):
    """(exp(x) - 1) / x, with its limit 1 at x = 0."""

    nargs = 1

    @classmethod
    def eval(cls, x: Expr) -> Expr:  # pyright: ignore[reportIncompatibleMethodOverride]
        return sympy.Integer(1) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> Expr:
        """d/dx = exp(x) * exprel'... written through `exprel_slope`, which has no 0/0."""
        return exprel_slope(self.args[0])

    def _eval_is_real(self) -> bool:
        return True


class exprel_slope(sympy.Function):
    """Derivative of `exprel`: (exp(x)*(x - 1) + 1) / x^2, with its limit 1/2 at x = 0."""

    nargs = 1

    def _eval_is_real(self) -> bool:
        return True


class Abs(sympy.Function):
    """|x| of a real x. SymPy's own asks whether x is real, and where it cannot tell its derivative is written with atan2."""

    nargs = 1

    @classmethod
    def eval(cls, x: Expr) -> Expr:  # pyright: ignore[reportIncompatibleMethodOverride]
        return sympy.Abs(x) if x.is_number else None

    def fdiff(self, argindex: int = 1) -> Expr:
        """The sign of x."""
        return sympy.sign(self.args[0])

    def _eval_is_nonnegative(self) -> bool:
        return True


STREAMS = 2**24  # numbers of streams, and of draws of one: what float32 counts exactly
FINEST = 2.0**-23  # distance between neighbouring values of a draw


class uniform(sympy.Function):
    """The `drawn`-th number of the random stream `stream`, in (0, 1): a hash of the two, so that noise is a function of the state.

    Both are whole numbers below `STREAMS`; the same in float32 and float64, in every kernel. Each number is an odd multiple of `FINEST`/2.
    Mixing: the finaliser of MurmurHash3 (Appleby 2011, public domain), once over the count and once over its sum with the stream.
    """

    nargs = 2

    def fdiff(self, argindex: int = 1) -> Expr:
        """No gradient flows into the noise."""
        return sympy.Integer(0)


def uniform_tensor(stream: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """`uniform` of tensors, in their dtype."""

    def mix(h: torch.Tensor) -> torch.Tensor:  # of 32 bits, held in 64
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
        return h ^ (h >> 16)

    counted, which = drawn.detach().long(), stream.detach().long()
    h = mix((mix((counted + 0x9E3779B9) & 0xFFFFFFFF) + which * 0x9E3779B1) & 0xFFFFFFFF)
    return ((h >> 9).to(stream.dtype) + 0.5) * FINEST


def exprel_tensor(x: torch.Tensor) -> torch.Tensor:
    """`exprel` of a tensor, differentiable everywhere."""
    near = x.abs() < (
        1e-4 if x.dtype == torch.float64 else 1e-2
    )  # where the slope of the quotient loses half its digits
    safe = torch.where(near, torch.ones_like(x), x)
    return torch.where(near, 1 + x / 2 + x * x / 6 + x * x * x / 24, torch.expm1(safe) / safe)


def _apply(symbolic: Any, tensor: Any, number: Any, x: Any, name: str) -> Any:
    if isinstance(x, torch.Tensor):
        return tensor(x)
    if isinstance(x, Quantity):
        return x.dimensionless(name)
    if isinstance(x, sympy.Basic):
        return symbolic(x)
    return number(x)


def exp(x: Any) -> Any:
    """Exponential of a dimensionless argument."""
    return _apply(sympy.exp, torch.exp, math.exp, x, "exp")


def log(x: Any) -> Any:
    """Natural logarithm of a dimensionless argument."""
    return _apply(sympy.log, torch.log, math.log, x, "log")


def tanh(x: Any) -> Any:
    """Hyperbolic tangent of a dimensionless argument."""
    return _apply(sympy.tanh, torch.tanh, math.tanh, x, "tanh")


def atan(x: Any) -> Any:
    """Arc tangent of a dimensionless argument."""
    return _apply(sympy.atan, torch.atan, math.atan, x, "atan")


def erf(x: Any) -> Any:
    """Error function of a dimensionless argument."""
    return _apply(sympy.erf, torch.erf, math.erf, x, "erf")


def sigmoid(x: Any) -> Any:
    """Logistic function 1 / (1 + exp(-x)) of a dimensionless argument."""
    return _apply(lambda e: 1 / (1 + sympy.exp(-e)), torch.sigmoid, lambda e: 1 / (1 + math.exp(-e)), x, "sigmoid")


def linoid(x: Any) -> Any:
    """x / (1 - exp(-x)) of a dimensionless argument, with its limit 1 at x = 0: a rate of Hodgkin-Huxley gates."""
    return _apply(_linoid, lambda e: 1 / exprel_tensor(-e), lambda e: e / -math.expm1(-e) if e else 1.0, x, "linoid")


def _linoid(x: Expr) -> Expr:
    relative: Expr = exprel(-x)
    return 1 / relative


def sqrt(x: Any) -> Any:
    """Square root; halves the dimension."""
    if isinstance(x, Quantity):
        return x**0.5
    return _apply(sympy.sqrt, torch.sqrt, math.sqrt, x, "sqrt")


def absolute(x: Any) -> Any:
    """Absolute value; keeps the dimension."""
    if isinstance(x, Quantity):
        return x
    return _apply(Abs, torch.abs, abs, x, "absolute")


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`; both of one dimension. The condition is a comparison, as in `s.v > 0`."""
    if isinstance(yes, Quantity) or isinstance(no, Quantity):
        return Quantity.same(yes, no, "where")
    if isinstance(condition, torch.Tensor):
        return torch.where(condition, *_tensors(yes, no, condition))
    if isinstance(condition, sympy.Basic):
        return sympy.Piecewise((yes, condition), (no, True))
    return yes if condition else no


def maximum(a: Any, b: Any) -> Any:
    """The larger of two values of one dimension."""
    if isinstance(a, sympy.Expr) and a.is_nonpositive and b == 0:  # impulses of a known sign
        return sympy.Integer(0)
    return where(a >= b, a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two values of one dimension."""
    return where(a <= b, a, b)


def clip(x: Any, low: Any, high: Any) -> Any:
    """x kept between `low` and `high`; all three of one dimension."""
    return where(x < low, low, where(x > high, high, x))


def _tensors(yes: Any, no: Any, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    dtype = next((v.dtype for v in (yes, no) if isinstance(v, torch.Tensor)), torch.get_default_dtype())
    first, second = (torch.as_tensor(v, dtype=dtype, device=like.device) for v in (yes, no))
    return first, second
