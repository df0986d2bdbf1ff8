"""Ridge regression and classification in float64, by orthogonal factorisation of the state matrix wherever its conditioning asks for it."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.linalg import get_lapack_funcs
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

_lapack: Any = get_lapack_funcs(("potrf", "pocon", "potrs"), (np.empty(0),))
dpotrf, dpocon, dpotrs = _lapack

WELL = 1e-13  # reciprocal condition number of S'S + alpha I down to which Cholesky's factor serves
GRID = tuple(float(a) for a in np.logspace(-12, 4, 17))


class _Factor:
    """R of a QR factorisation of [1, S, Y], built from blocks of rows: S'S in half the digits, without forming it.

    Memory is (1 + N + K)^2 however many rows have been added, once they are folded in. The part behind the first row and column belongs
    to the centred columns.
    """

    def __init__(self, states: int, targets: int) -> None:
        self.states, self.count, self.width = states, 0, 1 + states + targets
        self._blocks: list[np.ndarray] = []
        self._folded = False

    def add(self, s: np.ndarray, y: np.ndarray) -> None:
        """Rows s [n, N] and y [n, K]; folded into what is there if there is something."""
        block = np.empty((len(s), self.width))
        block[:, 0] = 1.0
        block[:, 1 : 1 + self.states] = s
        block[:, 1 + self.states :] = y
        self.count += len(s)
        self._blocks.append(block)
        self._folded = False
        if len(self._blocks) > 1:
            self._fold()

    @property
    def r(self) -> np.ndarray:
        """[at most 1 + N + K, 1 + N + K]."""
        self._fold()
        return self._blocks[0]

    def _fold(self) -> None:
        if not self._folded:
            self._blocks, self._folded = [_triangle(self._blocks)], True

    @property
    def rows(self) -> np.ndarray | None:
        """[1, S, Y] as they were added; None once they are folded in."""
        return None if self._folded else self._blocks[0]

    def penalised(self, alpha: float) -> np.ndarray:
        """R of the rows above sqrt(alpha) I under S: one factorisation where the rows have not been folded in yet."""
        rows = np.zeros((self.states, self.width))
        rows[np.arange(self.states), 1 + np.arange(self.states)] = np.sqrt(alpha)
        return _triangle([*self._blocks, rows])

    @staticmethod
    def joined(factors: "Sequence[_Factor]") -> "_Factor":
        """The factor of the rows of all."""
        if len(factors) == 1:
            return factors[0]
        found = _Factor(factors[0].states, factors[0].width - 1 - factors[0].states)
        found._blocks, found.count = [_triangle([f.r for f in factors])], sum(f.count for f in factors)
        found._folded = True
        return found

    def error(self, weights: np.ndarray, bias: np.ndarray) -> float:
        """Sum of squares of Y - 1 bias - S weights over the rows."""
        return float(np.square(self.r @ np.vstack([-bias[None], -weights, np.eye(len(bias))])).sum())

    def size(self) -> float:
        """Frobenius norm of what has been added."""
        return float(np.sqrt(sum(np.linalg.norm(block) ** 2 for block in self._blocks)))


def _triangle(blocks: list[np.ndarray]) -> np.ndarray:
    """R of the QR factorisation of blocks of rows. torch's LAPACK shares the work among its threads better than scipy's."""
    rows = blocks[0] if len(blocks) == 1 else np.vstack(blocks)
    return torch.linalg.qr(torch.from_numpy(rows), mode="r")[1].numpy()


class _Path:
    """Solutions for any alpha by the singular value decomposition of the centred states."""

    def __init__(self, factor: _Factor) -> None:
        self.n = factor.states
        self.top, centred = factor.r[0], torch.from_numpy(factor.r[1:, 1:])
        u, s, vt = torch.linalg.svd(centred[:, : self.n], full_matrices=False)
        self.s, self.vt = s.numpy(), vt.numpy()
        self.projected = (u.T @ centred[:, self.n :]).numpy()
        self.limit = float(np.finfo(np.float64).eps * self.n * self.s.max(initial=0.0))
        self.rank = int((self.s > self.limit).sum())

    def solve(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """Weights [N, K] and bias [K]; the smallest weights among the best, singular values of the size of rounding errors left out."""
        inverse = np.divide(self.s, self.s**2 + alpha, out=np.zeros_like(self.s), where=self.s > self.limit)
        weights = self.vt.T @ (inverse[:, None] * self.projected)
        return weights, _bias(self.top, weights)


def _bias(top: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of Y minus the mean of S times the weights; the first row of R holds the means times R[0, 0]."""
    n = len(weights)
    return (top[1 + n :] - top[1 : 1 + n] @ weights) / top[0]


