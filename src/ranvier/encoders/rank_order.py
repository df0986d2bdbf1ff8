"""Rank order code: only the order in which the neurons of a sample fire tells something."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ranvier.checks import floating_range, steps_at_least, value_range
from ranvier.encoders.shared import check_generator
from ranvier.spikes.ranking import first_times, mean_ranks, sensitivity


def rank_order(
    x: Tensor, *, steps: int | None = None, silent: float | None = None, generator: torch.Generator | None = None
) -> Tensor:
    """One spike a neuron, the largest value first: the neuron of rank r fires in step r.

    The code is blind to everything that keeps the order, such as contrast or brightness. Equal values fire together, in
    the step of their mean rank rounded down, unless a generator breaks the tie.

    Args:
        x: values of any range, shape [B, *N], of a floating dtype; the neurons of a sample are ranked among themselves.
        steps: number of time steps T, at least 2 and at most the neurons of a sample; with fewer, as many ranks as evenly
            possible share a step. None takes one step a neuron.
        silent: values at or below it have no rank and do not fire; None gives every neuron a rank.
        generator: orders equal values at random; None lets them share.

    Returns:
        Spikes of value 0 or 1, shape [T, B, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor, `steps` is not an int, or `generator` is not a torch.Generator.
        ValueError: `x` is not [B, *N], is empty or not finite, `silent` is not a number, or `steps` is out of range.

    Source: Thorpe and Gautrais, Rank order coding, Computational Neuroscience: Trends in Research (1998).
    """
    order = _ranks("rank_order", x, silent, generator)
    neurons = math.prod(x.shape[1:])
    length = neurons if steps is None else steps
    if steps is not None:
        steps_at_least("rank_order", steps, least=2)
        if steps > neurons:
            raise ValueError(
                f"rank_order: steps must be at most {neurons}, the neurons of a sample, got {steps}. Leave steps out."
            )
    fires = order.isfinite()
    at = torch.where(fires, order * length / neurons, 0).floor().long()
    spikes = torch.zeros((length, *x.shape), dtype=x.dtype, device=x.device)
    return spikes.scatter_(0, at.unsqueeze(0), fires.to(x.dtype).unsqueeze(0))


def ranks(x: Tensor, *, silent: float | None = None, generator: torch.Generator | None = None) -> Tensor:
    """Rank of each value among those of its sample, 0 for the largest; equal values share the mean of their ranks.

    Args:
        x, silent, generator: as in `rank_order`.

    Returns:
        Shape [B, *N], float64; infinite where a value is silent.

    Raises:
        TypeError, ValueError: as `rank_order`.
    """
    return _ranks("ranks", x, silent, generator)


def spike_ranks(spikes: Tensor) -> Tensor:
    """Rank of each neuron by its first spike among the neurons of its sample; those of one step share the mean.

    Args:
        spikes: shape [T, B, *N], of any real dtype.

    Returns:
        Shape [B, *N], float64; infinite for a neuron that did not fire.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is not [T, B, *N], is empty or not finite.
    """
    value_range("spike_ranks", "spikes", spikes)
    if spikes.ndim < 3:
        raise ValueError(
            f"spike_ranks: spikes must have shape [T, B, *N] (time, batch, neurons), got {tuple(spikes.shape)}."
        )
    time = first_times(spikes)
    return mean_ranks(time.flatten(1)).view(time.shape)


def rank_sensitivity(order: Tensor | Sequence[Any], *, modulation: float) -> Tensor:
    """How much the spike of each rank counts: modulation^rank, 0 for the silent. Also the weights that learn an order.

    Args:
        order: ranks of any shape, infinite for the silent.
        modulation: factor from one rank to the next, in (0, 1).

    Returns:
        The shape of `order`, float64.

    Raises:
        ValueError: `modulation` leaves (0, 1), or a rank is negative or NaN.

    Warns:
        where the sensitivity of a late rank is too small for a number.

    Source: Thorpe and Gautrais (1998); Wysoski, Benuskova and Kasabov, Neurocomputing 71 (2008).
    """
    if not 0 < modulation < 1:
        raise ValueError(
            f"rank_sensitivity: modulation must lie in (0, 1), got {modulation}. Use for example modulation=0.9."
        )
    rank = torch.as_tensor(order, dtype=torch.float64)
    if not bool((rank >= 0).all()):
        raise ValueError(
            "rank_sensitivity: ranks must be 0 or above, and infinite for the silent, got "
            f"{int((~(rank >= 0)).sum())} that are negative or NaN. Use spike_ranks(spikes) or ranks(x)."
        )
    counts = sensitivity(rank, modulation)
    lost = int(((counts < torch.finfo(torch.float64).tiny) & rank.isfinite()).sum())
    if lost:
        warnings.warn(
            f"rank_sensitivity: {lost} of {rank.numel()} ranks are so late that {modulation:g}^rank vanishes, so their "
            "spikes do not count. Use a modulation nearer to 1.",
            stacklevel=2,
        )
    return counts


def rank_response(order: Tensor, weights: Tensor, *, modulation: float) -> Tensor:
    """What an output neuron makes of an order: its potential after all spikes.

        PSP_c = sum_j w_cj modulation^rank_j

    Largest for weights that stand in the order of the spikes, smallest for the reverse order.

    Args:
        order: ranks of the inputs, shape [B, *N], infinite for the silent.
        weights: shape [C, *N]; `rank_sensitivity` of an order that shall be recognised.
        modulation: factor from one rank to the next, in (0, 1).

    Returns:
        Shape [B, C], float64.

    Raises:
        ValueError: shapes disagree, or as `rank_sensitivity`.
    """
    if order.ndim < 2 or weights.shape[1:] != order.shape[1:]:
        raise ValueError(
            f"rank_response: expected order [B, *N] and weights [C, *N] with the same neurons, got {tuple(order.shape)} "
            f"and {tuple(weights.shape)}. Use unsqueeze(0) for a single sample or a single output."
        )
    return rank_sensitivity(order, modulation=modulation).flatten(1) @ weights.flatten(1).double().T


def _ranks(where: str, x: Tensor, silent: float | None, generator: torch.Generator | None) -> Tensor:
    floating_range(where, "x", x)
    check_generator(where, generator)
    if x.ndim < 2:
        raise ValueError(
            f"{where}: x must have shape [B, *N] (batch, neurons), got {tuple(x.shape)}. "
            "Use x.unsqueeze(0) for a single sample."
        )
    if silent is not None and math.isnan(silent):
        raise ValueError(f"{where}: silent must be a number or None, got {silent}. Use for example silent=0.0.")
    time = -x.detach().flatten(1).double()
    if silent is not None:
        time = torch.where(x.detach().flatten(1) <= silent, torch.inf, time)
    rank = mean_ranks(time)
    if generator is not None:
        # Ranks of different values differ by at least 1, so a shift below 1/2 to either side orders equal ones only.
        rank = mean_ranks(rank + torch.rand(rank.shape, generator=generator, dtype=torch.float64) * 0.4)
    return rank.view(x.shape)
