"""Threshold-based representation: a spike where a change stands out from the changes of the whole signal."""

import math

import torch
from torch import Tensor

from ranvier.encoders.shared import for_each_sample, signal, threshold_for_each_sample


def threshold_based(x: Tensor, *, factor: float = 1.0) -> Tensor:
    """Threshold-based representation along time; its threshold comes from the signal, see `change_threshold`.

        d[t] = x[t+1] - x[t];  S[t] = +1 if d[t] > threshold,  -1 if d[t] < -threshold

    The last change stands twice, so that there are T of them. A spike announces the change into the next step.

    Args:
        x: signal, time first, shape [T, *N], of a floating dtype; any range.
        factor: standard deviations above the mean change from which a change fires, 0 or above.

    Returns:
        Spikes of value -1, 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: as `change_threshold`.

    Source: Petro, Kasabov and Kiss, IEEE Trans. Neural Networks and Learning Systems 31(2) (2020), section III.
    """
    level = _threshold("threshold_based", x, factor)
    change = _changes(x)
    return ((change > level).to(x.dtype) - (change < -level).to(x.dtype)).to(x.dtype)


def change_threshold(x: Tensor, *, factor: float = 1.0) -> Tensor:
    """The threshold of `threshold_based`: mean plus `factor` standard deviations of the signal's changes.

        threshold = mean(d) + factor * std(d)

    The mean is that of signed changes: a signal that drifts upwards fires less, one that drifts downwards more easily.

    Args:
        x, factor: as in `threshold_based`.

    Returns:
        Shape [*N], in the dtype of `x`, above 0.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` has fewer than two steps, is empty or not finite, `factor` is negative, or a threshold is not
            above 0, as for a constant signal.
    """
    return _threshold("change_threshold", x, factor)


def threshold_based_inverse(spikes: Tensor, threshold: float | Tensor, *, start: float | Tensor = 0.0) -> Tensor:
    """The signal that spikes of `threshold_based` describe: every spike is a step of one threshold, seen one step later.

        x[t] = start + threshold * sum_{s < t} S[s]

    Changes below the threshold are lost and larger ones cut to it, so the error has no bound.

    Args:
        spikes: shape [T, *N], of a floating dtype.
        threshold: what `change_threshold` gave for the signal.
        start: the first sample, broadcast over [*N].

    Returns:
        Shape [T, *N], in the dtype of `spikes`.

    Raises:
        TypeError: `spikes` is not a floating tensor.
        ValueError: `spikes` has no time axis, is empty or not finite, `threshold` is not above 0, or `threshold` or
            `start` does not fit the shape of one sample.
    """
    where = "threshold_based_inverse"
    signal(where, spikes, "spikes")
    level = threshold_for_each_sample(where, threshold, spikes)
    before = spikes.cumsum(0) - spikes
    return for_each_sample(where, "start", start, spikes) + level * before


def _changes(x: Tensor) -> Tensor:
    x = x.detach()
    return torch.diff(x, dim=0, append=(2 * x[-1:] - x[-2:-1]))  # the last change again


def _threshold(where: str, x: Tensor, factor: float) -> Tensor:
    signal(where, x)
    if len(x) < 2:
        raise ValueError(f"{where}: x must have at least 2 steps, got shape {tuple(x.shape)}. Time is the first axis.")
    if not (math.isfinite(factor) and factor >= 0):
        raise ValueError(f"{where}: factor must be 0 or above, got {factor}. Use for example factor=1.0.")
    change = _changes(x)
    level = change.mean(0) + factor * change.std(0)
    lowest = float(level.min())
    if lowest <= 0:
        raise ValueError(
            f"{where}: the threshold, mean + {factor:g} * std of the changes, must be above 0, got {lowest:g}. Leave "
            "constant channels out, or use a larger factor for signals that fall."
        )
    return level