def _solve_one(factor: _Factor, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights [N, K] and bias [K] for one alpha: by Cholesky's factor of S'S + alpha I where that is well conditioned, else by QR of the
    states above sqrt(alpha) I, and by SVD where alpha is below rounding errors."""
    n = factor.states
    if np.sqrt(alpha) <= 10 * np.finfo(np.float64).eps * factor.size():
        path = _Path(factor)
        if path.rank < n:
            warnings.warn(
                f"Ridge: the states have rank {path.rank} of {n} columns over {factor.count} rows, and alpha = {alpha:g} is too small to choose "
                "among the solutions; the smallest weights were taken. Use alpha=1e-8 or alpha=None, more steps, or fewer units.",
                stacklevel=4,
            )
        return path.solve(alpha)
    if factor.rows is not None:
        quick = _Normal(factor.rows[:, 1 : 1 + n], factor.rows[:, 1 + n :]).solve(alpha)
        if quick is not None:
            return quick
    r = factor.penalised(alpha)
    triangle, projected = torch.from_numpy(r[1 : 1 + n, 1 : 1 + n]), torch.from_numpy(r[1 : 1 + n, 1 + n :])
    weights = torch.linalg.solve_triangular(triangle, projected, upper=True).numpy()
    return weights, _bias(r[0], weights)


class _Normal:
    """Solutions by Cholesky's factor of S'S + alpha I, where they are as good as those of a QR factorisation.

    S'S has the square of the condition number, so a first solution has lost twice the digits. Residuals of S itself bring them back, as
    long as each correction is a small part of the one before; that is tried, not presumed.

    Source: Björck, Linear Algebra and its Applications 88/89 (1987) 31, corrected seminormal equations.
    """

    def __init__(self, states: np.ndarray, targets: np.ndarray) -> None:
        self.mean, self.level = states.mean(0), targets.mean(0)
        self.s, self.y = states - self.mean, targets - self.level
        self.gram = self.s.T @ self.s

    def solve(self, alpha: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Weights [N, K] and bias [K]; None where the conditioning asks for another way."""
        gram = self.gram.copy()
        gram[np.diag_indices_from(gram)] += alpha
        norm = np.abs(gram).sum(0).max()
        factor, failed = dpotrf(gram, lower=1, clean=0)
        if failed or dpocon(factor, norm, uplo="L")[0] < WELL:
            return None
        weights, before = np.zeros((self.s.shape[1], self.y.shape[1])), np.inf
        for step in range(8):
            residual = self.s.T @ (self.y - self.s @ weights) - alpha * weights
            correction = dpotrs(factor, residual, lower=1)[0]
            size = float(np.linalg.norm(correction))
            if step == 1 and size > 1e-2 * before:
                return None
            weights += correction
            if size >= 0.1 * before or size == 0.0:  # what is left is rounding
                break
            before = size
        return weights, self.level - self.mean @ weights


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
        """Adds rows without solving; `finish` solves."""
        states, targets = self._checked(X, y, reset=not hasattr(self, "_factors"))
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
        given = GRID if self.alpha is None else self.alpha
        alphas = tuple(float(a) for a in np.atleast_1d(np.asarray(given, np.float64)))
        if not alphas or not all(np.isfinite(a) and a >= 0 for a in alphas):
            raise ValueError(
                f"{type(self).__name__}: alpha must be at least 0, got {self.alpha}. Use for example alpha=1e-6."
            )
        if self.folds < 2:
            raise ValueError(f"{type(self).__name__}: folds must be at least 2, got {self.folds}.")
        return alphas

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        found: Any = validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=np.float64,
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=2 if reset else 1,
        )
        states, targets = found
        if reset:
            self._single, self._calls = targets.ndim == 1, 0
            self._factors: dict[int, _Factor] = {}
            self._range = (targets.min(0), targets.max(0))
        self._range = (np.minimum(self._range[0], targets.min(0)), np.maximum(self._range[1], targets.max(0)))
        return states, targets.reshape(len(targets), -1).astype(np.float64)

    def _add(self, states: np.ndarray, targets: np.ndarray, fold: int) -> None:
        if fold not in self._factors:
            self._factors[fold] = _Factor(states.shape[1], targets.shape[1])
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
        if np.any(self._range[0] == self._range[1]):
            warnings.warn(
                f"{type(self).__name__}: a target has the same value in all rows, so there is nothing to learn and the readout is a constant. "
                "Check y, or the washout.",
                stacklevel=3,
            )
        whole = _Factor.joined(factors)
        self.errors_: Any = None
        if len(alphas) > 1 and len(factors) > 1:
            self.errors_ = sum(_held_out(factors, fold, alphas) for fold in range(len(factors))) / whole.count
            self.alpha_ = alphas[int(np.argmin(self.errors_))]
        else:
            self.alpha_ = float(
                np.median(alphas)
            )  # of several the middle one, where one stretch leaves nothing to hold out
        weights, bias = _solve_one(whole, self.alpha_)
        self.coef_, self.intercept_ = weights.T.copy(), bias
        if self._single:
            self.coef_, self.intercept_ = weights[:, 0], float(bias.item())
        return self


