"""Spike count: the class whose neuron fires most."""

import torch
from torch import Tensor

from ranvier.checks import output_shape, value_range
from ranvier.decoders.ties import best_class


def count(spikes: Tensor, *, final_membrane: Tensor | None = None) -> Tensor:
    """Class with the most spikes.

        class = argmax_c sum_t S[t, c]

    Args:
        spikes: output spikes, shape [T, B, C], of any real dtype.
        final_membrane: membrane potential after the last step, shape [B, C]. Breaks ties: the higher one wins. Without
            it, or where it ties too, the lowest index wins.

    Returns:
        Classes, int64, shape [B]; -1 for a sample in which no output neuron fired.

    Raises:
        TypeError: an argument is not a tensor.
        ValueError: `spikes` is not [T, B, C], negative, empty or not finite, or `final_membrane` does not fit.
    """
    scores = _counts("count", spikes)
    return best_class("count", scores, scores.amax(-1) == 0, final_membrane)


def count_scores(spikes: Tensor) -> Tensor:
    """Spikes of each class.

    Args:
        spikes: output spikes, shape [T, B, C], of any real dtype.

    Returns:
        Spike counts, shape [B, C], of a floating dtype.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is not [T, B, C], negative, empty or not finite.
    """
    return _counts("count_scores", spikes)


def _counts(where: str, spikes: Tensor) -> Tensor:
    output_spikes(where, spikes)
    # float16 counts exactly only to 2048, bfloat16 to 256, and an inexact count makes or breaks ties.
    return spikes.sum(0, dtype=torch.promote_types(spikes.dtype, torch.float32))


def output_spikes(where: str, spikes: Tensor) -> None:
    """Refuse what cannot be the spikes of an output layer, [T, B, C]."""
    low, _ = value_range(where, "spikes", spikes)
    output_shape(where, "spikes", spikes)
    if low < 0:
        raise ValueError(
            f"{where}: spikes must be 0 or above, got a minimum of {low:g}. Use max_membrane or mean_membrane for "
            "potentials."
        )
