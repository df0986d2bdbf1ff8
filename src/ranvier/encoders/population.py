"""Population code: overlapping Gaussian receptive fields, the best placed neuron firing first."""

import torch
from torch import Tensor

from ranvier.checks import broadcasts, floating_range, steps_at_least, value_range
from ranvier.encoders.shared import one_spike


def receptive_fields(
    x: Tensor, *, low: float | Tensor, high: float | Tensor, fields: int, gamma: float = 1.5, clip: bool = False
) -> Tensor:
    """Activation of each Gaussian receptive field by each value.

        a_i = exp(-(x - C_i)^2 / (2 sigma^2)),  C_i = low + (2 i - 3) / 2 * (high - low) / (fields - 2),  i = 1 .. fields
        sigma = (high - low) / (gamma (fields - 2))

    The outermost centres lie half a distance outside [low, high].

    Args:
        x: values in [low, high], shape [*N], of a floating dtype.
        low, high: range of the values; a tensor is broadcast over [*N], for instance one range a feature.
        fields: fields a value, at least 3.
        gamma: distance of the centres in sigmas; 1 to 2 in the source.
        clip: bring values outside the range to the nearest end instead of refusing them.

    Returns:
        In [0, 1], shape [*N, fields], in at least float32.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` leaves its range, is empty or not finite, low < high does not hold everywhere, or `fields` or
            `gamma` is out of range.

    Source: Bohte, La Poutre and Kok, Unsupervised clustering with spiking neurons, IEEE Trans. Neural Networks 13(2)
        (2002), section III.
    """
    return _activations("receptive_fields", x, low, high, fields, gamma, clip)


def population(
    x: Tensor,
    *,
    low: float | Tensor,
    high: float | Tensor,
    fields: int,
    gamma: float = 1.5,
    steps: int = 11,
    cutoff: float = 0.1,
    clip: bool = False,
) -> Tensor:
    """Each value as the spikes of several neurons with Gaussian receptive fields: the nearer the field, the earlier.

        t_i = round((T - 1) (1 - a_i)),  silent where a_i < cutoff, with the activation a_i of `receptive_fields`

    Halves round to the even step.

    Args:
        x, low, high, fields, gamma, clip: as in `receptive_fields`.
        steps: number of time steps T, at least 2; 11 in the source.
        cutoff: activations below it do not fire, in [0, 1).

    Returns:
        Spikes of value 0 or 1, shape [T, *N, fields], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor, or `steps` is not an int.
        ValueError: as `receptive_fields`; also if `steps` is below 2 or `cutoff` leaves [0, 1).

    Source: Bohte, La Poutre and Kok, IEEE Trans. Neural Networks 13(2) (2002), section III.
    """
    activation = _activations("population", x, low, high, fields, gamma, clip)
    steps_at_least("population", steps, least=2)
    if not 0 <= cutoff < 1:
        raise ValueError(f"population: cutoff must lie in [0, 1), got {cutoff}. Use for example cutoff=0.1.")
    at = torch.where(activation < cutoff, torch.inf, (steps - 1) * (1 - activation))
    return one_spike(at, steps, x.dtype)


def population_inverse(spikes: Tensor, *, low: float | Tensor, high: float | Tensor, gamma: float = 1.5) -> Tensor:
    """The value that a population stands for, from the activations that its first two neurons tell by their times.

        x = (C_i + C_j) / 2 + sigma^2 (ln a_i - ln a_j) / (C_i - C_j),  a = 1 - t / (T - 1)

    A single neuron that fired stands for its centre.

    Args:
        spikes: what `population` gave, shape [T, *N, fields].
        low, high, gamma: as in `population`.

    Returns:
        Values brought into [low, high], shape [*N], of a floating dtype; NaN where all fields are silent.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is empty or not finite, has fewer than 2 steps or 3 fields, or low < high does not hold.
    """
    where = "population_inverse"
    value_range(where, "spikes", spikes)
    if spikes.ndim < 2 or len(spikes) < 2:
        raise ValueError(
            f"{where}: spikes must have shape [T, *N, fields] with T at least 2, got {tuple(spikes.shape)}."
        )
    steps, fields = len(spikes), spikes.shape[-1]
    dtype = torch.promote_types(spikes.dtype, torch.float32)
    example = torch.zeros(spikes.shape[1:-1], dtype=dtype, device=spikes.device)  # [*N]
    bottom, top, centres, sigma = _geometry(where, example, low, high, fields, gamma)
    fired = spikes != 0
    activation = 1 - fired.to(torch.uint8).argmax(0) / (steps - 1)  # [*N, fields]
    # Half a step early: the last step tells of an activation near 0, and its logarithm shall be finite.
    activation = torch.where(fired.any(0), activation.clamp(min=0.25 / (steps - 1)), 0).to(dtype)
    best, which = activation.topk(2)  # [*N, 2]
    near, next_to_it = centres.expand(activation.shape).gather(-1, which).unbind(-1)
    difference = best.clamp(min=1e-30).log()
    both = (near + next_to_it) / 2 + sigma**2 * (difference[..., 0] - difference[..., 1]) / (near - next_to_it)
    value = torch.where(best[..., 1] > 0, both, near)
    value = torch.minimum(torch.maximum(value, bottom), top)
    return torch.where(best[..., 0] > 0, value, torch.nan)


def _activations(
    where: str, x: Tensor, low: float | Tensor, high: float | Tensor, fields: int, gamma: float, clip: bool
) -> Tensor:
    floating_range(where, "x", x)
    value = x.detach().to(torch.promote_types(x.dtype, torch.float32))
    bottom, top, centres, sigma = _geometry(where, value, low, high, fields, gamma)
    outside = int(((value < bottom) | (value > top)).sum())
    if outside and not clip:
        raise ValueError(
            f"{where}: x must lie in [low, high], got {outside} of {x.numel()} values outside, x from "
            f"{float(value.min()):g} to {float(value.max()):g} and the range from {float(bottom.min()):g} to "
            f"{float(top.max()):g}. Widen the range, or give clip=True to bring them to its ends."
        )
    value = torch.minimum(torch.maximum(value, bottom), top)
    return torch.exp(-0.5 * ((value.unsqueeze(-1) - centres) / sigma.unsqueeze(-1)).square())


def _geometry(
    where: str, x: Tensor, low: float | Tensor, high: float | Tensor, fields: int, gamma: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Range [*N] or [], centres [..., fields] and width of the receptive fields."""
    if fields < 3:
        raise ValueError(f"{where}: fields must be at least 3, got {fields}. Use for example fields=8.")
    if not 0 < gamma < float("inf"):
        raise ValueError(f"{where}: gamma must be above 0, got {gamma}. Use for example gamma=1.5.")
    bottom, top = (torch.as_tensor(end, dtype=x.dtype, device=x.device) for end in (low, high))
    for name, end in (("low", bottom), ("high", top)):
        value_range(where, name, end)
        if not broadcasts(end, x.shape):
            raise ValueError(
                f"{where}: {name} has shape {tuple(end.shape)}, which does not broadcast to the values' shape "
                f"{tuple(x.shape)}. Give a number, or one a feature."
            )
    if not bool((bottom < top).all()):
        raise ValueError(
            f"{where}: low must be below high, got low {float(bottom.max()):g} and high {float(top.min()):g}. "
            "Leave constant features out."
        )
    spacing = (top - bottom) / (fields - 2)
    i = torch.arange(1, fields + 1, dtype=x.dtype, device=x.device)
    centres = bottom.unsqueeze(-1) + (2 * i - 3) / 2 * spacing.unsqueeze(-1)
    return bottom, top, centres, spacing / gamma