def _solve_all(states: np.ndarray, targets: np.ndarray, alphas: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights [N, K] and bias [K] for each alpha; the decomposition for all of them only where one is badly conditioned."""
    normal = _Normal(states, targets)
    found = [normal.solve(alpha) for alpha in alphas]
    if any(one is None for one in found):
        factor = _Factor(states.shape[1], targets.shape[1])
        factor.add(states, targets)
        path = _Path(factor)
        return [path.solve(alpha) if one is None else one for alpha, one in zip(alphas, found, strict=True)]
    return [one for one in found if one is not None]


def _held_out(factors: list[_Factor], fold: int, alphas: Sequence[float]) -> np.ndarray:
    """Sum of squared errors on one fold of the solutions of the others, one for each alpha."""
    path = _Path(_Factor.joined([factor for k, factor in enumerate(factors) if k != fold]))
    return np.array([factors[fold].error(*path.solve(alpha)) for alpha in alphas])


def _left_out(states: np.ndarray, targets: np.ndarray, alphas: Sequence[float]) -> np.ndarray:
    """Output for every row of the solution without it, [alphas, n, K]: the residual divided by 1 - h, h the row's share in its own output.

    Source: Golub, Heath and Wahba, Technometrics 21 (1979), section 2.
    """
    centred, mean = torch.from_numpy(states - states.mean(0)), targets.mean(0)
    u, s, _ = (part.numpy() for part in torch.linalg.svd(centred, full_matrices=False))
    projected, outputs = u.T @ (targets - mean), np.empty((len(alphas), *targets.shape))
    kept = s > np.finfo(np.float64).eps * max(states.shape) * s.max(initial=0.0)
    for j, alpha in enumerate(alphas):
        shrunk = np.divide(s * s, s * s + alpha, out=np.zeros_like(s), where=kept)
        residual = targets - mean - u @ (shrunk[:, None] * projected)
        rest = 1.0 - np.square(u) @ shrunk - 1.0 / len(states)
        outputs[j] = targets - residual / np.maximum(rest, 1e-12)[:, None]
    return outputs


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
        alphas = Ridge(self.alpha, folds=self.folds or 5)._alphas()
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
            outputs = _left_out(states, targets, alphas)
        else:
            outputs = np.empty((len(alphas), *targets.shape))
            for held in self._held(index, groups if whole else None):
                for j, (weights, bias) in enumerate(_solve_all(states[~held], targets[~held], alphas)):
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
