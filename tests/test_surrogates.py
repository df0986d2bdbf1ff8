"""Surrogates: golden values, derivative against finite difference of the smooth function, and what is refused."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
import sympy
import torch

from ranvier import surrogates
from ranvier.equations import absolute
from ranvier.neurons import LIF
from ranvier.surrogates import (
    Arctan,
    Boxcar,
    FastSigmoid,
    MultiGaussian,
    Sigmoid,
    StraightThrough,
    Surrogate,
    Triangle,
)

ALL = [FastSigmoid(), Arctan(), Sigmoid(), Triangle(), Boxcar(), MultiGaussian(), StraightThrough()]


@dataclass(frozen=True)
class SeedRoot(Surrogate):
    """The literal 0.5*x/sqrt(1 + k*|x|) + 0.5 of an often-copied tutorial: grows without bound, heavy-tailed. No step at all."""

    k: float = 1.0

    def derivative(self, x: Any) -> Any:
        return 0.5 * (1 + 0.5 * self.k * absolute(x)) / (1 + self.k * absolute(x)) ** 1.5

    def soft(self, x: Any) -> Any:
        return 0.5 * x / (1 + self.k * absolute(x)) ** 0.5 + 0.5


@pytest.mark.parametrize(
    ("surrogate", "golden"),
    [
        (Sigmoid(25.0), {0: 6.25, 0.1: 1.752593, 0.5: 9.3166e-5, 1: 3.47e-10}),
        (Sigmoid(4.0), {0: 1, 0.1: 0.961043, 0.5: 0.419974, 1: 0.070651}),
        (FastSigmoid(25.0), {0: 1, 0.1: 0.081633, 0.5: 0.005487, 1: 0.001479}),
        (FastSigmoid(100.0), {0: 1, 0.1: 0.008264, 0.5: 3.845e-4, 1: 9.80e-5}),
        (Arctan(2.0), {0: 1, 0.1: 0.910170, 0.5: 0.288400, 1: 0.092000}),
        (Arctan(2 / math.pi), {0: 0.318310, 0.1: 0.315158, 0.5: 0.254648, 1: 0.159155}),  # 1/(pi*(1 + x^2))
        (Triangle(), {0: 0.3, 0.1: 0.27, 0.5: 0.15, 1: 0, 3: 0}),
        (Boxcar(0.5), {0: 1, 0.1: 1, 0.49: 1, 1: 0}),
        (MultiGaussian(), {0: 0.439112, 0.5: 0.258858, 1: 0.043452, 3: -0.012098}),
        (StraightThrough(), {0: 1, 0.1: 1, 0.5: 1, 1: 1}),
        (SeedRoot(), {0: 0.5, 0.1: 0.455062, 0.5: 0.340207, 1: 0.265165}),
    ],
    ids=str,
)
def test_golden_values(surrogate: Surrogate, golden: dict[float, float]) -> None:
    for x, value in golden.items():
        assert float(surrogate.derivative(x)) == pytest.approx(value, rel=1e-3 if value < 1e-3 else 0, abs=6e-7)
        assert float(surrogate.derivative(-x)) == float(surrogate.derivative(x)), "even in x"


@pytest.mark.parametrize("surrogate", [*ALL, SeedRoot()], ids=str)
def test_derivative_is_the_finite_difference_of_the_smooth_function(surrogate: Surrogate) -> None:
    x = torch.linspace(-2.03, 2.017, 80, dtype=torch.float64)
    h = 1e-6
    difference = (surrogate.soft(x + h) - surrogate.soft(x - h)) / (2 * h)
    torch.testing.assert_close(difference, surrogate.derivative(x) + 0 * x, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("surrogate", ALL, ids=str)
def test_numbers_tensors_and_symbols_agree(surrogate: Surrogate) -> None:
    x = sympy.Symbol("x", real=True)
    symbols = {k: sympy.Symbol(k, real=True) for k in surrogate.constants()}
    shape = surrogate.symbolic(symbols)
    assert type(shape) is type(surrogate)
    for point in (-0.8, -0.1, 0.0, 0.3, 1.7):
        tensor = torch.tensor(point, dtype=torch.float64)
        numbers = {symbols[k]: v for k, v in surrogate.constants().items()} | {x: point}
        for method in ("derivative", "soft"):
            number = float(getattr(surrogate, method)(point))
            assert float(getattr(surrogate, method)(tensor)) == pytest.approx(number, abs=1e-7)
            assert float(sympy.sympify(getattr(shape, method)(x)).subs(numbers)) == pytest.approx(number, abs=1e-12)


def test_forward_is_the_same_step_function_for_all() -> None:
    """Only the derivative of the spike function is replaced, and only in the backward pass."""
    x = 3 * torch.rand(40, 2, 9)
    spikes = [LIF(surrogate=s, backend="eager")(x) for s in ALL]
    assert spikes[0].sum() > 10 and set(spikes[0].unique().tolist()) == {0.0, 1.0}
    assert all(torch.equal(spikes[0], other) for other in spikes[1:])


def test_forward_is_a_float_not_a_boolean() -> None:
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        assert LIF()(torch.ones(3, 1, 2, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("surrogate", [Triangle(width=0.2), Boxcar(0.2)], ids=str)
def test_compact_support_passes_no_gradient_from_afar(surrogate: Surrogate) -> None:
    """A silent neuron far below its threshold learns nothing: the surrogate cures only the step's own zero derivative."""
    x = torch.tensor([[[0.5, 19.0]]], dtype=torch.float64, requires_grad=True)  # v = 0.024 and 0.927
    LIF(surrogate=surrogate, backend="eager")(x).sum().backward()
    assert x.grad[0, 0, 0] == 0 and x.grad[0, 0, 1] > 0


def test_sigmoid_does_not_overflow() -> None:
    x = torch.tensor([-1e4, 1e4])
    assert torch.equal(Sigmoid(25.0).derivative(x), torch.zeros(2))


def test_multi_gaussian_has_its_negative_tails() -> None:
    assert MultiGaussian().derivative(3.0) < 0 and MultiGaussian().derivative(0.0) > 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: FastSigmoid(0.0), r"FastSigmoid: slope must be a positive number, got 0"),
        (lambda: Sigmoid(-1.0), r"Sigmoid: slope must be a positive number, got -1"),
        (lambda: Arctan(math.nan), r"Arctan: alpha must be a positive number, got nan"),
        (lambda: Triangle(width=math.inf), r"Triangle: width must be a positive number, got inf"),
        (lambda: Boxcar(width=0), r"Boxcar: width must be a positive number"),
        (lambda: MultiGaussian(sigma=0), r"MultiGaussian: sigma must be a positive number"),
    ],
)
def test_constants_that_make_no_surrogate_are_refused(make, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


def test_a_surrogate_without_its_expressions_says_so() -> None:
    @dataclass(frozen=True)
    class Empty(Surrogate):
        pass

    with pytest.raises(TypeError, match=r"Empty defines no derivative\(self, x\)"):
        Empty().derivative(0.0)
    with pytest.raises(TypeError, match=r"Empty defines no soft\(self, x\), which a gradient check needs"):
        Empty().soft(0.0)


def test_every_surrogate_of_the_module_is_tested_here() -> None:
    known = {v for v in vars(surrogates).values() if isinstance(v, type) and issubclass(v, Surrogate)} - {Surrogate}
    assert known == {type(s) for s in ALL}
