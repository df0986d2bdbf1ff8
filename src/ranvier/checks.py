"""Refusals shared by encoders, decoders and losses: each names the function, what was given and what to type."""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor


def scalar(value: Any) -> Any:
    """A scalar of NumPy or torch, or an array or tensor without axes, as the Python number that it is; anything else as it is."""
    return value.item() if isinstance(value, np.generic | np.ndarray | Tensor) and value.ndim == 0 else value


def value_range(where: str, argument: str, x: Tensor) -> tuple[float, float]:
    """Smallest and largest element of `x`, a non-empty tensor of finite numbers. One pass, no copy.

    Raises:
        TypeError: `x` is not a tensor.
        ValueError: `x` is empty, complex, or holds NaN or inf.
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{where}: {argument} must be a torch.Tensor, got {type(x).__name__}. Use torch.as_tensor(...)."
        )
    if x.numel() == 0:
        raise ValueError(f"{where}: {argument} is empty, its shape is {tuple(x.shape)}. Give at least one value.")
    if x.is_complex():
        raise ValueError(f"{where}: {argument} must be real, got {x.dtype}. Use {argument}.abs() or {argument}.real.")
    low, high = (float(end) for end in torch.aminmax(x.detach()))
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = int((~torch.isfinite(x)).sum())
        raise ValueError(
            f"{where}: {argument} contains NaN or inf in {bad} of {x.numel()} values. "
            f"Find them with torch.isfinite({argument}), or replace them with torch.nan_to_num({argument})."
        )
    return low, high


def floating_range(where: str, argument: str, x: Tensor) -> tuple[float, float]:
    """As `value_range`, for a tensor that must also be of a floating dtype.

    Raises:
        TypeError: `x` is not a tensor, or of an integer or boolean dtype.
        ValueError: `x` is empty, complex, or holds NaN or inf.
    """
    if isinstance(x, Tensor) and not x.is_floating_point() and not x.is_complex():
        scaled = ", and divide an 8-bit image by 255" if x.dtype == torch.uint8 else ""
        raise TypeError(f"{where}: {argument} must be floating, got {x.dtype}. Use {argument}.float(){scaled}.")
    return value_range(where, argument, x)


def broadcasts(x: Tensor, shape: torch.Size) -> bool:
    """Whether `x` broadcasts to `shape` and not beyond it."""
    try:
        return torch.broadcast_shapes(x.shape, shape) == shape
    except RuntimeError:
        return False


def steps_at_least(where: str, steps: int, least: int = 1) -> None:
    """Refuse a number of time steps that is not a whole number of `least` or more."""
    if isinstance(steps, bool) or not isinstance(steps, Integral):
        raise TypeError(f"{where}: steps must be an int, got {steps!r}. Use steps=round(duration / dt).")
    if steps < least:
        raise ValueError(f"{where}: steps must be at least {least}, got {steps}. Use for example steps=25.")


def positive_time(where: str, argument: str, seconds: float) -> None:
    """Refuse a duration that is not a finite number of seconds above 0."""
    if not isinstance(scalar(seconds), Real):
        raise TypeError(
            f"{where}: {argument} must be a number of seconds, got {seconds!r}. Use for example {argument}=1*ms."
        )
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(
            f"{where}: {argument} must be a time above 0 s, got {seconds}. Use for example {argument}=1*ms."
        )


def output_shape(where: str, argument: str, output: Tensor) -> None:
    """Refuse a tensor that is not time first `[T, B, C]`."""
    if output.ndim != 3:
        raise ValueError(
            f"{where}: {argument} must have shape [T, B, C] (time, batch, class), got {tuple(output.shape)}. "
            f"Use {argument}.unsqueeze(1) for a single sample, or flatten the axes after the batch."
        )


def class_labels(
    where: str, labels: Tensor, argument: str, batch: int, classes: int, layout: str = "[T, B, C]"
) -> None:
    """Refuse labels that are not [B] whole numbers from 0 to `classes` - 1; `argument` is the output in `layout` they belong to.

    Raises:
        TypeError: `labels` is not a tensor of an integer dtype.
        ValueError: `labels` is not [B], or a label is no class.
    """
    given = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
    if given not in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
        raise TypeError(
            f"{where}: labels must be a tensor of an integer dtype, got {given}. Use torch.as_tensor(labels).long()."
        )
    if labels.ndim != 1:
        raise ValueError(
            f"{where}: labels must have shape [B] = ({batch},), got {tuple(labels.shape)}. "
            "Give class indices; one-hot labels become indices by labels.argmax(-1)."
        )
    axes = layout.strip("[]").split(", ")
    if len(labels) != batch:
        first = "Time comes first: " if axes[0] == "T" else ""
        raise ValueError(
            f"{where}: labels has {len(labels)} entries, {argument} has batch {batch} on axis {axes.index('B')}. "
            f"{first}{argument} is {layout}."
        )
    lowest, highest = (int(end) for end in torch.aminmax(labels))
    if lowest < 0 or highest >= classes:
        because = (
            f"because {argument} has {classes} classes on axis {axes.index('C')}" if "C" in axes else "the classes"
        )
        raise ValueError(
            f"{where}: labels must lie in 0..{classes - 1}, {because}; got values from {lowest} to {highest}. "
            f"{'Use an output layer with one neuron a class' if 'C' in axes else 'Give more classes'}, or renumber the "
            "labels."
        )
