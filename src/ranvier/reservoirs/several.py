"""Several readouts of one reservoir, fitted at once on the same states."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ranvier.reservoirs.reservoir import Reservoir


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
            ValueError: targets and readouts are not of the same tasks.
        """
        if not self.readouts:
            raise ValueError('Several: no readout was given. Write Several(reservoir, {"task": Ridge()}).')
        if set(y) != set(self.readouts):
            raise ValueError(
                f"Several: targets are of {sorted(y)}, readouts of {sorted(self.readouts)}. Give one of each for every task."
            )
        task, *others = self.readouts
        base: Any = clone(self.reservoir)
        base.readout = clone(self.readouts[task])
        self.reservoir_ = base.fit(X, y[task])
        self.readouts_ = {task: base.readout_}
        if others:
            rows, kept = base.rows(X), self._kept(X)
            for other in others:
                targets = self._targets(y[other])
                readout: Any = clone(self.readouts[other])
                self.readouts_[other] = readout.fit(rows[kept], targets[kept])
        return self

    def predict(self, X: Any) -> dict[str, np.ndarray]:
        """Of each task the output, a row a sequence with pooling, else a row a step, one sequence behind the other."""
        check_is_fitted(self, "readouts_")
        rows = self.reservoir_.rows(X)
        return {task: readout.predict(rows) for task, readout in self.readouts_.items()}

    def score(self, X: Any, y: Mapping[str, Any]) -> dict[str, float]:
        """Of each task the readout's own score, over steps after the washout or over sequences."""
        check_is_fitted(self, "readouts_")
        rows, kept = self.reservoir_.rows(X), self._kept(X)
        return {
            task: readout.score(rows[kept], self._targets(y[task])[kept]) for task, readout in self.readouts_.items()
        }

    def _kept(self, X: Any) -> Any:
        """Which rows count: all with pooling, those after the washout else."""
        model = self.reservoir_
        return slice(None) if model.pooling_ is not None else model._kept(model._given(X))

    def _targets(self, y: Any) -> np.ndarray:
        pooled = self.reservoir_.pooling_ is not None
        return (
            np.asarray(y)
            if pooled or not isinstance(y, list | tuple)
            else np.concatenate([np.asarray(part) for part in y])
        )
