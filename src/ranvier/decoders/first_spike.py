"""First spike: the class whose neuron fires earliest."""

import torch
from torch import Tensor

from ranvier.decoders.count import output_spikes
from ranvier.decoders.ties import best_class
from ranvier.spikes.ranking import first_times


def first_spike(spikes: Tensor, *, final_membrane: Tensor | None = None) -> Tensor:
    """Class with the earliest spike.

        class = argmin_c min {t : S[t, c] > 0}

    Args:
        spikes: output spikes, shape [T, B, C], of any real dtype.
        final_membrane: membrane potential after the last step, shape [B, C]. Breaks ties, which are common when T is
            small: the higher one wins. Without it, or where it ties too, the lowest index wins.

    Returns:
        Classes, int64, shape [B]; -1 for a sample in which no output neuron fired.

    Raises:
        TypeError: an argument is not a tensor.
        ValueError: `spikes` is not [T, B, C], negative, empty or not finite, or `final_membrane` does not fit.
    """
    scores = _steps_left("first_spike", spikes)
    return best_class("first_spike", scores, scores.amax(-1) == 0, final_membrane)


def first_spike_scores(spikes: Tensor) -> Tensor:
    """Steps that were left when each class first fired.

        score = T - t_first, with t_first = T for a neuron that stayed silent

    The softmax of these equals the softmax of -t_first. They carry no gradient.

    Args:
        spikes: output spikes, shape [T, B, C], of any real dtype.

    Returns:
        Scores from T (fired in the first step) to 0 (silent), shape [B, C], of a floating dtype.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is not [T, B, C], negative, empty or not finite.
    """
    return _steps_left("first_spike_scores", spikes)


def _steps_left(where: str, spikes: Tensor) -> Tensor:
    output_spikes(where, spikes)
    first = first_times(spikes).clamp(max=len(spikes))  # [B, C]
    return (len(spikes) - first).to(torch.promote_types(spikes.dtype, torch.float32))
