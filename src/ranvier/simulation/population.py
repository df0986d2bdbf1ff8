"""A population: neurons of one model, or a source."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.checks import scalar
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.checking import numbers
from ranvier.simulation.distributions import Distribution
from ranvier.simulation.sources import PoissonSource, SpikeSource
from ranvier.simulation.timed import Timed
from ranvier.simulation.view import PopulationView, chosen_of


class Population:
    """`n` neurons of one model in a network; made by `Network.add`.

    excitatory: True where all its weights must be >= 0, False where they must be <= 0 (Dale's law), None for any. positions [n, 3]: where its neurons
    are, None for nowhere. `population[:100]`, `population[::10]`, `population[mask]` are some of its neurons, see `PopulationView`.
    """

    def __init__(
        self,
        n: int,
        model: Neuron | PoissonSource | SpikeSource,
        name: str,
        number: int,
        excitatory: bool | None,
        positions: NDArray[np.float64] | None = None,
    ) -> None:
        self.n, self.model, self.name, self.number, self.excitatory = n, model, name, number, excitatory
        self.positions = positions
        self.current: Any = 0.0
        self.timed: Timed | None = None  # a current that changes in time, in place of `current`
        self.starts: dict[str, Any] = {}
        self.some_starts: list[tuple[str, NDArray[np.int64], Any]] = []  # of views, in order

    @property
    def is_source(self) -> bool:
        """Whether it has no equations, so that nothing can be connected to it."""
        return not isinstance(self.model, Neuron)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, which: Any) -> PopulationView:
        neurons, text = chosen_of(self.name, self.n, which)
        return PopulationView(self, neurons, f"{self.name}[{text}]")

    def __repr__(self) -> str:
        return f"<{self.name}: {self.n:,} x {self.model!r}>"

    def initialize(self, **states: "float | Distribution | Any") -> "Population":
        """Where states start: a number, an array [n], or a distribution. States that are not named start at rest."""
        for key, value in states.items():
            self.starts[key] = self._start(key, value, self.n)
            self.some_starts = [some for some in self.some_starts if some[0] != key]
        return self

    def initialize_some(self, neurons: NDArray[np.int64], **states: Any) -> None:
        """As `initialize`, for some neurons."""
        for key, value in states.items():
            self.some_starts.append((key, neurons, self._start(key, value, len(neurons))))

    def inject(self, current: Any) -> "Population":
        """A current into each neuron [A]: a number or an array [n], constant, or `Timed`. It replaces one that was injected before; between runs too."""
        self._takes_current()
        self.timed = current if isinstance(current, Timed) else None
        self.current = 0.0 if self.timed else self._given("current", current, self.n)
        return self

    def inject_some(self, neurons: NDArray[np.int64], current: Any) -> None:
        """As `inject`, for some neurons; those of the others stay."""
        self._takes_current()
        if isinstance(current, Timed) or self.timed:
            raise TypeError(
                f"{self.name}: a current that changes in time goes to a whole population. Inject rv.Timed(values [T, {self.n}], dt), 0 for the others."
            )
        everywhere = np.full(self.n, 0.0) + self.current
        everywhere[neurons] = self._given("current", current, len(neurons))
        self.current = everywhere

    def _takes_current(self) -> None:
        model = self._equations("inject a current into")
        if not model.declaration.takes_input("dynamics"):
            raise ValueError(
                f"{self.name}: {type(model).__name__} takes no current in its dynamics. Use Network.drive."
            )

    def _start(self, key: str, value: Any, n: int) -> Any:
        model = self._equations("initialize")
        own = model.declaration.states
        if key not in own and "_" not in key:
            raise ValueError(f"{self.name}: {type(model).__name__} has no state {key}. It has: {', '.join(own)}.")
        return value if hasattr(value, "kind") else self._given(key, value, n)

    def _given(self, name: str, value: Any, n: int) -> Any:
        if np.ndim(value):
            return numbers(self.name, name, value, n)
        return float(numbers(self.name, name, [scalar(value)], 1)[0])

    def _equations(self, what: str) -> Neuron:
        if not isinstance(self.model, Neuron):
            raise TypeError(f"{self.name} is a source, which has no equations: nothing to {what}.")
        return self.model
