"""`Fitted`: a reservoir that decides on samples and can be measured on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.energy import DEFAULT_BITS, NeuroBench
from ranvier.plotting.report import ReportData
from ranvier.training.inputs import Inputs
from ranvier.training.measure import Measured
from ranvier.training.outcome import Outcome
from ranvier.training.recipe import Recipe
from ranvier.training.reservoirs.report import report
from ranvier.training.reservoirs.sequences import sequences
from ranvier.training.reservoirs.votes import probabilities, votes
from ranvier.training.reservoirs.work import worked


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted reservoir and the recipe of its samples; a `Trained`."""

    model: Any
    recipe: Recipe

    @property
    def bits(self) -> int:
        """Of the quantised comparison; the model itself is in floating point."""
        return DEFAULT_BITS

    def decide(self, inputs: Inputs, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class [n] and probability [n, C] of the samples `index`."""
        return self._decided(sequences(inputs, index))

    def measure(self, inputs: Inputs, index: np.ndarray) -> Measured:
        """Decisions, firing rates and work on the samples `index`."""
        rows = sequences(inputs, index)
        layers, counts, passes = worked(self.model, rows)
        return Measured(*self._decided(rows), layers, len(rows), counts, passes)

    def neurobench(self, inputs: Inputs, index: np.ndarray) -> NeuroBench | None:
        """None: its definitions are of layers of torch."""
        return None

    def report(self, outcome: Outcome) -> ReportData:
        """Everything the report shows."""
        return report(outcome, self.model)

    def _decided(self, rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        found = votes(self.model, rows, len(self.recipe.classes))
        return found.argmax(1), probabilities(found)
