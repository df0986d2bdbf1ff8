"""Penalties on how much a layer fires."""

from torch import Tensor

from ranvier.losses.checking import at_least_float32, check_layer


def rate_below(spikes: Tensor, lower: float) -> Tensor:
    """Penalty on neurons that fire less than `lower`: it wakes dead neurons.

        L = mean_n max(0, lower - r_n)^2

    A neuron's rate r_n is its mean over time and batch, so a neuron that answers to a few samples only is not dead.

    Args:
        spikes: spikes of a layer, shape [T, B, *N], of a floating dtype.
        lower: rate in spikes per step, in (0, 1].

    Returns:
        The mean over neurons, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` has no time and batch axes, is empty or not finite, or `lower` is out of range.

    Source: Zenke and Vogels, Neural Computation 33(4) (2021).
    """
    rates = _rates("rate_below", spikes)
    if not 0 < lower <= 1:
        raise ValueError(
            f"rate_below: lower must lie in (0, 1] spikes per step, got {lower}. Use for example lower=0.01."
        )
    return (lower - rates).relu().square().mean()


def rate_above(spikes: Tensor, upper: float) -> Tensor:
    """Penalty on neurons that fire more than `upper`: it calms saturated neurons and saves synaptic operations.

        L = mean_n max(0, r_n - upper)^2

    A neuron's rate r_n is its mean over time and batch.

    Args:
        spikes: spikes of a layer, shape [T, B, *N], of a floating dtype.
        upper: rate in spikes per step, in [0, 1).

    Returns:
        The mean over neurons, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` has no time and batch axes, is empty or not finite, or `upper` is out of range.

    Source: Zenke and Vogels, Neural Computation 33(4) (2021).
    """
    rates = _rates("rate_above", spikes)
    if not 0 <= upper < 1:
        raise ValueError(
            f"rate_above: upper must lie in [0, 1) spikes per step, got {upper}. Use for example upper=0.2."
        )
    return (rates - upper).relu().square().mean()


def total_spikes(spikes: Tensor) -> Tensor:
    """Spikes of a sample, over all steps and neurons of a layer: the L1 penalty on activity.

        L = (1 / B) sum_{t,b,n} |S[t, b, n]|

    Args:
        spikes: spikes of a layer, shape [T, B, *N], of a floating dtype.

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` has no time and batch axes, is empty or not finite.
    """
    check_layer("total_spikes", spikes)
    return spikes.abs().sum(dtype=at_least_float32(spikes)) / spikes.shape[1]


def _rates(where: str, spikes: Tensor) -> Tensor:
    check_layer(where, spikes)
    return spikes.mean((0, 1), dtype=at_least_float32(spikes))  # [*N], spikes per step
