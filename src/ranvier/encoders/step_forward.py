"""Step-forward code: a spike where the signal leaves a baseline that follows it in steps of one threshold."""

import torch
from torch import Tensor

from ranvier.encoders.shared import for_each_sample, signal, threshold_for_each_sample


def step_forward(
    x: Tensor, threshold: float | Tensor, *, start: float | Tensor | None = None, multi_spike: bool = False
) -> Tensor:
    """Step-forward code along time, with the baseline b that `changes_inverse` rebuilds.

        x[t] > b + threshold:  S[t] = +1, b <- b + threshold
        x[t] < b - threshold:  S[t] = -1, b <- b - threshold

    b stays within `threshold` of the signal as long as no change from step to step exceeds it; behind a steeper slope
    it lags. With `multi_spike` a step holds as many spikes as it takes, and b never lags.

    Args:
        x: signal, time first, shape [T, *N], of a floating dtype; any range.
        threshold: step of the baseline, above 0, in the unit of `x`; a tensor is broadcast over [*N].
        start: baseline before the first step, broadcast over [*N]. None takes the first sample, so the first step is
            silent; give it to `changes_inverse` too.
        multi_spike: let a step count several spikes of the same sign, as whole numbers.

    Returns:
        Spikes of value -1, 0 or 1 (any whole number with `multi_spike`), shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` has no time axis, is empty or not finite, `threshold` is not above 0, or `threshold` or `start`
            does not fit the shape of one sample.

    Source: Petro, Kasabov and Kiss, IEEE Trans. Neural Networks and Learning Systems 31(2) (2020), section III. Fires
        beyond the threshold, not at it.
    """
    signal("step_forward", x)
    level = threshold_for_each_sample("step_forward", threshold, x)
    first = x[0] if start is None else for_each_sample("step_forward", "start", start, x).expand(x.shape[1:])
    x, level = x.detach(), level.expand(x.shape[1:])
    base = first.detach().double()  # the baseline is a long sum
    spikes = torch.empty_like(x)
    for now, out in zip(x, spikes, strict=True):  # [*N]
        away = (now - base) / level
        # The largest whole number below |away|: at the threshold itself nothing fires.
        count = (torch.ceil(away.abs()) - 1).clamp(min=0, max=None if multi_spike else 1) * away.sign()
        out.copy_(count)
        base = base + count * level
    return spikes + 0.0  # so that a step without a spike is 0, never -0
