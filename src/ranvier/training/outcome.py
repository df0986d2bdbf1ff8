"""`Outcome`: a run whose model was measured on its test samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.data.samples import Samples
from ranvier.data.splits import Split
from ranvier.training.inputs import Inputs
from ranvier.training.measure import Measured
from ranvier.training.runs import RunFolder


@dataclass(frozen=True, eq=False)
class Outcome:
    """All that a report is made of, besides the model. metrics: as `RunFolder.metrics` gives them; what is not in there is not told."""

    run: RunFolder
    samples: Samples
    inputs: Inputs
    parts: Split
    measured: Measured
    metrics: Mapping[str, Any]

    @property
    def y(self) -> np.ndarray:
        """Labels of the test samples."""
        return self.samples.y[self.parts.test]

    @property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """A row an epoch."""
        return self.metrics["epochs"]

    @property
    def final(self) -> Mapping[str, Any]:
        """The figures at the end."""
        return self.metrics["final"]

    @property
    def floor(self) -> float | None:
        """Accuracy of a linear model on the same features."""
        return self.final.get("linear_floor")

    @property
    def warnings(self) -> list[str]:
        """Diagnoses of the training."""
        return list(self.final.get("warnings", []))
