"""`Technology`: what an operation and an access cost in one process, as published."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WORD = 32  # bits that a memory hands out at a time


@dataclass(frozen=True)
class Numbers:
    """How weights and activations are written. floating: IEEE floating point; else whole numbers, added up in 32 bit."""

    bits: int
    floating: bool

    @property
    def label(self) -> str:
        """Such as "float32" or "8 bit"."""
        return f"float{self.bits}" if self.floating else f"{self.bits} bit"

    @property
    def sum_bits(self) -> int:
        """Of a membrane or a sum: whole numbers need room above their own width."""
        return self.bits if self.floating else WORD


FLOAT32 = Numbers(32, floating=True)


@dataclass(frozen=True)
class Technology:
    """Energies of one process [pJ], by bits; published numbers, nothing measured here.

    float_add, float_multiply, integer_add, integer_multiply: of numbers of so many bits. memories: a read or a write of a word of 32 bit, by
    the memory's name; the sources give one number for both. weights, states: which of them holds the weights, and which the membranes
    and what travels between layers. source: where the numbers are published.

    Whole numbers of a width that is not published are scaled from 8 bit: an addition by the width, a multiplication by its square, as
    between the published 8 and 32 bit. An access of fewer bits costs its share of a word.

    Raises ValueError for a memory that the technology has not.
    """

    name: str
    source: str
    float_add: Mapping[int, float]
    float_multiply: Mapping[int, float]
    integer_add: Mapping[int, float]
    integer_multiply: Mapping[int, float]
    memories: Mapping[str, float]
    weights: str = "8 kB"
    states: str = "8 kB"

    def __post_init__(self) -> None:
        for use in ("weights", "states"):
            memory = getattr(self, use)
            if memory not in self.memories:
                raise ValueError(
                    f"{self.name}: {use} must lie in one of the memories {', '.join(map(repr, self.memories))}, got {memory!r}. "
                    f"Write {use}={next(iter(self.memories))!r}."
                )

    def add(self, numbers: Numbers) -> float:
        """One addition to a sum [pJ]: an accumulate (AC)."""
        table = self.float_add if numbers.floating else self.integer_add
        return _of(table, numbers.sum_bits, 1)

    def multiply(self, numbers: Numbers) -> float:
        """One multiplication [pJ]."""
        return _of(self.float_multiply if numbers.floating else self.integer_multiply, numbers.bits, 2)

    def multiply_add(self, numbers: Numbers) -> float:
        """A multiplication whose product is added to a sum [pJ]: a multiply-accumulate (MAC)."""
        return self.multiply(numbers) + self.add(numbers)

    def weight(self, bits: int) -> float:
        """Access to a weight of so many bits [pJ]."""
        return self.memories[self.weights] * bits / WORD

    def state(self, bits: float) -> float:
        """Access to a membrane, an activation or an event of so many bits [pJ]."""
        return self.memories[self.states] * bits / WORD

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def _of(table: Mapping[int, float], bits: int, power: int) -> float:
    """The published energy, or that of 8 bit scaled by the width to a power."""
    return table[bits] if bits in table else table[8] * (bits / 8) ** power
