"""Some neurons of a population: what `population[:100]` is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ranvier.simulation.population import Population


class PopulationView:
    """Neurons of one population, in rising order; made by `population[:100]`, `population[::10]`, `population[[3, 5]]`, `population[mask]`.

    It stands where a population stands in `connect`, `record`, `inject`, `initialize`, in the functions of a `Run` and in plots; its neurons are counted
    from 0. Two views of the same neurons are equal.
    """

    def __init__(self, population: "Population", neurons: NDArray[np.int64], name: str) -> None:
        self.population, self.neurons, self.name = population, neurons, name

    @property
    def n(self) -> int:
        """How many neurons."""
        return len(self.neurons)

    @property
    def model(self) -> Any:
        """That of the population."""
        return self.population.model

    @property
    def positions(self) -> NDArray[np.float64] | None:
        """Of its neurons, see `Network.add`."""
        return None if self.population.positions is None else self.population.positions[self.neurons]

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator["PopulationView"]:
        return (self[k] for k in range(self.n))

    def __getitem__(self, which: Any) -> "PopulationView":
        chosen, text = chosen_of(self.name, self.n, which)
        return PopulationView(self.population, self.neurons[chosen], f"{self.name}[{text}]")

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, PopulationView)
            and self.population is other.population
            and np.array_equal(self.neurons, other.neurons)
        )

    def __hash__(self) -> int:
        return hash((id(self.population), self.neurons.tobytes()))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.n:,} of {self.population.n:,} x {self.population.model!r}>"

    def inject(self, current: Any) -> "PopulationView":
        """A constant current into each of its neurons [A], a number or an array [n]; those of the others stay."""
        self.population.inject_some(self.neurons, current)
        return self

    def initialize(self, **states: Any) -> "PopulationView":
        """Where the states of its neurons start, as `Population.initialize`, which may say so for all before."""
        self.population.initialize_some(self.neurons, **states)
        return self


def chosen_of(name: str, n: int, which: Any) -> tuple[NDArray[np.int64], str]:
    """The numbers that an index of n neurons means, rising, and the index as text."""
    if isinstance(which, slice):
        return _sliced(name, n, which)
    array = np.asarray(which)
    if array.ndim == 0 and array.dtype.kind in "iu":
        k = int(array)
        if not -n <= k < n:
            raise IndexError(f"{name}[{k}]: it has {n} neurons, 0 to {n - 1}.")
        return np.array([k % n]), str(k)
    if array.ndim == 1 and array.dtype == bool:
        if len(array) != n:
            raise IndexError(f"{name}[...]: a mask must have one entry a neuron, {n}, got {len(array)}.")
        array = np.flatnonzero(array)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{name}[...]: expected a slice, whole numbers or a mask, got {which!r}. Write {name}[:100].")
    if not array.size:
        raise IndexError(f"{name}[...]: there is no neuron in it. Choose one at least.")
    if array.min() < 0 or array.max() >= n:
        raise IndexError(f"{name}[...]: neurons must lie in 0..{n - 1}, got {array.min()} to {array.max()}.")
    if (np.diff(array) <= 0).any():
        raise IndexError(
            f"{name}[...]: neurons must rise, each once. Use np.unique(neurons); for connections in another order, rv.Pairs."
        )
    return array.astype(np.int64), f"{array[0]}..{array[-1]}: {array.size} neurons"


def _sliced(name: str, n: int, which: slice) -> tuple[NDArray[np.int64], str]:
    text = ":".join("" if part is None else str(part) for part in (which.start, which.stop))
    text += "" if which.step is None else f":{which.step}"
    for edge in (which.start, which.stop):
        if edge is not None and not -n <= edge <= n:
            raise IndexError(f"{name}[{text}]: it has {n} neurons, so {edge} is out of range. Write {name}[:{n}].")
    if which.step is not None and which.step < 1:
        raise IndexError(
            f"{name}[{text}]: the step must be 1 or more, since the neurons of a view rise; got {which.step}."
        )
    chosen = np.arange(n)[which]
    if not chosen.size:
        raise IndexError(f"{name}[{text}]: there is no neuron in it; {name} has {n}, 0 to {n - 1}.")
    return chosen, text
