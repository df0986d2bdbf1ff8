"""A population: neurons of one model, or a source."""

from typing import Any

import numpy as np
from torch import Tensor

from ranvier.neurons.neuron import Neuron
from ranvier.simulation.checking import numbers
from ranvier.simulation.distributions import Distribution
from ranvier.simulation.sources import PoissonSource, SpikeSource


class Population:
    """`n` neurons of one model in a network; made by `Network.add`.

    excitatory: True where all its weights must be >= 0, False where they must be <= 0 (Dale's law), None for any.
    """

    def __init__(
        self, n: int, model: Neuron | PoissonSource | SpikeSource, name: str, number: int, excitatory: bool | None
    ) -> None:
        self.n, self.model, self.name, self.number, self.excitatory = n, model, name, number, excitatory
        self.current: Any = 0.0
        self.starts: dict[str, Any] = {}

    @property
    def is_source(self) -> bool:
        """Whether it has no equations, so that nothing can be connected to it."""
        return not isinstance(self.model, Neuron)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"<{self.name}: {self.n:,} x {self.model!r}>"

    def initialize(self, **states: "float | Distribution | Any") -> "Population":
        """Where states start: a number, an array [n], or a distribution. States that are not named start at rest."""
        model = self._equations("initialize")
        for key, value in states.items():
            own = model.declaration.states
            if key not in own and "_" not in key:
                raise ValueError(f"{self.name}: {type(model).__name__} has no state {key}. It has: {', '.join(own)}.")
            self.starts[key] = value if hasattr(value, "kind") else self._given(key, value)
        return self

    def inject(self, current: Any) -> "Population":
        """A constant current into each neuron [A]: a number, or an array [n]. It replaces one that was injected before."""
        model = self._equations("inject a current into")
        if not model.declaration.takes_input("dynamics"):
            raise ValueError(
                f"{self.name}: {type(model).__name__} takes no current in its dynamics. Use Network.drive."
            )
        self.current = self._given("current", current)
        return self

    def _given(self, name: str, value: Any) -> Any:
        if isinstance(value, Tensor):
            value = value.detach().cpu().numpy()
        return (
            numbers(self.name, name, value, self.n)
            if np.ndim(value)
            else float(numbers(self.name, name, [value], 1)[0])
        )

    def _equations(self, what: str) -> Neuron:
        if not isinstance(self.model, Neuron):
            raise TypeError(f"{self.name} is a source, which has no equations: nothing to {what}.")
        return self.model
