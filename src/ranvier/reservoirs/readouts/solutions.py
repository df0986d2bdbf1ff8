"""Solutions of ridge regression, each way where it is exact enough: Cholesky's factor with corrections, QR, singular values."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from ranvier.reservoirs.readouts.factor import Factor

# All from one library: two, whose threads wait awake for more work, get into each other's way.
_blas: Any = get_blas_funcs(("syrk", "gemm"), (np.empty(0),))
_lapack: Any = get_lapack_funcs(("potrf", "pocon", "potrs"), (np.empty(0),))
dsyrk, dgemm = _blas
dpotrf, dpocon, dpotrs = _lapack

WELL = 1e-13  # reciprocal condition number of S'S + alpha I down to which Cholesky's factor serves
EXACT = 4 * np.finfo(np.float64).eps  # a correction of this share changes last digits alone


class Normal:
    """Solutions by Cholesky's factor of S'S + alpha I, where they are as good as those of a QR factorisation.

    S'S has the square of the condition number, so a first solution has lost twice the digits. Residuals of S itself bring them back, as
    long as each correction is a small part of the one before; that is tried, not presumed.

    Source: Björck, Linear Algebra and its Applications 88/89 (1987) 31, corrected seminormal equations.
    """

    def __init__(self, rows: np.ndarray, states: int) -> None:
        """rows: [1, S, Y] as `Factor` keeps them. states: columns of S."""
        self.columns, self.n = rows.T, states
        whole = dsyrk(1.0, self.columns, lower=1)  # the lower triangle, the first column of which are sums
        self.mean = whole[1:, 0] / whole[0, 0]
        self.gram = whole[1 : 1 + states, 1 : 1 + states] - np.outer(self.mean[:states], whole[1 : 1 + states, 0])
        targets = whole[1 + states :, 1 : 1 + states] - np.outer(self.mean[states:], whole[1 : 1 + states, 0])
        self.moment = targets.T

    def solve(self, alpha: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Weights [N, K] and bias [K]; None where the conditioning asks for another way."""
        gram = self.gram.copy(order="K")
        gram[np.diag_indices_from(gram)] += alpha
        norm = np.trace(gram)  # of the size of its norm
        factor, failed = dpotrf(gram, lower=1, clean=0, overwrite_a=1)
        if failed or dpocon(factor, norm, uplo="L")[0] < WELL:
            return None
        weights = dpotrs(factor, self.moment, lower=1)[0]
        before = float(np.linalg.norm(weights))
        for step in range(8):
            rest = np.vstack([-self._bias(weights)[None], -weights, np.eye(weights.shape[1])])
            residual = dgemm(1.0, self.columns, rest, trans_a=1)
            slope = dgemm(1.0, self.columns[: 1 + self.n], residual)
            correction = dpotrs(factor, slope[1:] - np.outer(self.mean[: self.n], slope[0]) - alpha * weights, lower=1)[
                0
            ]
            size = float(np.linalg.norm(correction))
            if step == 0 and size > 1e-2 * before:
                return None
            weights += correction
            if size >= 0.1 * before or size <= EXACT * np.linalg.norm(weights):  # what is left is rounding
                break
            before = size
        return weights, self._bias(weights)

    def _bias(self, weights: np.ndarray) -> np.ndarray:
        return self.mean[self.n :] - self.mean[: self.n] @ weights


class Path:
    """Solutions for any alpha by the singular value decomposition of the centred states."""

    def __init__(self, factor: Factor) -> None:
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
        return weights, bias(self.top, weights)


def bias(top: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of Y minus the mean of S times the weights; the first row of R holds the means times R[0, 0]."""
    n = len(weights)
    return (top[1 + n :] - top[1 : 1 + n] @ weights) / top[0]


def solve_one(factor: Factor, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights [N, K] and bias [K] for one alpha: by Cholesky's factor of S'S + alpha I where that is well conditioned, else by QR of the
    states above sqrt(alpha) I, and by SVD where alpha is below rounding errors."""
    n = factor.states
    if np.sqrt(alpha) <= 10 * np.finfo(np.float64).eps * factor.size():
        path = Path(factor)
        if path.rank < n:
            warnings.warn(
                f"Ridge: the states have rank {path.rank} of {n} columns over {factor.count} rows, and alpha = {alpha:g} is too small to choose "
                "among the solutions; the smallest weights were taken. Use alpha=1e-8 or alpha=None, more steps, or fewer units.",
                stacklevel=4,
            )
        return path.solve(alpha)
    if factor.rows is not None:
        quick = Normal(factor.rows, n).solve(alpha)
        if quick is not None:
            return quick
    r = factor.penalised(alpha)
    triangle, projected = torch.from_numpy(r[1 : 1 + n, 1 : 1 + n]), torch.from_numpy(r[1 : 1 + n, 1 + n :])
    weights = torch.linalg.solve_triangular(triangle, projected, upper=True).numpy()
    return weights, bias(r[0], weights)


def solve_all(states: np.ndarray, targets: np.ndarray, alphas: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights [N, K] and bias [K] for each alpha; the decomposition for all of them only where one is badly conditioned."""
    factor = Factor(states.shape[1], targets.shape[1])
    factor.add(states, targets)
    assert factor.rows is not None
    normal = Normal(factor.rows, factor.states)
    found = [normal.solve(alpha) for alpha in alphas]
    if any(one is None for one in found):
        path = Path(factor)
        return [path.solve(alpha) if one is None else one for alpha, one in zip(alphas, found, strict=True)]
    return [one for one in found if one is not None]
