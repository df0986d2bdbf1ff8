"""One name for a function, whatever its argument is."""

import math

import pytest
import sympy
import torch

from ranvier.equations import absolute, atan, clip, erf, exp, linoid, log, maximum, minimum, sigmoid, sqrt, tanh, where
from ranvier.equations.dimensions import Quantity
from ranvier.equations.functions import exprel, exprel_slope, exprel_tensor
from ranvier.units import NAMED

POINT = 0.7


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (exp, math.exp(POINT)),
        (log, math.log(POINT)),
        (tanh, math.tanh(POINT)),
        (atan, math.atan(POINT)),
        (erf, math.erf(POINT)),
        (sqrt, math.sqrt(POINT)),
        (sigmoid, 1 / (1 + math.exp(-POINT))),
        (absolute, POINT),
    ],
)
def test_numbers_tensors_and_symbols_agree(function, expected: float) -> None:
    x = sympy.Symbol("x", real=True)
    assert function(POINT) == pytest.approx(expected, abs=1e-15)
    assert function(torch.tensor(POINT, dtype=torch.float64)).item() == pytest.approx(expected, abs=1e-15)
    assert float(function(x).subs(x, POINT)) == pytest.approx(expected, abs=1e-15)
    assert function(Quantity(NAMED["dimensionless"], "x")).dimension == NAMED["dimensionless"]


def test_where_chooses_for_numbers_tensors_and_symbols() -> None:
    x = sympy.Symbol("x", real=True)
    assert where(2 > 1, 3, 4) == 3 and where(1 > 2, 3, 4) == 4
    v = torch.tensor([-1.0, 2.0], dtype=torch.float64)
    assert where(v > 0, v, 0).tolist() == [0.0, 2.0] and where(v > 0, v, 0).dtype == torch.float64
    assert where(v > 0, 1, 0).tolist() == [0.0, 1.0]
    assert where(x > 0, x, -x).subs(x, -3) == 3
    assert maximum(v, 0.5).tolist() == [0.5, 2.0] and minimum(v, 0.5).tolist() == [-1.0, 0.5]
    assert (maximum(1, 2), minimum(1, 2)) == (2, 1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 5e-5)])
def test_exprel_has_no_zero_division_and_the_right_slope(dtype: torch.dtype, tolerance: float) -> None:
    x = torch.tensor([-40.0, -1.0, -0.011, -1e-3, -2e-5, 0.0, 1e-6, 2e-4, 9e-3, 1.0], dtype=dtype, requires_grad=True)
    y = exprel_tensor(x)
    exact = [math.expm1(v) / v if v else 1.0 for v in x.tolist()]
    assert y.tolist() == pytest.approx(exact, rel=1e-14 if dtype == torch.float64 else 3e-7)
    y.sum().backward()
    slopes = [
        0.5 + v / 3 + v * v / 8 + v**3 / 30 if abs(v) < 1e-2 else (math.exp(v) * (v - 1) + 1) / v**2 for v in x.tolist()
    ]
    assert x.grad.tolist() == pytest.approx(slopes, rel=tolerance)


def test_linoid_is_one_at_zero_and_smooth_there() -> None:
    x = sympy.Symbol("x", real=True)
    assert linoid(0.0) == 1 and linoid(x).subs(x, 0) == 1
    v = torch.tensor([-1e-6, 0.0, 1e-6, -30.0, 30.0], dtype=torch.float64, requires_grad=True)
    y = linoid(v)
    assert y.tolist() == pytest.approx([1 - 5e-7, 1, 1 + 5e-7, 30 * math.exp(-30), 30], rel=1e-12)
    (slope,) = torch.autograd.grad(y.sum(), v)
    assert slope[:3].tolist() == pytest.approx([0.5] * 3, abs=1e-6)


def test_clip_keeps_between_bounds_of_one_dimension() -> None:
    x = sympy.Symbol("x", real=True)
    assert [clip(v, -1, 2) for v in (-3, 0.5, 7)] == [-1, 0.5, 2]
    assert clip(torch.tensor([-3.0, 0.5, 7.0]), -1, 2).tolist() == [-1, 0.5, 2]
    assert [clip(x, -1, 2).subs(x, v) for v in (-3, 1, 7)] == [-1, 1, 2]
    volt = Quantity(NAMED["voltage"], "v")
    assert clip(volt, volt, volt).dimension == NAMED["voltage"]


def test_exprel_is_one_at_zero_and_its_derivative_a_function_of_its_own() -> None:
    x = sympy.Symbol("x", real=True)
    assert exprel(sympy.Integer(0)) == 1
    assert sympy.diff(exprel(2 * x), x) == 2 * exprel_slope(2 * x)
    assert exprel(x).is_real and exprel_slope(x).is_real
