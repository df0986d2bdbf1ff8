"""Delta modulation: a spike where the signal changes."""

import torch
from torch import Tensor

from ranvier.checks import floating_range, value_range


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
    if isinstance(x, Tensor) and x.ndim == 0:
        raise ValueError("delta: x must have time as its first axis, got a tensor without axes. Use a shape [T, ...].")
    floating_range("delta", "x", x)
    level = _sample("threshold", threshold, x)
    lowest, _ = value_range("delta", "threshold", level)
    if lowest <= 0:
        raise ValueError(f"delta: threshold must be above 0, got {lowest:g}. Use the smallest change that shall fire.")
    if padding is None:
        before = x[:1]
    else:
        before = _sample("padding", padding, x).expand(x.shape[1:]).unsqueeze(0)
        value_range("delta", "padding", before)
    change = torch.diff(x.detach(), dim=0, prepend=before.detach())  # [T, *N]
    spikes = (change >= level).to(x.dtype)
    return spikes - (change <= -level).to(x.dtype) if off_spikes else spikes


def _sample(argument: str, value: float | Tensor, x: Tensor) -> Tensor:
    """`value` as a tensor that broadcasts to one sample of `x`, shape [*N]."""
    sample = torch.as_tensor(value, dtype=x.dtype, device=x.device)
    try:
        fits = torch.broadcast_shapes(sample.shape, x.shape[1:]) == x.shape[1:]
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"delta: {argument} has shape {tuple(sample.shape)}, but one sample of x has shape {tuple(x.shape[1:])}. "
            f"Give a number, or a {argument} that broadcasts to that shape."
        )
    return sample
