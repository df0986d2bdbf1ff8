"""Distributions of weights, delays, initial states: numbers drawn anew until they lie within bounds."""

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from ranvier.checks import scalar
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


def _check(d: Any, *finite: str) -> None:
    """Numbers as Python has them, and bounds in order. finite: those that must be so; others may be infinite."""
    name = type(d).__name__
    for key in (f.name for f in fields(d)):
        value = scalar(getattr(d, key))
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise ValueError(f"{name}: {key} must be a number, got {value!r}. Write {key}=1.0.")
        if key in finite and math.isinf(value):
            raise ValueError(f"{name}: {key} must be a finite number, got {value!r}. Write {key}=1.0.")
        object.__setattr__(d, key, value)
    if not d.low < d.high:
        raise ValueError(f"{name}: low must lie below high, got low={d.low:g} and high={d.high:g}.")


@dataclass(frozen=True)
class Normal:
    """Normal distribution of a mean and a standard deviation, drawn again outside of [low, high]."""

    kind: ClassVar[int] = wiring.NORMAL
    mean: float
    sd: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _check(self, "mean", "sd")
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
        _check(self, "low", "high")

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
        _check(self, "mu", "sigma")
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
        _check(self, "mean")
        if self.mean <= 0:
            raise ValueError(f"Exponential: mean must be > 0, got {self.mean:g}.")

    @property
    def constants(self) -> tuple[float, float]:
        """The mean, and nothing."""
        return float(self.mean), 0.0
