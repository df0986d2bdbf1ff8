"""The dimension check: equations are run once on dimensions instead of numbers, when the class is made."""

from collections.abc import Callable
from typing import Any

from ranvier.units import Dimension

ONE = Dimension()


class DimensionError(TypeError):
    """An equation adds, compares or returns quantities of different dimensions."""


class Quantity:
    """A value of which only the dimension is known. Arithmetic on it is arithmetic on dimensions.

    Plain numbers are dimensionless, except zero, which fits everywhere.
    """

    def __init__(self, dimension: Dimension, text: str = "") -> None:
        self.dimension = dimension
        self.text = text or str(dimension)

    @staticmethod
    def of(value: Any) -> "Quantity | None":
        """The quantity that a value is; None for a literal zero, which has every dimension."""
        if isinstance(value, Quantity):
            return value
        return None if value == 0 else Quantity(ONE, str(value))

    @staticmethod
    def same(a: Any, b: Any, what: str) -> "Quantity":
        """The common quantity of two terms, or a `DimensionError` that names both."""
        first, second = Quantity.of(a), Quantity.of(b)
        if first is None or second is None:
            known = first or second
            return known if known is not None else Quantity(ONE, "0")
        if first.dimension != second.dimension:
            raise DimensionError(
                f"{first.text} {what} {second.text}: dimensions {first.dimension} and {second.dimension} do not agree"
            )
        return Quantity(first.dimension, f"({first.text} {what} {second.text})")

    def dimensionless(self, what: str) -> "Quantity":
        """This quantity as the argument of a function such as exp, which must be a pure number."""
        if self.dimension != ONE:
            raise DimensionError(
                f"{what}({self.text}): the argument has dimension {self.dimension}, expected a pure number"
            )
        return Quantity(ONE, f"{what}({self.text})")

    def __add__(self, other: Any) -> "Quantity":
        return Quantity.same(self, other, "+")

    def __radd__(self, other: Any) -> "Quantity":
        return Quantity.same(other, self, "+")

    def __sub__(self, other: Any) -> "Quantity":
        return Quantity.same(self, other, "-")

    def __rsub__(self, other: Any) -> "Quantity":
        return Quantity.same(other, self, "-")

    def __neg__(self) -> "Quantity":
        return Quantity(self.dimension, f"-{self.text}")

    def __abs__(self) -> "Quantity":
        return self

    def __mul__(self, other: Any) -> "Quantity":
        return self._times(other, "*", Dimension.__mul__)

    def __rmul__(self, other: Any) -> "Quantity":
        return _of_factor(other)._times(self, "*", Dimension.__mul__)

    def __truediv__(self, other: Any) -> "Quantity":
        return self._times(other, "/", Dimension.__truediv__)

    def __rtruediv__(self, other: Any) -> "Quantity":
        return _of_factor(other)._times(self, "/", Dimension.__truediv__)

    def __pow__(self, power: Any) -> "Quantity":
        if not isinstance(power, int | float):
            raise DimensionError(f"{self.text} ** {power}: the exponent must be a plain number")
        return Quantity(self.dimension**power, f"{self.text}**{power}")

    def _compare(self, other: Any) -> bool:
        Quantity.same(self, other, "compared with")
        return True

    __lt__ = __le__ = __gt__ = __ge__ = _compare

    def _times(self, other: Any, sign: str, combine: Callable[[Dimension, Dimension], Dimension]) -> "Quantity":
        factor = _of_factor(other)
        return Quantity(combine(self.dimension, factor.dimension), f"{self.text}{sign}{factor.text}")


def _of_factor(value: Any) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity(ONE, str(value))
