"""exp and what is made of it, without a branch or a call, so that the compiler takes several neurons at once.

The C library's functions are one number a call: 5 to 20 ns each, and a loop with a call in it stays scalar. Here x is k ln(2) + r with
|r| <= ln(2)/2 (Cody and Waite 1980, "Software manual for the elementary functions"); exp(r) - 1 = r + r^2 q(r), q the polynomial through
Chebyshev's points; 2^k is written as bits of the exponent. Errors: at most 1.1 units of the last place for exp, 2.1 for exprel, 2.5 for tanh, in
float32 and float64. NaN stays NaN, overflow is inf, and underflow is gradual.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import overload

from ranvier.kernels.cpu.vector import FUSED, instruction

LEAST, MOST = -0.65, 0.125  # arguments of `exprel_near`


INLINE: Any = {"forceinline": True, "error_model": "numpy"}


def exp(x: Any) -> Any:
    """exp(x) of a float32 or float64, in its type."""
    return math.exp(x)


def exprel(x: Any) -> Any:
    """(exp(x) - 1) / x of a float32 or float64, in its type, and its limit 1 at x = 0."""
    return math.expm1(x) / x if x else 1.0


def exprel_near(x: Any) -> Any:
    """exprel(x) from `LEAST` to `MOST`, and nowhere else, at a fifth of the work. Errors: at most 2.1 units of the last place."""
    return exprel(x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent of a float32 or float64, in its type."""
    return math.tanh(x)


@overload(exp, jit_options=INLINE)
def _exp(x: Any) -> Any:
    return FUNCTIONS[x][0]


@overload(exprel, jit_options=INLINE)
def _exprel(x: Any) -> Any:
    return FUNCTIONS[x][1]


@overload(exprel_near, jit_options=INLINE)
def _exprel_near(x: Any) -> Any:
    return _near_32 if x == types.float32 else _near_64


@overload(tanh, jit_options=INLINE)
def _tanh(x: Any) -> Any:
    return FUNCTIONS[x][2]


