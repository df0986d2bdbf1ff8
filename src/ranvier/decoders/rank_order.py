"""Rank order: the class whose weights stand in the order in which the inputs fired."""

from torch import Tensor

from ranvier.checks import floating_range
from ranvier.decoders.count import output_spikes
from ranvier.decoders.ties import best_class
from ranvier.spikes.ranking import first_times, mean_ranks, sensitivity


def rank_order(spikes: Tensor, weights: Tensor, *, modulation: float) -> Tensor:
    """Class that answers the order of first spikes best.

        class = argmax_c sum_j w_cj modulation^rank_j

    Inputs that fire in one step share the mean of their ranks; a silent input has no rank and counts for nothing. Ties
    go to the lowest index. `ranvier.encoders.rank_sensitivity` makes the weights that learn an order.

    Args:
        spikes: spikes of the inputs, shape [T, B, N], of any real dtype.
        weights: shape [C, N], of a floating dtype.
        modulation: sensitivity from one rank to the next, in (0, 1).

    Returns:
        Classes, int64, shape [B]; -1 for a sample in which no input fired.

    Raises:
        TypeError: an argument is not a tensor, or `weights` not a floating one.
        ValueError: `spikes` is not [T, B, N], negative, empty or not finite, `weights` does not fit, or `modulation`
            leaves (0, 1).

    Source: Thorpe and Gautrais, Rank order coding, Computational Neuroscience: Trends in Research (1998).
    """
    scores = _responses("rank_order", spikes, weights, modulation)
    return best_class("rank_order", scores, ~(spikes > 0).any(0).any(-1))


def rank_order_scores(spikes: Tensor, weights: Tensor, *, modulation: float) -> Tensor:
    """Response of each class, shape [B, C], float64. Takes and refuses what `rank_order` does."""
    return _responses("rank_order_scores", spikes, weights, modulation)


def _responses(where: str, spikes: Tensor, weights: Tensor, modulation: float) -> Tensor:
    output_spikes(where, spikes)
    floating_range(where, "weights", weights)
    if weights.ndim != 2 or weights.shape[1] != spikes.shape[2]:
        raise ValueError(
            f"{where}: weights must have shape [C, N] with the N = {spikes.shape[2]} inputs on axis 2 of spikes, got "
            f"{tuple(weights.shape)}. Use weights.T if it is [N, C]."
        )
    if not 0 < modulation < 1:
        raise ValueError(f"{where}: modulation must lie in (0, 1), got {modulation}. Use for example modulation=0.9.")
    counts = sensitivity(mean_ranks(first_times(spikes)), modulation)  # [B, N]
    return counts @ weights.detach().double().T
