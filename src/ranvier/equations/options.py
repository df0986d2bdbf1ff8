"""The choices that decide what one time step does, each an object: kind of input, reset, refractory period, step order.

They are part of a model's `Program`, so that two networks with different conventions can never be confused.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ranvier.units import ms

PHASES = ("integrate", "fire", "reset")


@dataclass(frozen=True)
class CurrentInput:
    """Input is a current, constant during the step: it enters `dynamics`, so a LIF scales it by r * (1 - exp(-dt/tau))."""


@dataclass(frozen=True)
class ImpulseInput:
    """Input is an impulse: it changes a state at once, after the decay of the step (`receive`, as in V <- V + w)."""


@dataclass(frozen=True)
class Ports:
    """Input of a population in a network: a current that enters `dynamics`, and impulses at any number of ports besides.

    methods: for each port the method that its impulses go through, as `receive` does, in the order in which they are applied. signs: of all
    impulses that come to it, 0 for both.
    """

    methods: tuple[str, ...] = ()
    signs: tuple[int, ...] = ()


@dataclass(frozen=True)
class ToValue:
    """Reset to a value, as the model's `reset` says (a LIF: v <- v_reset).

    detach: True keeps the reset of the membrane out of the gradient (Zenke and Vogels 2021); False differentiates through it.
    Jumps of other states, such as an adaptive threshold, are differentiated in any case.
    """

    detach: bool = True


@dataclass(frozen=True)
class Subtract:
    """Reset by subtraction: v <- v - (v_threshold - v_reset), so what exceeds the threshold is kept.

    Other states jump as the model's `reset` says. detach: as in `ToValue`.
    """

    detach: bool = True


@dataclass(frozen=True)
class NoReset:
    """The membrane is not reset. Other states jump as the model's `reset` says."""

    detach: bool = True


@dataclass(frozen=True)
class Clamp:
    """Refractory: the membrane stays where the reset put it for `duration` [s] after a spike; input is lost and nothing fires."""

    duration: float = 2 * ms


@dataclass(frozen=True)
class BlockSpikes:
    """Refractory: the membrane evolves, but no spike is emitted for `duration` [s] after a spike (Bellec et al. 2018)."""

    duration: float = 2 * ms


@dataclass(frozen=True)
class BlockInput:
    """Refractory: the membrane leaks, but input is ignored for `duration` [s] after a spike."""

    duration: float = 2 * ms


class PseudoDerivative(Protocol):
    """What a surrogate gradient must offer: an expression, its smooth function, and its constants as numbers or symbols."""

    def derivative(self, x: Any) -> Any: ...
    def soft(self, x: Any) -> Any: ...
    def constants(self) -> dict[str, float]: ...
    def symbolic(self, values: Mapping[str, Any]) -> "PseudoDerivative": ...


Drive = CurrentInput | ImpulseInput | Ports
Reset = ToValue | Subtract | NoReset
Refractory = Clamp | BlockSpikes | BlockInput


def check_order(order: Any) -> tuple[str, ...]:
    """The order of the three phases of a step, as a tuple; refuses anything but a permutation of `PHASES`."""
    given = tuple(order)
    if sorted(given) != sorted(PHASES):
        raise ValueError(f"order must hold each of {PHASES} once, got {given!r}. The default is order={PHASES}.")
    return given


def refractory_steps(refractory: Refractory | None, dt: float) -> int:
    """Number of whole steps that a refractory period lasts."""
    if refractory is None:
        return 0
    if not 0 <= refractory.duration < math.inf:
        raise ValueError(
            f"refractory duration must be a number of seconds >= 0, got {refractory.duration}. Write Clamp(2 * ms), for example."
        )
    return round(refractory.duration / dt)
