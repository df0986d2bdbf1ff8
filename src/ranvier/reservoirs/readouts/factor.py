"""R of a QR factorisation of states and targets, built from blocks of rows."""

from collections.abc import Sequence

import numpy as np
import torch

from ranvier.kernels.cpu.memory import buffer


class Factor:
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
        block = buffer((len(s), self.width), np.float64)
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
            self._blocks, self._folded = [triangle(self._blocks)], True

    @property
    def rows(self) -> np.ndarray | None:
        """[1, S, Y] as they were added; None once they are folded in."""
        return None if self._folded else self._blocks[0]

    def penalised(self, alpha: float) -> np.ndarray:
        """R of the rows above sqrt(alpha) I under S: one factorisation where the rows have not been folded in yet."""
        rows = np.zeros((self.states, self.width))
        rows[np.arange(self.states), 1 + np.arange(self.states)] = np.sqrt(alpha)
        return triangle([*self._blocks, rows])

    @staticmethod
    def joined(factors: "Sequence[Factor]") -> "Factor":
        """The factor of the rows of all."""
        if len(factors) == 1:
            return factors[0]
        found = Factor(factors[0].states, factors[0].width - 1 - factors[0].states)
        found._blocks, found.count = [triangle([f.r for f in factors])], sum(f.count for f in factors)
        found._folded = True
        return found

    def error(self, weights: np.ndarray, bias: np.ndarray) -> float:
        """Sum of squares of Y - 1 bias - S weights over the rows."""
        return float(np.square(self.r @ np.vstack([-bias[None], -weights, np.eye(len(bias))])).sum())

    def size(self) -> float:
        """Frobenius norm of what has been added."""
        return float(np.sqrt(sum(np.einsum("ij,ij->", block, block) for block in self._blocks)))


def triangle(blocks: list[np.ndarray]) -> np.ndarray:
    """R of the QR factorisation of blocks of rows. torch's LAPACK shares the work among its threads better than scipy's."""
    rows = blocks[0] if len(blocks) == 1 else np.vstack(blocks)
    return torch.linalg.qr(torch.from_numpy(rows), mode="r")[1].numpy()
