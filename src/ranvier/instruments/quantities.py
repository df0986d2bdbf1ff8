"""Quantities as text: "20ms" or "10 uA/cm^2" to a number in SI, and the unit in which a number is best shown."""

import difflib
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ranvier import units
from ranvier.errors import RanvierError
from ranvier.units import BASE, NAMED, Dimension

_KINDS: Mapping[str, tuple[str, ...]] = {
    "time": ("s", "ms", "us"),
    "voltage": ("V", "mV", "uV"),
    "current": ("A", "mA", "uA", "nA", "pA"),
    "conductance": ("S", "mS", "uS", "nS"),
    "resistance": ("ohm", "Mohm", "Gohm"),
    "capacitance": ("F", "uF", "nF", "pF"),
    "frequency": ("Hz", "kHz"),
    "length": ("m", "cm", "mm", "um"),
}
SYMBOLS: Mapping[str, tuple[float, Dimension]] = {
    symbol: (getattr(units, symbol), NAMED[kind]) for kind, symbols in _KINDS.items() for symbol in symbols
}
_SHOWN: Mapping[Dimension, tuple[str, ...]] = {
    NAMED["dimensionless"]: ("",),
    NAMED["voltage/time"]: ("mV/ms",),
    NAMED["current/length^2"]: ("uA/cm^2",),
    NAMED["conductance/length^2"]: ("mS/cm^2",),
    NAMED["capacitance/length^2"]: ("uF/cm^2",),
    **{NAMED[kind]: symbols for kind, symbols in _KINDS.items()},
    NAMED["time"]: ("s", "ms"),  # a step is said to be 0.1 ms
}  # of each dimension the units in which it is shown, the largest first
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_FACTOR = re.compile(r"([A-Za-z]+)(?:(?:\^|\*\*)(\d+))?")


class Unit(NamedTuple):
    """A unit by its symbol, its size in SI and its dimension."""

    symbol: str
    size: float
    dimension: Dimension

    @property
    def pretty(self) -> str:
        """The symbol as it is printed in a figure: µA/cm²."""
        text = re.sub(r"\bu(?=[AFSVms])", "µ", self.symbol).replace("ohm", "Ω")
        return re.sub(r"\^(-?\d+)", lambda power: power[1].translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")), text)


def unit(symbol: str) -> Unit:
    """The unit that a text such as "mV", "uA/cm^2" or "1/(mV ms)" names; an empty text is the pure number.

    Raises:
        RanvierError: a part of the text is no unit that is known.
    """
    size, dimension, sign = 1.0, Dimension(), 1
    text = symbol.replace("µ", "u").replace("μ", "u").replace("Ω", "ohm").replace("²", "^2").replace(" ", "*")
    for mark, part in re.findall(r"([*/]*)([^*/()]+(?:\*\*\d+)?|[()])", text):
        if part in ("(", ")"):
            sign = -1 if part == "(" and "/" in mark else 1
            continue
        if part == "1":
            continue
        found = _FACTOR.fullmatch(part)
        if found is None or found[1] not in SYMBOLS:
            near = difflib.get_close_matches(part, SYMBOLS, n=1, cutoff=0.5)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise RanvierError(f"no unit {part!r} in {symbol!r}.{meant} Known: {', '.join(SYMBOLS)}; joined by * / ^.")
        power = int(found[2] or 1) * (-1 if "/" in mark else sign)
        factor, kind = SYMBOLS[found[1]]
        size, dimension = size * factor**power, dimension * kind**power
    return Unit(symbol, size, dimension)


def parse(text: str, dimension: Dimension) -> float:
    """The number in SI that a text such as "20ms", "-65 mV" or "10 uA/cm^2" means; a number without a unit is in SI already.

    Raises:
        RanvierError: the text is no number, its unit is unknown, or its unit has another dimension.
    """
    shown = _SHOWN.get(dimension, (_base(dimension),))[min(1, len(_SHOWN.get(dimension, ("",))) - 1)]
    example = f"10{' ' * ('/' in shown)}{shown}"
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise RanvierError(f"{text!r} is no quantity. Write a number and its unit, such as {example}.")
    given = unit(found[2])
    if found[2] and given.dimension != dimension:
        raise RanvierError(
            f"{text!r} is of dimension {given.dimension}, expected {dimension}. Write for example {example}."
        )
    return float(found[1]) * given.size


def unit_for(dimension: Dimension, values: Any = ()) -> Unit:
    """The unit in which to show `values` (SI): the largest that is not more than twice their largest magnitude."""
    symbols = _SHOWN.get(dimension)
    if symbols is None:
        return Unit(_base(dimension), 1.0, dimension)
    sizes = [unit(symbol) for symbol in symbols]
    magnitudes = np.abs(np.asarray(values, dtype=float))
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    top = float(magnitudes.max()) if magnitudes.size else 0.0
    if top == 0.0:
        return sizes[min(1, len(sizes) - 1)] if dimension != NAMED["frequency"] else sizes[0]
    fitting = [u for u in sizes if u.size <= 2 * top] or [sizes[-1]]
    return fitting[0] if dimension != NAMED["frequency"] else sizes[0]


def show(value: float, dimension: Dimension, digits: int = 4) -> str:
    """A number in SI as text with its unit: 0.02 of time is "20 ms"."""
    best = unit_for(dimension, [value])
    return f"{value / best.size:.{digits}g} {best.symbol}".rstrip()


def _base(dimension: Dimension) -> str:
    """A unit of base units: "1/(V s)" becomes s^-1*V^-1 in the writing that `unit` reads."""
    symbols = dict(zip(BASE, ("s", "V", "A", "m"), strict=True))
    powers = [(symbols[name], e) for name, e in zip(BASE, dimension.exponents, strict=True) if e]
    above = "*".join(_power(s, e) for s, e in powers if e > 0) or "1"
    return above + "".join(f"/{_power(s, -e)}" for s, e in powers if e < 0)


def _power(symbol: str, exponent: Fraction) -> str:
    return symbol if exponent == 1 else f"{symbol}^{exponent}"
