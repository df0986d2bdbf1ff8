"""Currents and rates while a network runs: those that change in time as tables that the kernels read, a row a step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ranvier.kernels.cpu.population import ALIKE, EACH, update_kernel
from ranvier.simulation.memory import Placed
from ranvier.simulation.sources import PoissonSource
from ranvier.simulation.timed import Timed


@dataclass(eq=False)
class _Table:
    """What changes in a population. common: the numbers that stand before its table."""

    placed: Placed
    timed: Timed
    width: int
    common: np.ndarray


class Inputs:
    """The currents and rates of all populations. values: their common numbers, see `memory.place`."""

    def __init__(self, placed: Sequence[Placed], values: np.ndarray, dt: float) -> None:
        self.placed, self.values, self.dt = placed, values, dt
        self.currents = [p.population.current for p in placed]
        self.tables = [made for p in placed if (made := self._table(p)) is not None]

    def _table(self, p: Placed) -> _Table | None:
        model, loop = p.population.model, p.loop
        if loop is not None and p.population.timed is not None:
            timed, size = p.population.timed, sum(c not in p.layout.each for c in loop.coefficients)
            width = self._width(p, timed, "current")
            p.layout = replace(p.layout, timed=ALIKE if width == 1 else EACH)
            p.kernel = update_kernel(loop, p.layout)
            return _Table(p, timed, width, self.values[p.numbers : p.numbers + size])
        if isinstance(model, PoissonSource) and isinstance(model.rate, Timed):
            width = self._width(p, model.rate, "rate")
            return _Table(p, model.rate, width, np.array([width], self.values.dtype))
        return None

    def _width(self, p: Placed, timed: Timed, what: str) -> int:
        width = timed.width(self.dt)
        if width not in (1, p.n):
            raise ValueError(
                f"{p.population.name}: a {what} over time must be [T] or [T, {p.n}], one for each neuron, got {width} neurons in {timed!r}."
            )
        return width

    def ready(self, begin: int, end: int, data: np.ndarray, populations: np.ndarray, column: int) -> np.ndarray:
        """The common numbers for steps [begin, end), with a table of them where something changes; writes where they stand into populations[:, column].

        A current that was injected since is taken over.
        """
        self._changed(data)
        if not self.tables:
            return self.values
        steps, at = end - begin, len(self.values)
        values = np.empty(at + sum(len(t.common) + 1 + steps * t.width for t in self.tables), self.values.dtype)
        values[:at] = self.values
        for t in self.tables:
            rows = t.timed.table(begin, end, self.dt)
            if isinstance(t.placed.population.model, PoissonSource):
                rows = t.placed.population.model.chances(rows, begin, self.dt)
            populations[t.placed.population.number, column] = at
            own, at = values[at:], at + len(t.common) + 1 + rows.size
            own[: len(t.common)], own[len(t.common)] = t.common, steps
            # step k stands in row k % steps
            table, first = own[len(t.common) + 1 :][: rows.size].reshape(rows.shape), begin % steps
            table[first:], table[:first] = rows[: steps - first], rows[steps - first :]
        return values

    def _changed(self, data: np.ndarray) -> None:
        for k, p in enumerate(self.placed):
            population, loop = p.population, p.loop
            table = next((t for t in self.tables if t.placed is p), None)
            if loop is None or (population.timed is None and population.current is self.currents[k] and table is None):
                continue
            if (table is None) != (population.timed is None):
                raise ValueError(self._other(p, "a constant" if table is None else "rv.Timed"))
            if table is not None and population.timed is not None:
                if population.timed is not table.timed and population.timed.width(self.dt) != table.width:
                    raise ValueError(self._other(p, f"rv.Timed of {table.width} numbers a step"))
                table.timed = population.timed
            elif p.layout.current:
                p.write(data, p.layout.fields - 1, population.current)
            elif np.ndim(population.current):
                raise ValueError(self._other(p, "one number for all neurons"))
            else:
                self.values[p.numbers + sum(c not in p.layout.each for c in loop.coefficients)] = population.current
            self.currents[k] = population.current

    def _other(self, p: Placed, what: str) -> str:
        return (
            f"{p.population.name}: the network was built with {what} as its current, and can go on with others of this kind alone. "
            "Inject what changes before the first run."
        )
