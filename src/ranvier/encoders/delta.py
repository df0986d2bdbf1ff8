"""Delta modulation: a spike where the signal changes."""

import torch
from torch import Tensor

from ranvier.encoders.shared import for_each_sample, signal, threshold_for_each_sample


def delta(
    x: Tensor, threshold: float | Tensor, *, padding: float | Tensor | None = None, off_spikes: bool = True
) -> Tensor:
    """Delta modulation along time: a spike where one sample differs enough from the sample before it.

        S[t] = +1 if x[t] - x[t-1] >= threshold,  -1 if x[t] - x[t-1] <= -threshold,  else 0

    A network that takes only positive spikes gets rising and falling ones in two channels from
    `torch.cat((s.clamp(min=0), (-s).clamp(min=0)), -1)`. A difference that equals the threshold but for rounding may
    fall on either side of it.

    Args:
        x: signal, time first, shape [T, *N], of a floating dtype; any range.
        threshold: smallest change that fires, above 0, in the unit of `x`; a tensor is broadcast over [*N].
        padding: the sample before the first, broadcast over [*N]. None repeats the first sample, so the first step is
            silent; 0.0 makes a signal that starts at or above the threshold fire at once; the last sample of the chunk
            before continues a stream.
        off_spikes: whether falling signals fire -1; otherwise they are silent.

    Returns:
        Spikes of value -1, 0 or 1 (0 or 1 without `off_spikes`), shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` has no time axis, is empty or not finite, `threshold` is not above 0, or `threshold` or
            `padding` does not fit the shape of one sample.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    signal("delta", x)
    level = threshold_for_each_sample("delta", threshold, x)
    if padding is None:
        before = x[:1]
    else:
        before = for_each_sample("delta", "padding", padding, x).expand(x.shape[1:]).unsqueeze(0)
    change = torch.diff(x.detach(), dim=0, prepend=before.detach())  # [T, *N]
    spikes = (change >= level).to(x.dtype)
    return spikes - (change <= -level).to(x.dtype) if off_spikes else spikes
