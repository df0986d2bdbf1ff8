"""Ridge regression in float64, by orthogonal factorisation of the state matrix wherever its conditioning asks for it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ranvier.reservoirs.readouts.constant import warn_of_constants
from ranvier.reservoirs.readouts.factor import Factor
from ranvier.reservoirs.readouts.held_out import held_out
from ranvier.reservoirs.readouts.solutions import solve_one

GRID = tuple(float(a) for a in np.logspace(-12, 4, 17))


def penalties(name: str, alpha: float | Sequence[float] | None, folds: int) -> tuple[float, ...]:
    """The penalties to choose from, `GRID` for None; refuses what is none. name: of the readout. folds: of the cross-validation."""
    alphas = tuple(float(a) for a in np.atleast_1d(np.asarray(GRID if alpha is None else alpha, np.float64)))
    if not alphas or not all(np.isfinite(a) and a >= 0 for a in alphas):
        raise ValueError(f"{name}: alpha must be at least 0, got {alpha}. Use for example alpha=1e-6.")
    if folds < 2:
        raise ValueError(f"{name}: folds must be at least 2, got {folds}.")
    return alphas


class Ridge(RegressorMixin, BaseEstimator):
    """Linear readout with a penalty on the size of its weights.

        minimise |Y - 1 b - S W|^2 + alpha |W|^2,   b not penalised

    Solved in float64 by QR factorisation of the state matrix, and by SVD for a choice among several alphas. S'S squares the condition
    number, and reservoir states are badly conditioned; so it is formed only for one alpha that is large enough, and its solution is then
    corrected with the residuals of S. Rows may come in blocks (`partial_fit`): what is kept is a triangle of (1 + N + K)^2 numbers.

    Args:
        alpha: the penalty; or several, the best of which is chosen by cross-validation on the training rows; None: 17 from 1e-12 to 1e4.
        folds: parts of the cross-validation. Parts are whole sequences where there are several, else stretches of time.

    Attributes:
        coef_: [N] or [K, N]. intercept_: number or [K].
        alpha_: the penalty used. errors_: mean squared error of each alpha in the cross-validation, None where there was no choice.

    Warns:
        alpha 0 and states of less than full rank; targets that are all the same.

    Source: Golub and Van Loan, Matrix Computations (4th ed.), sections 5.3 and 6.1; blocks of rows: section 6.5.
    """

    def __init__(self, alpha: float | Sequence[float] | None = None, *, folds: int = 5) -> None:
        self.alpha = alpha
        self.folds = folds

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, groups: np.ndarray | None = None) -> "Ridge":
        """X: [n, N]; y: [n] or [n, K]. groups: [n], which sequence each row is of; rows of a sequence stay in one fold."""
        states, targets = self._checked(X, y, reset=True)
        for fold in range(self._folds_for(len(states), groups)):
            chosen = self._part(fold, len(states), groups)
            self._add(states[chosen], targets[chosen], fold)
        return self._solve()

    def partial_fit(self, X: Any, y: Any) -> "Ridge":
        """Adds rows to those seen before and solves anew. Each call's rows are one stretch for the cross-validation."""
        self.accumulate(X, y)
        return self._solve()

    def accumulate(self, X: Any, y: Any) -> None:
        """Adds rows without solving; `finish` solves.

        Raises:
            ValueError: the readout comes from a file, which does not hold the rows that it has learned.
        """
        if hasattr(self, "coef_") and not hasattr(self, "_factors"):
            raise ValueError(
                f"{type(self).__name__}: a readout from a file does not know the rows that it was fitted to, so no others can be added to them. "
                "Fit it again with all rows, or use RLS(), which goes on from a file."
            )
        states, targets = self._checked(X, y, reset=not hasattr(self, "_factors"), least=1)
        several = len(self._alphas()) > 1
        self._add(states, targets, self._calls % self.folds if several else 0)

    def finish(self) -> "Ridge":
        """Solves for the rows accumulated so far."""
        return self._solve()

    def predict(self, X: Any) -> np.ndarray:
        """[n] or [n, K]."""
        check_is_fitted(self, "coef_")
        states: Any = validate_data(self, X, reset=False, dtype=np.float64)
        return self._output(states)

    def _output(self, states: np.ndarray) -> np.ndarray:
        return states @ self.coef_.T + self.intercept_

    def _alphas(self) -> tuple[float, ...]:
        return penalties(type(self).__name__, self.alpha, self.folds)

    def _checked(self, X: Any, y: Any, reset: bool, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
        found: Any = validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=np.float64,
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=least,
        )
        states, targets = found
        if reset:
            self._single, self._calls = targets.ndim == 1, 0
            self._factors: dict[int, Factor] = {}
            self._range = (targets.min(0), targets.max(0))
        self._range = (np.minimum(self._range[0], targets.min(0)), np.maximum(self._range[1], targets.max(0)))
        return states, targets.reshape(len(targets), -1).astype(np.float64)

    def _add(self, states: np.ndarray, targets: np.ndarray, fold: int) -> None:
        if fold not in self._factors:
            self._factors[fold] = Factor(states.shape[1], targets.shape[1])
        self._factors[fold].add(states, targets)
        self._calls += 1

    def _folds_for(self, rows: int, groups: np.ndarray | None) -> int:
        if len(self._alphas()) == 1:
            return 1
        return min(
            self.folds, rows if groups is None else len(np.unique(groups)) if len(np.unique(groups)) > 1 else rows
        )

    def _part(self, fold: int, rows: int, groups: np.ndarray | None) -> Any:
        folds = self._folds_for(rows, groups)
        if groups is None or len(np.unique(groups)) == 1:
            return slice(rows * fold // folds, rows * (fold + 1) // folds)
        return np.unique(groups, return_inverse=True)[1] % folds == fold

    def _solve(self) -> "Ridge":
        alphas, factors = self._alphas(), list(self._factors.values())
        warn_of_constants(type(self).__name__, *self._range)
        whole = Factor.joined(factors)
        self.errors_: Any = None
        if len(alphas) > 1 and len(factors) > 1:
            self.errors_ = sum(held_out(factors, fold, alphas) for fold in range(len(factors))) / whole.count
            self.alpha_ = alphas[int(np.argmin(self.errors_))]
        else:
            self.alpha_ = float(
                np.median(alphas)
            )  # of several the middle one, where one stretch leaves nothing to hold out
        weights, bias = solve_one(whole, self.alpha_)
        self.coef_, self.intercept_ = weights.T.copy(), bias
        if self._single:
            self.coef_, self.intercept_ = weights[:, 0], float(bias.item())
        return self
