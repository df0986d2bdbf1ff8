"""Membrane decoders: the class whose readout neuron was driven highest."""

import torch
from torch import Tensor

from ranvier.checks import floating_range, output_shape
from ranvier.decoders.ties import best_class


def max_membrane(v: Tensor) -> Tensor:
    """Class with the highest membrane potential at any time.

        class = argmax_c max_t v[t, c]

    Ties go to the higher potential after the last step, then to the lowest index.

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.

    Returns:
        Classes, int64, shape [B]; -1 for a sample whose classes all score the same, as when no input reached the
        readout.

    Raises:
        TypeError: `v` is not a floating tensor.
        ValueError: `v` is not [T, B, C], is empty or not finite.
    """
    scores = _maxima("max_membrane", v)
    return best_class("max_membrane", scores, _indifferent(scores), v[-1])


def max_membrane_scores(v: Tensor) -> Tensor:
    """Highest membrane potential of each class over time, shape [B, C]. Takes and refuses what `max_membrane` does."""
    return _maxima("max_membrane_scores", v)


def mean_membrane(v: Tensor) -> Tensor:
    """Class with the highest mean membrane potential.

        class = argmax_c (1 / T) sum_t v[t, c]

    Ties go to the higher potential after the last step, then to the lowest index.

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.

    Returns:
        Classes, int64, shape [B]; -1 for a sample whose classes all score the same, as when no input reached the
        readout.

    Raises:
        TypeError: `v` is not a floating tensor.
        ValueError: `v` is not [T, B, C], is empty or not finite.
    """
    scores = _means("mean_membrane", v)
    return best_class("mean_membrane", scores, _indifferent(scores), v[-1])


def mean_membrane_scores(v: Tensor) -> Tensor:
    """Mean membrane potential of each class over time, shape [B, C]. Takes and refuses what `mean_membrane` does."""
    return _means("mean_membrane_scores", v)


def final_membrane(v: Tensor) -> Tensor:
    """Class with the highest membrane potential after the last step.

        class = argmax_c v[T - 1, c]

    Ties go to the lowest index. For a readout that forgets nothing, such as `Accumulator`.

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.

    Returns:
        Classes, int64, shape [B]; -1 for a sample whose classes all score the same, as when no input reached the
        readout.

    Raises:
        TypeError: `v` is not a floating tensor.
        ValueError: `v` is not [T, B, C], is empty or not finite.
    """
    scores = _finals("final_membrane", v)
    return best_class("final_membrane", scores, _indifferent(scores))


def final_membrane_scores(v: Tensor) -> Tensor:
    """Membrane potential of each class after the last step, [B, C]. Takes and refuses what `final_membrane` does."""
    return _finals("final_membrane_scores", v)


def _finals(where: str, v: Tensor) -> Tensor:
    return _checked(where, v)[-1]


def _maxima(where: str, v: Tensor) -> Tensor:
    return _checked(where, v).amax(0)


def _means(where: str, v: Tensor) -> Tensor:
    return _checked(where, v).mean(0, dtype=torch.promote_types(v.dtype, torch.float32))


def _checked(where: str, v: Tensor) -> Tensor:
    floating_range(where, "v", v)
    output_shape(where, "v", v)
    return v


def _indifferent(scores: Tensor) -> Tensor:
    """Samples [B] in which a readout of several classes prefers none: lowest index would turn silence into class 0."""
    if scores.shape[-1] == 1:
        return torch.zeros_like(scores[:, 0], dtype=torch.bool)
    return scores.amax(-1) == scores.amin(-1)
