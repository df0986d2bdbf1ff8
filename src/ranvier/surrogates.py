"""Surrogate gradients: pseudo-derivatives of the spike, one small expression each.

The forward spike is always the step H(x) of x = threshold(s), unscaled (for a LIF x = v - v_threshold). In the backward pass
dS/dx is replaced by `derivative(x)`. `soft(x)` is a function with that derivative; with it in place of the step, finite
differences can judge a whole network's gradient. A new surrogate is a frozen dataclass with one `derivative`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ranvier.equations.functions import absolute, atan, erf, exp, sigmoid, where


@dataclass(frozen=True)
class Surrogate:
    """Base of all surrogates. Fields are constants of the expression."""

    def __post_init__(self) -> None:
        for name, value in self.constants().items():
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{type(self).__name__}: {name} must be a positive number, got {value}.")

    def derivative(self, x: Any) -> Any:
        """The pseudo-derivative dS/dx."""
        raise TypeError(f"{type(self).__name__} defines no derivative(self, x).")

    def soft(self, x: Any) -> Any:
        """A function whose derivative is `derivative`, for gradient checks."""
        raise TypeError(f"{type(self).__name__} defines no soft(self, x), which a gradient check needs.")

    def constants(self) -> dict[str, float]:
        """The fields as numbers."""
        return {f.name: float(getattr(self, f.name)) for f in fields(self)}

    def symbolic(self, values: Mapping[str, Any]) -> "Surrogate":
        """The same surrogate with symbols in place of its numbers."""
        twin = object.__new__(type(self))
        for name, value in values.items():
            object.__setattr__(twin, name, value)
        return twin


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """Derivative of the fast sigmoid, 1/(1 + slope*|x|)^2. Source: Zenke and Ganguli 2018 (SuperSpike)."""

    slope: float = 25.0

    def derivative(self, x: Any) -> Any:
        return 1 / (1 + self.slope * absolute(x)) ** 2

    def soft(self, x: Any) -> Any:
        return x / (1 + self.slope * absolute(x))


@dataclass(frozen=True)
class Arctan(Surrogate):
    """(alpha/2)/(1 + (pi/2*alpha*x)^2). Source: Fang et al. 2021."""

    alpha: float = 2.0

    def derivative(self, x: Any) -> Any:
        return self.alpha / 2 / (1 + (math.pi / 2 * self.alpha * x) ** 2)

    def soft(self, x: Any) -> Any:
        return atan(math.pi / 2 * self.alpha * x) / math.pi


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """Derivative of the logistic function, slope*sig(slope*x)*(1 - sig(slope*x))."""

    slope: float = 4.0

    def derivative(self, x: Any) -> Any:
        y = sigmoid(self.slope * absolute(x))  # even in x: the argument of exp stays below zero
        return self.slope * y * (1 - y)

    def soft(self, x: Any) -> Any:
        return sigmoid(self.slope * x)


@dataclass(frozen=True)
class Triangle(Surrogate):
    """height*max(0, 1 - |x|/width): zero beyond `width`. Source: Bellec et al. 2018 (height 0.3, width = threshold)."""

    height: float = 0.3
    width: float = 1.0

    def derivative(self, x: Any) -> Any:
        a = absolute(x) / self.width
        return where(a < 1, self.height * (1 - a), 0)

    def soft(self, x: Any) -> Any:
        a = absolute(x) / self.width
        area = where(a < 1, a - a * a / 2, 0.5)  # integral of the half triangle, in units of height*width
        return self.height * self.width * where(x < 0, -area, area)


@dataclass(frozen=True)
class Boxcar(Surrogate):
    """1/(2*width) for |x| < width, else 0. Source: Esser et al. 2016."""

    width: float = 0.5

    def derivative(self, x: Any) -> Any:
        return where(absolute(x) < self.width, 1 / (2 * self.width), 0)

    def soft(self, x: Any) -> Any:
        return where(absolute(x) < self.width, x / (2 * self.width), where(x < 0, -0.5, 0.5))


@dataclass(frozen=True)
class MultiGaussian(Surrogate):
    """gain*[(1+h)*N(x; 0, s) - h*N(x; s, 6s) - h*N(x; -s, 6s)], negative tails intended. Source: Yin et al. 2021."""

    h: float = 0.15
    sigma: float = 0.5
    gain: float = 0.5

    def derivative(self, x: Any) -> Any:
        wide = 6 * self.sigma
        centre = (1 + self.h) * _normal(x, self.sigma)
        sides = self.h * (_normal(x - self.sigma, wide) + _normal(x + self.sigma, wide))
        return self.gain * (centre - sides)

    def soft(self, x: Any) -> Any:
        wide = 6 * self.sigma
        sides = self.h * (_normal_area(x - self.sigma, wide) + _normal_area(x + self.sigma, wide))
        return self.gain * ((1 + self.h) * _normal_area(x, self.sigma) - sides)


@dataclass(frozen=True)
class StraightThrough(Surrogate):
    """1 everywhere. Source: Bengio et al. 2013. Gradients grow with the number of steps."""

    def derivative(self, x: Any) -> Any:
        return 0 * x + 1

    def soft(self, x: Any) -> Any:
        return x


def _normal(x: Any, sigma: Any) -> Any:
    return exp(-((x / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))


def _normal_area(x: Any, sigma: Any) -> Any:
    return erf(x / (sigma * math.sqrt(2))) / 2
