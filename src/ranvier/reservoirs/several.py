"""Several readouts of one reservoir, fitted at once on the same states."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted

from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.sequences import sequence_targets, step_targets


class Several(BaseEstimator):
    """One reservoir, many tasks: sequences go through it once, and every task has a readout of its own.

    reservoir: not fitted yet; its own readout counts for nothing. readouts: a readout of scikit-learn or `reservoirs.readouts` for each task.

    >>> import numpy as np
    >>> from ranvier.reservoirs import EchoState, Ridge, Several
    >>> x = np.random.default_rng(0).normal(size=(100, 1))
    >>> both = Several(EchoState(50), {"last": Ridge(1e-6), "before": Ridge(1e-6)})
    >>> found = both.fit(x, {"last": x[:, 0], "before": np.r_[0, x[:-1, 0]]}).predict(x)
    >>> {task: y.shape for task, y in found.items()}
    {'last': (100,), 'before': (100,)}
    """

    def __init__(self, reservoir: Reservoir, readouts: Mapping[str, Any]) -> None:
        self.reservoir = reservoir
        self.readouts = readouts

    def fit(self, X: Any, y: Mapping[str, Any]) -> "Several":
        """X: as in `Reservoir`; y: for each task its targets, all for steps, or all for sequences where the reservoir pools.

        Raises:
            ValueError: targets and readouts are not of the same tasks; feedback; see `Reservoir.fit`.
        """
        if not self.readouts:
            raise ValueError('Several: no readout was given. Write Several(reservoir, {"task": Ridge()}).')
        if set(y) != set(self.readouts):
            raise ValueError(
                f"Several: targets are of {sorted(y)}, readouts of {sorted(self.readouts)}. Give one of each for every task."
            )
        if self.reservoir.feedback:
            raise ValueError(
                "Several: with feedback a reservoir follows the output of one readout. Fit a reservoir of its own for each task."
            )
        fitted = {task: clone(readout) for task, readout in self.readouts.items()}
        task, *others = fitted
        base: Any = clone(self.reservoir)
        base.readout = clone(fitted[task])
        base._others = [(fitted[other], y[other]) for other in others]
        base.fit(X, y[task])
        del base._others
        self.reservoir_, self.readouts_ = base, {**fitted, task: base.readout_}
        return self

    def predict(self, X: Any) -> dict[str, np.ndarray]:
        """Of each task the output, a row a sequence with pooling, else a row a step, one sequence behind the other."""
        check_is_fitted(self, "readouts_")
        model = self.reservoir_
        readers = [model._with(readout)._output for readout in self.readouts_.values()]
        return dict(zip(self.readouts_, model._each_read(model._given(X), readers), strict=True))

    def score(self, X: Any, y: Mapping[str, Any]) -> dict[str, float]:
        """Of each task the share of right labels, or R^2, over steps after the washout or over sequences."""
        model, found = self.reservoir_, self.predict(X)
        x = model._given(X)
        pooled = model.pooling_ is not None
        kept, read = (slice(None), sequence_targets) if pooled else (model._kept(x), step_targets)
        measures = {
            task: accuracy_score if is_classifier(readout) else r2_score for task, readout in self.readouts_.items()
        }
        return {
            task: float(measure(read(f"Several, task {task}", x, y[task])[kept], found[task][kept]))
            for task, measure in measures.items()
        }
