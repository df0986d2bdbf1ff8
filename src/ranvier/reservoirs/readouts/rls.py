"""Recursive least squares with forgetting: a readout that learns row by row."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ranvier.kernels.cpu.compile import kernel
from ranvier.reservoirs.readouts.constant import warn_of_constants


def recursive_least_squares(
    rows: np.ndarray, targets: np.ndarray, weights: np.ndarray, inverse: np.ndarray, forgetting: float
) -> np.ndarray:
    """Updates weights [M, K] and inverse [M, M] by rows [n, M] and targets [n, K]; returns the outputs before each update, [n, K].

    Raises:
        ValueError: shapes that do not belong together, as a made-up file may hold them.
    """
    size, outputs = rows.shape[1], targets.shape[1]
    if weights.shape != (size, outputs) or inverse.shape != (size, size):
        raise ValueError(
            f"recursive least squares: weights {weights.shape} and inverse {inverse.shape} are not those of rows of {size} and {outputs} targets. "
            "Fit the readout anew."
        )
    return _update(rows, targets, weights, inverse, forgetting)


@kernel
def _update(rows, targets, weights, inverse, forgetting):
    """See `recursive_least_squares`."""
    steps, size = rows.shape
    outputs = targets.shape[1]
    before = np.empty((steps, outputs))
    gain = np.empty(size)
    for t in range(steps):
        norm = forgetting
        for i in range(size):
            total = 0.0
            for j in range(size):
                total += inverse[i, j] * rows[t, j]
            gain[i] = total
        for i in range(size):
            norm += rows[t, i] * gain[i]
        for k in range(outputs):
            total = 0.0
            for i in range(size):
                total += weights[i, k] * rows[t, i]
            before[t, k] = total
            error = targets[t, k] - total
            for i in range(size):
                weights[i, k] += gain[i] / norm * error
        share = 1.0 / norm
        # the product of two gains first: symmetric in rounded arithmetic too, else what is not grows with every row
        for i in range(size):
            for j in range(size):
                inverse[i, j] = (inverse[i, j] - gain[i] * gain[j] * share) / forgetting
    return before


class OnlineReadout(RegressorMixin, BaseEstimator):
    """Base of linear readouts that learn row by row. A subclass defines `_begin` and `_learn`; a constant 1 is the last column of a row."""

    weights_: np.ndarray

    def _begin(self, size: int, outputs: int) -> None:
        """Weights for rows of so many columns before the first row."""
        raise TypeError(f"{type(self).__name__} defines no _begin(self, size, outputs).")

    def _learn(self, rows: np.ndarray, targets: np.ndarray) -> None:
        """Rows [n, M], one after the other."""
        raise TypeError(f"{type(self).__name__} defines no _learn(self, rows, targets).")

    def _check_arguments(self) -> None:
        """Refuses arguments out of range."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Any:
        """Forgets what it knew and learns from rows X [n, N] and targets y [n] or [n, K], in order."""
        self._take(X, y, True)
        return self.finish()

    def partial_fit(self, X: Any, y: Any) -> Any:
        """Learns from further rows."""
        return self._take(X, y, not hasattr(self, "weights_"))

    def finish(self) -> Any:
        """After the last rows: warns of a target that has been the same in all of them."""
        warn_of_constants(type(self).__name__, *self._range)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """[n] or [n, K]."""
        check_is_fitted(self, "weights_")
        states: Any = validate_data(self, X, reset=False, dtype=np.float64)
        return self._output(states)

    @property
    def coef_(self) -> np.ndarray:
        """[N] or [K, N]."""
        return self.weights_[:-1, 0] if self.single_ else self.weights_[:-1].T

    @property
    def intercept_(self) -> Any:
        """A number or [K]."""
        return float(self.weights_[-1, 0]) if self.single_ else self.weights_[-1]

    def _output(self, states: np.ndarray) -> np.ndarray:
        output = states @ self.weights_[:-1] + self.weights_[-1]
        return output[:, 0] if self.single_ else output

    def _take(self, X: Any, y: Any, anew: bool) -> Any:
        self._check_arguments()
        found: Any = validate_data(self, X, y, reset=anew, dtype=np.float64, multi_output=True, y_numeric=True)
        states, targets = found
        flat = np.ascontiguousarray(targets.reshape(len(targets), -1), np.float64)
        if anew:
            self.single_ = targets.ndim == 1
            self._begin(states.shape[1] + 1, flat.shape[1])
        low, high = (flat, flat) if anew else getattr(self, "_range", (flat, flat))
        self._range = np.vstack([low, flat]).min(0), np.vstack([high, flat]).max(0)
        self._learn(np.hstack([states, np.ones((len(states), 1))]), flat)
        if not np.isfinite(self.weights_).all():
            raise ValueError(f"{type(self).__name__}: the weights diverge. {self._remedy}")
        return self

    _remedy = "Lower the rate."


class RLS(OnlineReadout):
    """Recursive least squares with forgetting.

        k = P x / (forgetting + x'P x),  w <- w + k (y - w'x),  P <- (P - k x'P) / forgetting,  P(0) = 1/alpha

    After n rows with forgetting 1 these are the weights of ridge regression with penalty alpha (on the constant too). With less, a row that
    lies k steps back counts forgetting^k: about the last 1 / (1 - forgetting) rows matter. A row costs about 3 N^2 operations.

    Args:
        forgetting: in (0, 1]. alpha: penalty at the start, above 0.

    Source: Haykin, Adaptive Filter Theory (4th ed.), table 9.1.
    """

    def __init__(self, *, forgetting: float = 1.0, alpha: float = 1e-6) -> None:
        self.forgetting = forgetting
        self.alpha = alpha

    _remedy = (
        "Use a forgetting nearer to 1, or a larger alpha: without new directions in the states P grows without bound."
    )

    def _check_arguments(self) -> None:
        if not 0 < self.forgetting <= 1:
            raise ValueError(
                f"RLS: forgetting must lie in (0, 1], got {self.forgetting}. Use for example forgetting=0.999."
            )
        if not self.alpha > 0:
            raise ValueError(f"RLS: alpha must be above 0, got {self.alpha}. Use for example alpha=1e-6.")

    def _begin(self, size: int, outputs: int) -> None:
        self.weights_, self.inverse_ = np.zeros((size, outputs)), np.eye(size) / self.alpha

    def _learn(self, rows: np.ndarray, targets: np.ndarray) -> None:
        recursive_least_squares(rows, targets, self.weights_, self.inverse_, float(self.forgetting))
