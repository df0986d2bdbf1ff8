"""What a reservoir gets of a sample."""

import numpy as np

from ranvier.training.inputs import Inputs


def sequences(inputs: Inputs, index: np.ndarray) -> list[np.ndarray]:
    """The rows of each of the samples `index`, [T, features], of mean 0 and deviation 1: frames of the spoken part, or rows of a picture."""
    pictures = [np.asarray(inputs.picture(int(k)), np.float64) for k in index]
    return [(p - p.mean()) / max(float(p.std()), 1e-9) for p in pictures]
