"""Units as plain floats in SI, and dimensions for annotations.

`20 * ms` is the float 0.02; nothing carries a unit at run time. Dimensions exist only while a model class is made, when
its equations are checked once (see `ranvier.equations.dimensions`).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

second = s = 1.0
ms = 1e-3
us = 1e-6
volt = V = 1.0
mV = 1e-3
uV = 1e-6
ampere = A = 1.0
mA = 1e-3
uA = 1e-6
nA = 1e-9
pA = 1e-12
siemens = S = 1.0
mS = 1e-3
uS = 1e-6
nS = 1e-9
ohm = 1.0
Mohm = 1e6
Gohm = 1e9
farad = F = 1.0
uF = 1e-6
nF = 1e-9
pF = 1e-12
Hz = 1.0
kHz = 1e3
metre = m = 1.0
cm = 1e-2
mm = 1e-3
um = 1e-6

BASE = ("time", "voltage", "current", "length")


@dataclass(frozen=True)
class Dimension:
    """Exponents of time, voltage, current and length; the empty product is dimensionless."""

    exponents: tuple[Fraction, ...] = (Fraction(0),) * len(BASE)

    def __mul__(self, other: "Dimension") -> "Dimension":
        return Dimension(tuple(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: "Dimension") -> "Dimension":
        return Dimension(tuple(a - b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, power: float | Fraction) -> "Dimension":
        return Dimension(tuple(a * Fraction(power) for a in self.exponents))

    def __str__(self) -> str:
        for name, known in NAMED.items():
            if self == known:
                return name
        above = [_power(n, e) for n, e in zip(BASE, self.exponents, strict=True) if e > 0]
        below = [_power(n, -e) for n, e in zip(BASE, self.exponents, strict=True) if e < 0]
        text = "*".join(above) or "1"
        return text + "".join(f"/{b}" for b in below)


def _power(name: str, exponent: Fraction) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"


def _base(index: int) -> Dimension:
    return Dimension(tuple(Fraction(int(k == index)) for k in range(len(BASE))))


_TIME, _VOLTAGE, _CURRENT, _LENGTH = (_base(k) for k in range(len(BASE)))
_ONE = Dimension()

NAMED: dict[str, Dimension] = {
    "dimensionless": _ONE,
    "time": _TIME,
    "voltage": _VOLTAGE,
    "current": _CURRENT,
    "length": _LENGTH,
    "resistance": _VOLTAGE / _CURRENT,
    "conductance": _CURRENT / _VOLTAGE,
    "capacitance": _CURRENT * _TIME / _VOLTAGE,
    "frequency": _ONE / _TIME,
    "voltage/time": _VOLTAGE / _TIME,
    "current/length^2": _CURRENT / _LENGTH**2,
    "conductance/length^2": _CURRENT / _VOLTAGE / _LENGTH**2,
    "capacitance/length^2": _CURRENT * _TIME / _VOLTAGE / _LENGTH**2,
}

# Annotations of a model's parameters and states. `Any` lets a type checker accept floats, tensors and symbols alike.
Dimensionless = Annotated[Any, NAMED["dimensionless"]]
Time = Annotated[Any, NAMED["time"]]
Voltage = Annotated[Any, NAMED["voltage"]]
Current = Annotated[Any, NAMED["current"]]
Length = Annotated[Any, NAMED["length"]]
Resistance = Annotated[Any, NAMED["resistance"]]
Conductance = Annotated[Any, NAMED["conductance"]]
Capacitance = Annotated[Any, NAMED["capacitance"]]
Frequency = Annotated[Any, NAMED["frequency"]]
VoltageRate = Annotated[Any, NAMED["voltage/time"]]
CurrentDensity = Annotated[Any, NAMED["current/length^2"]]  # per area of membrane: 1 uA/cm**2 is 0.01
ConductanceDensity = Annotated[Any, NAMED["conductance/length^2"]]  # 1 mS/cm**2 is 10
CapacitanceDensity = Annotated[Any, NAMED["capacitance/length^2"]]  # 1 uF/cm**2 is 0.01
