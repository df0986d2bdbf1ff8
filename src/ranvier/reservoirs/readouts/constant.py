"""Targets of which there is nothing to learn."""

import warnings

import numpy as np


def warn_of_constants(name: str, low: np.ndarray, high: np.ndarray) -> None:
    """Warns where the smallest and the largest value of a target are the same. name: of the readout, whose caller's caller is told."""
    if np.any(low == high):
        warnings.warn(
            f"{name}: a target has the same value in all rows, so there is nothing to learn and the readout is a constant. "
            "Check y, or the washout.",
            stacklevel=4,
        )
