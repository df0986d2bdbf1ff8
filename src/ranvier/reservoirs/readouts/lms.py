"""Least mean squares: the cheapest readout that learns row by row."""

import numpy as np

from ranvier.reservoirs.readouts.rls import OnlineReadout


class LMS(OnlineReadout):
    """Normalised least mean squares.

        w <- w + rate (y - w'x) x / (floor + x'x)

    A row costs 2 N operations. It learns slowly along directions in which the states hardly vary; `RLS` does not.

    Args:
        rate: in (0, 2); the step of a row of any size. epochs: how often `fit` goes through the rows. floor: keeps rows of zeros apart.

    Source: Haykin, Adaptive Filter Theory (4th ed.), table 6.1.
    """

    def __init__(self, *, rate: float = 0.5, epochs: int = 1, floor: float = 1e-8) -> None:
        self.rate = rate
        self.epochs = epochs
        self.floor = floor

    def _check_arguments(self) -> None:
        if not 0 < self.rate < 2:
            raise ValueError(
                f"LMS: rate must lie in (0, 2), got {self.rate}; beyond it the weights diverge. Use for example rate=0.5."
            )
        if self.epochs < 1:
            raise ValueError(f"LMS: epochs must be at least 1, got {self.epochs}.")

    def _begin(self, size: int, outputs: int) -> None:
        self.weights_ = np.zeros((size, outputs))

    def _learn(self, rows: np.ndarray, targets: np.ndarray) -> None:
        for _ in range(self.epochs):
            for row, target in zip(rows, targets, strict=True):
                step = self.rate * (target - row @ self.weights_) / (self.floor + row @ row)
                self.weights_ += np.outer(row, step)
