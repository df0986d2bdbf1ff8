"""Arithmetic on `WIDTH` numbers at once, for intrinsics that write their LLVM code themselves."""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numpy.polynomial import Chebyshev, Polynomial

from ranvier.kernels.cpu.vector import FUSED

WIDTH = 16  # numbers side by side: two registers of 256 bits in float32, four in float64

_i32 = ir.IntType(32)


class Format(NamedTuple):
    """A type. bits: of its fraction; most: the largest power of two that is used; q: coefficients of 2^r, |r| <= 1/2, from the constant on."""

    real: Any
    bits: int
    most: float
    q: tuple[float, ...]


def _format(real: Any, bits: int, most: float, degree: int) -> Format:
    series = Chebyshev.interpolate(np.exp2, degree, [-0.5, 0.5]).convert(kind=Polynomial)
    return Format(real, bits, most, tuple(series.coef.tolist()))


FORMATS = {types.float32: _format(np.float32, 23, 120.0, 6), types.float64: _format(np.float64, 52, 1000.0, 12)}


class Lanes:
    """Writes vectors of `WIDTH` numbers of a type into the function under construction. kind: `types.float32` or `types.float64`."""

    def __init__(self, context: Any, builder: Any, kind: Any) -> None:
        self.builder, self.format = builder, FORMATS[kind]
        self.real = context.get_data_type(kind)
        self.size = kind.bitwidth // 8
        self.vector = ir.VectorType(self.real, WIDTH)

    def all(self, number: float) -> Any:
        """The same number in all lanes."""
        return ir.Constant(self.vector, [float(self.format.real(number))] * WIDTH)

    def spread(self, pointer: Any, place: Any) -> Any:
        """pointer[place] in all lanes."""
        nothing = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.load(self.builder.gep(pointer, [place]))
        first = self.builder.insert_element(nothing, one, ir.Constant(_i32, 0))
        return self._pick(first, nothing, [0] * WIDTH)

    def load(self, pointer: Any, place: Any) -> Any:
        """pointer[place:place + WIDTH]."""
        found = self.builder.load(self._at(pointer, place, WIDTH))
        found.align = self.size
        return found

    def store(self, value: Any, pointer: Any, place: Any) -> None:
        """pointer[place:place + WIDTH] = value."""
        self.builder.store(value, self._at(pointer, place, WIDTH)).align = self.size

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, in one instruction where the processor has it."""
        return self.builder.fadd(self.builder.fmul(a, b, flags=FUSED), c, flags=FUSED)

    def halving(self, z: Any) -> Any:
        """1 / (1 + 2^z). Where 2^z has no place in the type z is cut, which leaves 0 or 1 in any case; NaN stays. Errors: 2 units of the last place.

        2^z is 2^k 2^r with |r| <= 1/2: a polynomial through Chebyshev's points, and k added to the bits of its exponent.
        """
        f, build, one = self.format, self.builder, self.all(1.0)
        for test, end in (("<", self.all(-f.most)), (">", self.all(f.most))):
            z = build.select(build.fcmp_ordered(test, z, end), end, z)
        magic = self.all(1.5 * 2**f.bits)  # a sum with it rounds, and its last bits are k
        shifted = build.fadd(z, magic)
        r = build.fsub(z, build.fsub(shifted, magic))
        q = self.all(f.q[-1])
        for coefficient in f.q[-2::-1]:
            q = self.fused(q, r, self.all(coefficient))
        whole = ir.VectorType(ir.IntType(8 * self.size), WIDTH)
        k = build.shl(build.bitcast(shifted, whole), ir.Constant(whole, [f.bits] * WIDTH))
        power = build.bitcast(build.add(build.bitcast(q, whole), k), self.vector)
        return build.fdiv(one, build.fadd(power, one))

    def add_sums(self, four: list[Any], pointer: Any, place: Any) -> None:
        """Adds the sum over the lanes of each of four vectors to pointer[place:place + 4]."""
        width = WIDTH
        while width > 4:
            width //= 2
            low, high = list(range(width)), list(range(width, 2 * width))
            four = [self.builder.fadd(self._pick(v, v, low), self._pick(v, v, high)) for v in four]
        for low, high in (([0, 2, 4, 6], [1, 3, 5, 7]),) * 2:  # pairs of neighbours, until there is one number of each
            pairs = list(zip(four[::2], four[1::2], strict=True))
            four = [self.builder.fadd(self._pick(a, b, low), self._pick(a, b, high)) for a, b in pairs]
        at = self._at(pointer, place, 4)
        before = self.builder.load(at)
        before.align = self.size
        self.builder.store(self.builder.fadd(before, four[0]), at).align = self.size

    def _pick(self, a: Any, b: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_i32, len(lanes)), lanes))

    def _at(self, pointer: Any, place: Any, width: int) -> Any:
        vector = ir.VectorType(self.real, width)
        return self.builder.bitcast(self.builder.gep(pointer, [place]), vector.as_pointer())
