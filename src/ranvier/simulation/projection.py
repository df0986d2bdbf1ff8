"""A projection: synapses from one population to another."""

from dataclasses import dataclass
from typing import Any

from ranvier.equations.options import CurrentInput
from ranvier.kernels.cpu.noise import key_of
from ranvier.neurons.neuron import Neuron
from ranvier.plasticity.rule import Rule
from ranvier.simulation.patterns.wired import Pattern, Wired
from ranvier.simulation.population import Population
from ranvier.simulation.timed import Timed
from ranvier.synapses.synapse import Synapse
from ranvier.units import NAMED, Dimension


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

    @property
    def dimension(self) -> Dimension:
        """Of its weights: what its synapse, or the neuron's own input, takes."""
        return dimension_of(self.post, self.synapse)

    def wired(self, seed: int) -> Wired:
        """Who is connected to whom in a network of this seed; the same whenever it is drawn."""
        return self.pattern.wire(self.pre.n, self.post.n, key_of(seed, f"{self.name}/pattern"))

    def __repr__(self) -> str:
        synapse = "".join(f", {part!r}" for part in (self.synapse, self.plasticity) if part is not None)
        return f"<{self.name}: {self.pattern!r}, weight={_short(self.weight)}, delay={_short(self.delay)}{synapse}>"


@dataclass(eq=False)
class Drive:
    """Random impulses to each neuron of `post`; made by `Network.drive` (rate and weight) or `Network.noise` (mean and deviation)."""

    post: Population
    rate: float | Timed | None
    weight: float
    deviation: float
    synapse: Synapse | None
    name: str

    def expected(self, begin: float, end: float, dt: float) -> float:
        """Impulses to each neuron between two times [s], on average; 0 of noise. dt: of a step [s]."""
        if isinstance(self.rate, Timed):
            return float(self.rate.table(round(begin / dt), round(end / dt), dt).sum() * dt)
        return (self.rate or 0.0) * (end - begin)

    def __repr__(self) -> str:
        what = (
            f"sd={self.deviation:g}, mean={self.weight:g}"
            if self.rate is None
            else f"rate={_short(self.rate)}, weight={self.weight:g}"
        )
        return f"<{self.name}: {what}>"


def dimension_of(post: Population, synapse: Synapse | None) -> Dimension:
    """Of the weights of what ends on a population."""
    model = post.model if synapse is None else synapse
    assert isinstance(model, Neuron)
    if synapse is None and isinstance(model.options.drive, CurrentInput):
        return NAMED["current"]
    return model.declaration.input_dimension("receive")


def _short(value: Any) -> str:
    known = hasattr(value, "kind") or isinstance(value, Timed)
    return f"{value:g}" if isinstance(value, int | float) else repr(value) if known else "[...]"
