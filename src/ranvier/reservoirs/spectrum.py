"""Eigenvalues of a recurrent matrix: the spectral radius that scales it, and the whole spectrum for a look at it."""

from typing import Any

import numpy as np
from scipy.linalg import eigvals
from scipy.sparse import issparse
from scipy.sparse.linalg import ArpackNoConvergence, eigs
from threadpoolctl import threadpool_limits

SMALL = 100  # units up to which all eigenvalues are computed; ARPACK needs room beyond the ones it looks for
WANTED = 6  # of ARPACK, so that a conjugate pair and its neighbours are not cut apart


def spectral_radius(matrix: Any) -> float:
    """The largest absolute value of an eigenvalue, to about 1e-10; the same on any number of threads.

    ARPACK (implicitly restarted Arnoldi iteration) for more than 100 units, all eigenvalues where that does not converge, as on a ring,
    whose eigenvalues are all equally large. Power iteration would be off by some percent: the largest are often a complex pair.

    Args:
        matrix: [N, N], of scipy.sparse or dense.
    """
    units = int(matrix.shape[0])
    with threadpool_limits(1, "blas"):  # a sum shared among threads differs in its last bits
        if units > SMALL and (not issparse(matrix) or matrix.nnz < 0.2 * units * units):
            try:
                start = np.random.default_rng(0).normal(size=units)  # ARPACK's own is drawn anew in every call
                found = eigs(matrix, WANTED, which="LM", v0=start, return_eigenvectors=False, maxiter=300)
                return float(np.abs(found).max())
            except ArpackNoConvergence:
                pass
        return float(np.abs(_all(matrix)).max())


def eigenvalues(matrix: Any) -> np.ndarray:
    """All eigenvalues of a matrix [N, N], complex [N], the largest first. Takes N^3 operations: seconds at 1000 units."""
    found = _all(matrix)
    return found[np.argsort(-np.abs(found), kind="stable")]


def _all(matrix: Any) -> Any:
    with threadpool_limits(1, "blas"):
        return eigvals(matrix.toarray() if issparse(matrix) else np.asarray(matrix), check_finite=True)
