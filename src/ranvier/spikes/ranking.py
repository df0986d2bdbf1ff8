"""Ranks: who comes first, who next, what equals share, and how much a rank counts."""

import torch
from torch import Tensor


def mean_ranks(time: Tensor) -> Tensor:
    """Rank of each element within its row, 0 for the earliest; equal times share the mean of their ranks.

    Args:
        time: when each fired, shape [rows, n]; infinite for one that stayed silent.

    Returns:
        Shape [rows, n], float64; infinite for the silent.
    """
    ordered = time.sort(-1).values
    # With `before` earlier and `upto` earlier or equal, the ranks of a group are before .. upto - 1.
    time = time.contiguous()
    before, upto = torch.searchsorted(ordered, time), torch.searchsorted(ordered, time, right=True)
    return torch.where(time.isinf(), torch.inf, (before + upto - 1).double() / 2)


def sensitivity(rank: Tensor, modulation: float) -> Tensor:
    """How much the spike of each rank counts, modulation^rank in float64 for a modulation in (0, 1); 0 for the silent."""
    return torch.tensor(modulation, dtype=torch.float64) ** rank.double()


def first_times(spikes: Tensor) -> Tensor:
    """Step of the first spike along axis 0, shape [*N] of spikes [T, *N], float32; infinite for the silent."""
    fired = spikes != 0
    # argmax answers with the first of equal values, so with the first spike.
    return torch.where(fired.any(0), fired.to(torch.uint8).argmax(0).float(), torch.inf)
