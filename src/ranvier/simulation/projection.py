"""A projection: synapses from one population to another."""

from dataclasses import dataclass
from typing import Any

from ranvier.plasticity.rule import Rule
from ranvier.simulation.patterns.wired import Pattern
from ranvier.simulation.population import Population
from ranvier.synapses.synapse import Synapse


@dataclass(eq=False)
class Projection:
    """Synapses from `pre` to `post`; made by `Network.connect`, which explains the arguments."""

    pre: Population
    post: Population
    pattern: Pattern
    weight: Any
    delay: Any
    synapse: Synapse | None
    plasticity: Rule | None
    name: str
    number: int

    def __repr__(self) -> str:
        synapse = "".join(f", {part!r}" for part in (self.synapse, self.plasticity) if part is not None)
        return f"<{self.name}: {self.pattern!r}, weight={_short(self.weight)}, delay={_short(self.delay)}{synapse}>"


@dataclass(eq=False)
class Drive:
    """Random impulses to each neuron of `post`; made by `Network.drive` (rate and weight) or `Network.noise` (mean and deviation)."""

    post: Population
    rate: float | None
    weight: float
    deviation: float
    synapse: Synapse | None
    name: str

    def __repr__(self) -> str:
        what = (
            f"sd={self.deviation:g}, mean={self.weight:g}"
            if self.rate is None
            else f"rate={self.rate:g}, weight={self.weight:g}"
        )
        return f"<{self.name}: {what}>"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else repr(value) if hasattr(value, "kind") else "[...]"
