"""Assigned neurons: each neuron stands for the class that it answered most, as after learning without labels."""

import torch
from torch import Tensor

from ranvier.checks import class_labels, value_range
from ranvier.decoders.count import count_scores, output_spikes
from ranvier.decoders.ties import NO_DECISION, best_class


def assign(spikes: Tensor, labels: Tensor, *, classes: int) -> Tensor:
    """The class of each neuron: the one whose samples it fired most for, on average. Use training samples only.

        class_n = argmax_c (mean over the samples b of class c of sum_t S[t, b, n])

    The mean, not the sum: a class with more samples gets no more neurons. Ties go to the lowest class.

    Args:
        spikes: spikes of the neurons, shape [T, B, N], of any real dtype.
        labels: classes from 0 to `classes` - 1, of an integer dtype, shape [B].
        classes: number of classes.

    Returns:
        Classes, int64, shape [N]; -1 for a neuron that never fired, which then speaks for none.

    Raises:
        TypeError: `spikes` is not a tensor, or `labels` not one of an integer dtype.
        ValueError: `spikes` is not [T, B, N], negative, empty or not finite, or `labels` does not fit.

    Source: Diehl and Cook, Frontiers in Computational Neuroscience 9:99 (2015), section 2.6.
    """
    output_spikes("assign", spikes)
    class_labels("assign", labels, "spikes", spikes.shape[1], classes, "[T, B, N]")
    member = torch.nn.functional.one_hot(labels.long(), classes).double()  # [B, classes]
    total = member.T @ count_scores(spikes).double()  # [classes, N]
    mean = total / member.sum(0).clamp(min=1)[:, None]
    return torch.where(mean.amax(0) == 0, NO_DECISION, mean.argmax(0))


def assigned(spikes: Tensor, assignment: Tensor, *, classes: int, final_membrane: Tensor | None = None) -> Tensor:
    """Class whose neurons fire most, on average.

        class = argmax_c (mean over the neurons n of class c of sum_t S[t, n])

    Args:
        spikes: spikes of the neurons, shape [T, B, N], of any real dtype.
        assignment: what `assign` returned, or any pools of unequal size: class of each neuron, -1 for none, shape [N].
        classes: number of classes.
        final_membrane: mean membrane potential of each class's neurons after the last step, shape [B, classes]. Breaks
            ties: the higher one wins. Without it, or where it ties too, the lowest index wins.

    Returns:
        Classes, int64, shape [B]; -1 for a sample in which no assigned neuron fired.

    Raises:
        TypeError: an argument is not a tensor.
        ValueError: `spikes` is not [T, B, N], negative, empty or not finite, or another argument does not fit.

    Source: Diehl and Cook, Frontiers in Computational Neuroscience 9:99 (2015), section 2.6.
    """
    scores = _means("assigned", spikes, assignment, classes)
    return best_class("assigned", scores, scores.amax(-1) == 0, final_membrane)


def assigned_scores(spikes: Tensor, assignment: Tensor, *, classes: int) -> Tensor:
    """Mean spike count of each class's neurons, shape [B, classes]; 0 for a class without neurons.

    Takes and refuses what `assigned` does.
    """
    return _means("assigned_scores", spikes, assignment, classes)


def _means(where: str, spikes: Tensor, assignment: Tensor, classes: int) -> Tensor:
    output_spikes(where, spikes)
    neurons = spikes.shape[2]
    low, high = value_range(where, "assignment", assignment)
    if assignment.shape != (neurons,):
        raise ValueError(
            f"{where}: assignment must have shape [N] = ({neurons},), got {tuple(assignment.shape)}. "
            "Use assign(spikes, labels, classes=...)."
        )
    if low < NO_DECISION or high >= classes:
        raise ValueError(
            f"{where}: assignment must lie in {NO_DECISION}..{classes - 1} for {classes} classes, got values from {low:g} "
            f"to {high:g}. Give the number of classes as `classes`."
        )
    counts = count_scores(spikes)  # [B, N]
    # Class -1 becomes column 0, which is left out.
    member = torch.nn.functional.one_hot(assignment.long() + 1, classes + 1)[:, 1:].to(counts)  # [N, classes]
    return counts @ member / member.sum(0).clamp(min=1)
