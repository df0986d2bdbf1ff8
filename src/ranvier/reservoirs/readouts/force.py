"""FORCE learning: recursive least squares inside the loop from the output back into the reservoir."""

from typing import Any

import numpy as np

from ranvier.reservoirs.readouts.rls import OnlineReadout, recursive_least_squares


class FORCE(OnlineReadout):
    """First-order reduced and controlled error. For a reservoir with `feedback=True`.

    The reservoir runs on its own output from the first step on, and RLS keeps that output near the target all the while; so what it learns
    is stable when it is left alone, and a chaotic reservoir (spectral radius above 1) is tamed. With feedback of the true targets instead
    (teacher forcing, any other readout) errors can grow in a free run.

    Args:
        alpha: 1/P(0), above 0; a slower start where it is larger. every: steps between two updates. epochs: how often the training
            sequences are run through.

    Outside a reservoir it is RLS without forgetting, every `every`-th row.

    Source: Sussillo and Abbott, Neuron 63 (2009), equations 2 to 5.
    """

    def __init__(self, *, alpha: float = 1.0, every: int = 1, epochs: int = 1) -> None:
        self.alpha = alpha
        self.every = every
        self.epochs = epochs

    _remedy = "Use a larger alpha."

    def _check_arguments(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"FORCE: alpha must be above 0, got {self.alpha}. Use for example alpha=1.0.")
        if self.every < 1 or self.epochs < 1:
            raise ValueError(f"FORCE: every and epochs must be at least 1, got {self.every} and {self.epochs}.")

    def _begin(self, size: int, outputs: int) -> None:
        self.weights_, self.inverse_, self.steps_ = np.zeros((size, outputs)), np.eye(size) / self.alpha, 0

    def _learn(self, rows: np.ndarray, targets: np.ndarray) -> None:
        for _ in range(self.epochs):
            recursive_least_squares(rows[:: self.every], targets[:: self.every], self.weights_, self.inverse_, 1.0)

    def advance(self, state: np.ndarray, target: np.ndarray, learning: bool) -> np.ndarray:
        """One step of the loop: the output [1, K] for a state [1, N], then an update towards the target [1, K] if it is time for one."""
        if not hasattr(self, "weights_"):
            self._check_arguments()
            self.n_features_in_, self.single_ = state.shape[1], False
            self._begin(state.shape[1] + 1, target.shape[1])
        output = self._output(state)
        self.steps_ += 1
        if learning and self.steps_ % self.every == 0:
            row = np.hstack([state, np.ones((1, 1))])
            recursive_least_squares(row, target, self.weights_, self.inverse_, 1.0)
        return output

    def settle(self, single: bool) -> Any:
        """Ends the loop. single: whether targets were flat."""
        if not np.isfinite(self.weights_).all():
            raise ValueError(f"FORCE: the weights diverge. {self._remedy}")
        self.single_ = single
        return self
