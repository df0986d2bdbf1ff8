"""Direct coding: no spikes, the value itself as a constant input current."""

import torch
from torch import Tensor

from ranvier.checks import floating_range, steps_at_least


def direct(x: Tensor, *, steps: int) -> Tensor:
    """The same value in every step, as a current into a first layer that learns to turn it into spikes.

        I[t] = x

    Args:
        x: values of any range, shape [*N], of a floating dtype.
        steps: number of time steps T.

    Returns:
        Shape [T, *N], in the dtype of `x`, in memory of its own; gradients flow back to `x`.

    Raises:
        TypeError: `x` is not a floating tensor, or `steps` is not an int.
        ValueError: `x` is empty or not finite, or `steps` is below 1.

    Source: Rueckauer et al., Frontiers in Neuroscience 11:682 (2017).
    """
    floating_range("direct", "x", x)
    steps_at_least("direct", steps)
    # A bare expand() would share the caller's memory: writing into one step would change every step and x.
    return x.expand(steps, *x.shape).clone(memory_format=torch.contiguous_format)
