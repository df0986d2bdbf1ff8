"""Which unit drives which, with what weight: the recurrent matrix of a reservoir before it is scaled.

`Sparse`, `Orthogonal`, `Cycle` and `Given`; each is a small value with one method, `draw`. Your own is a class with that method.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_array, issparse
from threadpoolctl import threadpool_limits


class Topology(Protocol):
    """Anything that draws a recurrent matrix."""

    def draw(self, units: int, rng: np.random.Generator) -> csr_array:
        """The matrix [units, units], row i holding the weights of the links into unit i."""
        ...


@dataclass(frozen=True)
class Sparse:
    """Random links: every unit listens to `connections` others (or itself), drawn without repetition; weights U(-1, 1).

    Where there are fewer units, it listens to all.
    """

    connections: int = 10

    def __post_init__(self) -> None:
        if self.connections < 1:
            raise ValueError(
                f"Sparse: connections must be at least 1, got {self.connections}. Write Sparse(connections=10)."
            )

    def draw(self, units: int, rng: np.random.Generator) -> csr_array:
        each = min(self.connections, units)
        # The `each` smallest of random numbers are a draw without repetition; blocks of rows, so that memory stays small.
        rows = max(1, 10_000_000 // units)
        columns = np.concatenate(
            [
                np.sort(rng.random((min(rows, units - k), units)).argpartition(each - 1, axis=1)[:, :each], axis=1)
                for k in range(0, units, rows)
            ]
        )
        values = rng.uniform(-1, 1, columns.size)
        return csr_array((values, columns.ravel(), np.arange(units + 1) * each), shape=(units, units))


@dataclass(frozen=True)
class Orthogonal:
    """A random rotation, uniform over all orthogonal matrices: no direction of the state fades faster than another.

    Dense, so a step costs units^2. Source: White, Lee and Sompolinsky, Physical Review Letters 92 (2004); draw: Mezzadri, Notices of the
    AMS 54 (2007).
    """

    def draw(self, units: int, rng: np.random.Generator) -> csr_array:
        with threadpool_limits(1, "blas"):  # a sum shared among threads differs in its last bits
            q, r = np.linalg.qr(rng.normal(size=(units, units)))
        return csr_array(q * np.sign(np.diag(r)))


@dataclass(frozen=True)
class Cycle:
    """A ring: unit i listens to unit i - 1 alone, all weights 1. Source: Rodan and Tino, IEEE Transactions on Neural Networks 22 (2011)."""

    def draw(self, units: int, rng: np.random.Generator) -> csr_array:
        before = np.roll(np.arange(units), 1)
        return csr_array((np.ones(units), before, np.arange(units + 1)), shape=(units, units))


@dataclass(frozen=True, eq=False)
class Given:
    """Your own matrix [units, units], dense or of scipy.sparse: entry (i, j) is the link from unit j to unit i."""

    matrix: Any

    def draw(self, units: int, rng: np.random.Generator) -> csr_array:
        found: Any = csr_array(
            self.matrix if issparse(self.matrix) else np.asarray(self.matrix, np.float64), dtype=np.float64
        )
        if found.shape != (units, units):
            raise ValueError(
                f"Given: the matrix has shape {found.shape}, the reservoir {units} units. Use units={found.shape[0]}."
            )
        if not np.isfinite(found.data).all():
            raise ValueError("Given: the matrix holds NaN or inf. Find them with np.isfinite(matrix).")
        found.sort_indices()
        return found


def links(matrix: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """The matrix as lists of equal length: weight [N, K] and source [N, K], int32; missing links have weight 0 and source 0."""
    each = np.diff(matrix.indptr)
    width = int(each.max(initial=0))
    weight, source = np.zeros((len(each), width)), np.zeros((len(each), width), np.int32)
    filled = np.arange(width) < each[:, None]
    weight[filled], source[filled] = matrix.data, matrix.indices
    return weight, source
