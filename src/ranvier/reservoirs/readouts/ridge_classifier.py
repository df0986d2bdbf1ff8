"""Ridge regression on labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ranvier.reservoirs.readouts.held_out import left_out
from ranvier.reservoirs.readouts.ridge import Ridge, penalties
from ranvier.reservoirs.readouts.solutions import solve_all


class RidgeClassifier(ClassifierMixin, BaseEstimator):
    """Ridge regression on one target a class, 1 for its rows and -1 for the others; the largest output wins.

    alpha: as in `Ridge`; the one with the fewest wrong rows in the cross-validation, the largest among equals.
    folds: of that cross-validation. None: leave one row out, in closed form, which costs one decomposition for all; but 5 folds of whole
    sequences where a sequence has several rows. A number: so many folds, of whole sequences or else with the same share of every class.

    Attributes:
        classes_: the labels. coef_: [classes, N], intercept_: [classes]; alpha_: the penalty used.

    Raises:
        ValueError: labels of one class only.
    """

    def __init__(self, alpha: float | Sequence[float] | None = None, *, folds: int | None = None) -> None:
        self.alpha = alpha
        self.folds = folds

    def fit(self, X: Any, y: Any, groups: np.ndarray | None = None) -> "RidgeClassifier":
        """X: [n, N]; y: [n], labels. groups: [n], which sequence each row is of."""
        found: Any = validate_data(self, X, y, dtype=np.float64)
        states, labels = found
        check_classification_targets(labels)
        self.classes_, index = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"RidgeClassifier: y holds one class only ({self.classes_[0]!r}), expected two or more. Give sequences of other classes too."
            )
        alphas = penalties(type(self).__name__, self.alpha, 5 if self.folds is None else self.folds)
        targets = 2.0 * np.eye(len(self.classes_))[index] - 1.0
        chosen = alphas[0] if len(alphas) == 1 else self._choose(states, targets, index, groups, alphas)
        ridge = Ridge(chosen).fit(states, targets)
        self.coef_, self.intercept_, self.alpha_ = ridge.coef_, np.asarray(ridge.intercept_), chosen
        return self

    def _choose(
        self,
        states: np.ndarray,
        targets: np.ndarray,
        index: np.ndarray,
        groups: np.ndarray | None,
        alphas: Sequence[float],
    ) -> float:
        """The alpha with the fewest wrong rows in the cross-validation."""
        whole = groups is not None and 1 < len(np.unique(groups)) < len(index)
        if self.folds is None and not whole:
            outputs = left_out(states, targets, alphas)
        else:
            outputs = np.empty((len(alphas), *targets.shape))
            for held in self._held(index, groups if whole else None):
                for j, (weights, bias) in enumerate(solve_all(states[~held], targets[~held], alphas)):
                    outputs[j, held] = states[held] @ weights + bias
        wrong = (outputs.argmax(2) != index).sum(1)
        self.errors_ = wrong / len(index)
        return max(alpha for alpha, count in zip(alphas, wrong, strict=True) if count == wrong.min())

    def _held(self, index: np.ndarray, groups: np.ndarray | None) -> list[np.ndarray]:
        """The rows of each fold, bool [n]."""
        folds = self.folds or 5
        if groups is not None:
            part = np.unique(groups, return_inverse=True)[1] % folds
            return [part == k for k in np.unique(part)]
        folds = min(folds, int(np.bincount(index).min()))
        if folds < 2:
            raise ValueError(
                "RidgeClassifier: a class with a single row cannot be held out. Use folds=None, or give alpha as a number."
            )
        split = StratifiedKFold(folds, shuffle=True, random_state=0).split(np.zeros(len(index)), index)
        return [np.isin(np.arange(len(index)), held) for _, held in split]

    def decision_function(self, X: Any) -> np.ndarray:
        """Output of each class, [n, classes]; of the second one alone where there are two, [n]."""
        check_is_fitted(self, "coef_")
        states: Any = validate_data(self, X, reset=False, dtype=np.float64)
        output = states @ self.coef_.T + self.intercept_
        return output[:, 1] if len(self.classes_) == 2 else output

    def predict(self, X: Any) -> np.ndarray:
        """Labels, [n]."""
        output = self.decision_function(X)
        return self.classes_[(output > 0).astype(int) if output.ndim == 1 else output.argmax(1)]
