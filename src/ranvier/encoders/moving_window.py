"""Moving-window code: a spike where the signal leaves the mean of the samples before it."""

import torch
from torch import Tensor

from ranvier.encoders.shared import signal, threshold_for_each_sample


def moving_window(x: Tensor, threshold: float | Tensor, *, window: int) -> Tensor:
    """Moving-window code along time, blind to what is slower than its window.

        b[t] = mean(x[t-window], ..., x[t-1]);  S[t] = +1 if x[t] > b[t] + threshold,  -1 if x[t] < b[t] - threshold

    While fewer samples have gone by, the mean is that of those; the first step is silent. `changes_inverse` gives the
    signal back roughly.

    Args:
        x: signal, time first, shape [T, *N], of a floating dtype; any range.
        threshold: distance from the mean beyond which a step fires, above 0, in the unit of `x`; a tensor is broadcast
            over [*N].
        window: samples in the mean. Where the window is given as w and holds w + 1 samples, this is w + 1.

    Returns:
        Spikes of value -1, 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` has no time axis, is empty or not finite, `threshold` is not above 0 or does not fit the shape
            of one sample, or `window` does not lie in 1 .. T.

    Source: Petro, Kasabov and Kiss, IEEE Trans. Neural Networks and Learning Systems 31(2) (2020), section III.
    """
    signal("moving_window", x)
    level = threshold_for_each_sample("moving_window", threshold, x)
    steps = len(x)
    if not 1 <= window <= steps:
        raise ValueError(
            f"moving_window: window must lie in 1..{steps}, the steps of x, got {window}. Use for example window=3."
        )
    x = x.detach()
    gathered = torch.cat((torch.zeros_like(x[:1], dtype=torch.float64), x.cumsum(0, dtype=torch.float64)))  # sum x[:t]
    t = torch.arange(1, steps, device=x.device)
    first = (t - window).clamp(min=0)
    samples = (t - first).view(-1, *[1] * (x.ndim - 1))
    away = torch.zeros_like(x, dtype=torch.float64)
    away[1:] = x[1:] - (gathered[t] - gathered[first]) / samples
    return (away > level).to(x.dtype) - (away < -level).to(x.dtype)
