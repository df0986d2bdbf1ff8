"""Distributions of weights, delays, initial states: numbers drawn anew until they lie within bounds."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ranvier.kernels.cpu import wiring


class Distribution(Protocol):
    """What a distribution offers to the kernel that draws from it."""

    kind: ClassVar[int]
    low: float
    high: float

    @property
    def constants(self) -> tuple[float, float]:
        """The two numbers that the kernel takes."""
        ...


def _check(name: str, low: float, high: float, **numbers: float) -> None:
    for key, value in numbers.items():
        if not (isinstance(value, int | float) and math.isfinite(value)):
            raise ValueError(f"{name}: {key} must be a finite number, got {value!r}.")
    if not low < high:
        raise ValueError(f"{name}: low must lie below high, got low={low:g} and high={high:g}.")


@dataclass(frozen=True)
class Normal:
    """Normal distribution of a mean and a standard deviation, drawn again outside of [low, high]."""

    kind: ClassVar[int] = wiring.NORMAL
    mean: float
    sd: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _check("Normal", self.low, self.high, mean=self.mean, sd=self.sd)
        if self.sd < 0:
            raise ValueError(f"Normal: sd must be >= 0, got {self.sd:g}.")
        if self.sd > 0 and not (self.mean - 6 * self.sd < self.high and self.mean + 6 * self.sd > self.low):
            raise ValueError(
                f"Normal: [{self.low:g}, {self.high:g}] lies more than 6 sd from the mean {self.mean:g}, so nothing would ever be drawn from it."
            )

    @property
    def constants(self) -> tuple[float, float]:
        """Mean and standard deviation."""
        return float(self.mean), float(self.sd)


@dataclass(frozen=True)
class Uniform:
    """Uniform distribution between low and high."""

    kind: ClassVar[int] = wiring.UNIFORM
    low: float
    high: float

    def __post_init__(self) -> None:
        _check("Uniform", self.low, self.high, width=self.high - self.low)

    @property
    def constants(self) -> tuple[float, float]:
        """The bounds."""
        return float(self.low), float(self.high)


@dataclass(frozen=True)
class LogNormal:
    """exp of a normal distribution of mean `mu` and standard deviation `sigma`, drawn again outside of [low, high]."""

    kind: ClassVar[int] = wiring.LOGNORMAL
    mu: float
    sigma: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        _check("LogNormal", self.low, self.high, mu=self.mu, sigma=self.sigma)
        if self.sigma < 0:
            raise ValueError(f"LogNormal: sigma must be >= 0, got {self.sigma:g}.")

    @property
    def constants(self) -> tuple[float, float]:
        """mu and sigma."""
        return float(self.mu), float(self.sigma)


@dataclass(frozen=True)
class Exponential:
    """Exponential distribution of a mean, drawn again outside of [low, high]."""

    kind: ClassVar[int] = wiring.EXPONENTIAL
    mean: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        _check("Exponential", self.low, self.high, mean=self.mean)
        if self.mean <= 0:
            raise ValueError(f"Exponential: mean must be > 0, got {self.mean:g}.")

    @property
    def constants(self) -> tuple[float, float]:
        """The mean, and nothing."""
        return float(self.mean), 0.0