@instruction
def fused(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, in one instruction where the processor has it."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y, z = arguments
        return builder.fadd(builder.fmul(x, y, flags=FUSED), z, flags=FUSED)

    return a(a, a, a), code


@instruction
def power_of_two(typingctx: Any, shifted: Any) -> Any:
    """2^k, given k + `magic`: the last bits of that sum are the exponent, which goes to its place."""
    width, exponent = (32, 23) if shifted == types.float32 else (64, 52)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(width)
        bits = builder.shl(builder.bitcast(arguments[0], whole), ir.Constant(whole, exponent))
        return builder.bitcast(bits, context.get_data_type(shifted))

    return shifted(shifted), code


@njit(**INLINE)
def near_32(r: Any) -> Any:
    """exp(r) - 1 for |r| <= ln(2)/2."""
    s = r * r
    q = fused(
        s,
        fused(
            s,
            np.float32(1.3926183587713494542e-3),
            fused(r, np.float32(8.3631790527225773704e-3), np.float32(4.1666554617204574203e-2)),
        ),
        fused(r, np.float32(0.16666576989698775683), np.float32(0.5)),
    )
    return fused(s, q, r)


@njit(**INLINE)
def near_64(r: Any) -> Any:
    """exp(r) - 1 for |r| <= ln(2)/2."""
    s = r * r
    first = fused(
        s,
        fused(r, 8.3333333333300618325e-3, 4.1666666666624127873e-2),
        fused(r, 0.16666666666666667453, 0.50000000000000010221),
    )
    second = fused(
        s,
        fused(r, 2.7557268459997064772e-6, 2.4801521295954375131e-5),
        fused(r, 1.9841269863053616878e-4, 1.3888888917213716901e-3),
    )
    third = fused(r, 2.5100385495510319078e-8, 2.7620088445409748161e-7)
    return fused(s, fused(s * s, fused(s * s, third, second), first), r)


# exprel through Chebyshev's points between `LEAST` and `MOST`: coefficients, from the constant on.
Q_32 = tuple(
    map(
        np.float32,
        (
            0.99999999577042198201, 0.5000003526992104476, 0.16666821934248936723, 0.041646374308817262438, 0.0081985100770971922084,
            0.0011140769443296371482,
        ),
    )
)  # fmt: skip
Q_64 = (
    1.0000000000000000006, 0.5000000000000000144, 0.16666666666666612954, 0.0416666666666606782, 0.008333333333386148624, 0.0013888888896278382051,
    0.00019841269923247842801, 0.000024801565615942248496, 2.7555980023529544615e-6, 2.7520397119563026924e-7, 2.4498699729207675225e-8,
    1.6427773586411798126e-9,
)  # fmt: skip


def _near_32(x: Any) -> Any:
    c = Q_32
    return fused(x, fused(x, fused(x, fused(x, fused(x, c[5], c[4]), c[3]), c[2]), c[1]), c[0])


def _near_64(x: Any) -> Any:
    c, s = Q_64, x * x
    first = fused(s, fused(x, c[3], c[2]), fused(x, c[1], c[0]))
    second = fused(s, fused(x, c[7], c[6]), fused(x, c[5], c[4]))
    third = fused(s, fused(x, c[11], c[10]), fused(x, c[9], c[8]))
    return fused(s * s, fused(s * s, third, second), first)


def _functions(
    real: Any, near: Any, bits: int, bias: int, high: float, low: float, lowest: float, highest: float
) -> tuple[Callable[[Any], Any], ...]:
    """exp, exprel and tanh of a type. bits: of its fraction; bias: of its exponent. high + low: ln(2), such that k * high has no rounding error.

    lowest, highest: beyond them exp is 0 or inf. exp and exprel begin alike, so that the compiler does it once for two of one argument.
    """
    each, upper, lower = real(1 / math.log(2)), real(-high), real(-low)
    magic = real(1.5 * 2**bits + bias)  # a sum with it has no place for a fraction: it rounds
    before = real(1.5 * 2**bits + bias - 1)
    least, most, flat = real(lowest), real(highest), real(-bits - 4)  # 2^flat is nothing beside 1
    one, half, two, zero, tail = real(1), real(0.5), real(2), real(0), real(20)

    def exponential(x: Any) -> Any:
        c = least if x < least else x
        c = most if c > most else c
        k = fused(c, each, magic) - magic
        e = near(fused(k, lower, fused(k, upper, c)))
        shifted = fused(k, half, magic)  # in two factors: 2^k itself may have no place in the type
        rest = (k - (shifted - magic)) + magic
        return ((e + one) * power_of_two(shifted)) * power_of_two(rest)

    def relative(x: Any) -> Any:
        c = least if x < least else x
        c = most if c > most else c
        k = fused(c, each, magic) - magic
        e = near(fused(k, lower, fused(k, upper, c)))
        scale = power_of_two((flat if k < flat else k) + before)
        y = fused(e, scale, scale - half) * two
        return y / x if x != zero else one

    def hyperbolic(x: Any) -> Any:  # e / (e + 2), e = exp(2 |x|) - 1; 1 from `tail` on
        size = abs(x)
        z = two * (tail if size > tail else size)
        k = fused(z, each, magic) - magic
        scale = power_of_two(k + magic)
        e = fused(near(fused(k, lower, fused(k, upper, z))), scale, scale - one)
        return math.copysign(e / (e + two), x)

    return exponential, relative, hyperbolic


FUNCTIONS = {
    types.float32: _functions(np.float32, near_32, 23, 127, 0.693359375, -2.12194440054690583e-4, -104.0, 88.8),
    types.float64: _functions(
        np.float64, near_64, 52, 1023, 6.93147180369123816490e-01, 1.90821492927058770002e-10, -746.0, 709.8
    ),
}
