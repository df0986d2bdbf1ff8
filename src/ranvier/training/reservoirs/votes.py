"""What the output of a readout says of each class."""

from collections.abc import Sequence
from typing import Any

import numpy as np

SPREAD = 4.0  # of outputs near -1 and 1: probabilities are the soft maximum of the outputs times this


def votes(model: Any, rows: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Output of the readout for each class, [n, classes], wanted to be 1 for a sample's own and -1 for others; -1 for those it was not fitted to.

    Before samples that are shorter than what a model must remember, their first row is repeated.
    """
    least = model._first() + 1
    output = model.decision_function([np.vstack([part[:1]] * max(0, least - len(part)) + [part]) for part in rows])
    found = np.full((len(rows), classes), -1.0)
    found[:, model.classes_] = output if output.ndim == 2 else np.stack([-output, output], 1)
    return found


def probabilities(found: np.ndarray) -> np.ndarray:
    """Soft maximum of votes, [n, classes]."""
    weights = np.exp(SPREAD * (found - found.max(1, keepdims=True)))
    return weights / weights.sum(1, keepdims=True)
