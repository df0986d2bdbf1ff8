"""Binary code: a neuron is active in its window, or it is not."""

import math

import torch
from torch import Tensor

from ranvier.checks import floating_range, steps_at_least, value_range


def binary(x: Tensor, *, threshold: float, steps: int = 1, spikes: int = 1) -> Tensor:
    """All or nothing: values at or above the threshold fire in the window, the others stay silent.

        S[t] = 1 for t < spikes, if x >= threshold

    `phase` is the code that spends one step on each binary digit of a value.

    Args:
        x: values of any range, shape [*N], of a floating dtype.
        threshold: smallest value that is active, in the unit of `x`.
        steps: number of time steps T of the window.
        spikes: spikes of an active neuron, from the first step on.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor, or `steps` is not an int.
        ValueError: `x` is empty or not finite, `threshold` is not finite, `steps` is below 1, or `spikes` does not lie
            in 1 .. T.

    Source: Ponulak and Kasinski, Acta Neurobiologiae Experimentalis 71 (2011).
    """
    floating_range("binary", "x", x)
    steps_at_least("binary", steps)
    if not math.isfinite(threshold):
        raise ValueError(f"binary: threshold must be a finite number, got {threshold}. Use for example threshold=0.5.")
    if not 1 <= spikes <= steps:
        raise ValueError(f"binary: spikes must lie in 1..{steps}, the steps of the window, got {spikes}.")
    out = torch.zeros((steps, *x.shape), dtype=x.dtype, device=x.device)
    out[:spikes] = (x.detach() >= threshold).to(x.dtype)
    return out


def binary_inverse(spikes: Tensor) -> Tensor:
    """1 for a neuron that fired in the window, 0 for one that did not: shape [*N] of spikes [T, *N], in their dtype.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is empty or not finite.
    """
    value_range("binary_inverse", "spikes", spikes)
    return (spikes != 0).any(0).to(spikes.dtype)
