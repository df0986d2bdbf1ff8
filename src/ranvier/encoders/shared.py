"""What several encoders share: refusals of values and of signals, and the placing of one spike a value."""

import torch
from torch import Tensor

from ranvier.checks import broadcasts, floating_range, value_range


def unit_values(where: str, argument: str, x: Tensor, *, clip: bool) -> Tensor:
    """`x` [*N] within [0, 1] and in at least float32, so that half precision keeps its steps apart; without gradient.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` leaves [0, 1] and `clip` is False, or it is empty or not finite.
    """
    low, high = floating_range(where, argument, x)
    if (low < 0 or high > 1) and not clip:
        raise ValueError(
            f"{where}: {argument} must lie in [0, 1], got values from {low:g} to {high:g}. "
            "Rescale it, or give clip=True to bring it into range."
        )
    return x.detach().to(torch.promote_types(x.dtype, torch.float32)).clamp(0, 1)


def signal(where: str, x: Tensor, argument: str = "x") -> tuple[float, float]:
    """Smallest and largest value of a signal [T, *N].

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` has no time axis, is empty or not finite.
    """
    if isinstance(x, Tensor) and x.ndim == 0:
        raise ValueError(
            f"{where}: {argument} must have time as its first axis, got a tensor without axes. Use a shape [T, ...]."
        )
    return floating_range(where, argument, x)


def for_each_sample(where: str, argument: str, value: float | Tensor, x: Tensor) -> Tensor:
    """`value` as a tensor of finite numbers that broadcasts to one sample of `x`, shape [*N].

    Raises:
        ValueError: it does not fit, or is not finite.
    """
    sample = torch.as_tensor(value, dtype=x.dtype, device=x.device).detach()
    if not broadcasts(sample, x.shape[1:]):
        raise ValueError(
            f"{where}: {argument} has shape {tuple(sample.shape)}, but one sample of x has shape {tuple(x.shape[1:])}. "
            f"Give a number, or a {argument} that broadcasts to that shape."
        )
    value_range(where, argument, sample)
    return sample


def threshold_for_each_sample(where: str, threshold: float | Tensor, x: Tensor) -> Tensor:
    """As `for_each_sample`, for the smallest change that fires: also refused unless above 0."""
    level = for_each_sample(where, "threshold", threshold, x)
    lowest, _ = value_range(where, "threshold", level)
    if lowest <= 0:
        raise ValueError(
            f"{where}: threshold must be above 0, got {lowest:g}. Use the smallest change that shall fire."
        )
    return level


def check_generator(where: str, generator: torch.Generator | None) -> None:
    """Refuse a source of randomness that is neither a torch.Generator nor None."""
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(
            f"{where}: generator must be a torch.Generator or None, got {generator!r}. "
            "Use generator=torch.Generator().manual_seed(0)."
        )


def one_spike(at: Tensor, steps: int, dtype: torch.dtype) -> Tensor:
    """Spikes [T, *N] from spike times in steps [*N], infinite for no spike. Halves round to the even step."""
    at = at.detach()
    # A time half a step beyond the last step may round either way: it belongs to the last step.
    index = at.round().clamp(max=steps - 1).long().unsqueeze(0)  # [1, *N]
    spikes = torch.zeros((steps, *at.shape), dtype=dtype, device=at.device)
    return spikes.scatter_(0, index, at.isfinite().to(dtype).unsqueeze(0))
