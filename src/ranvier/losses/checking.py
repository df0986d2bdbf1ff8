"""What several losses share: refusals, the warning of silence, sums over time and the cross entropy itself."""

import warnings

import torch
from torch import Tensor
from torch.nn import functional

from ranvier.checks import class_labels, floating_range, output_shape


class SilentOutputWarning(UserWarning):
    """No output neuron fired in a whole batch: the loss says nothing about the samples."""


def at_least_float32(x: Tensor) -> torch.dtype:
    """float16 counts exactly only to 2048 and bfloat16 to 256, so sums run in more."""
    return torch.promote_types(x.dtype, torch.float32)


def over_time(x: Tensor) -> Tensor:
    return x.sum(0, dtype=at_least_float32(x))  # [B, C]


def mean_cross_entropy(where: str, logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """Mean over the rows of `logits` [rows, C] against `labels` [rows]; refuses a smoothing outside [0, 1]."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{where}: label_smoothing must lie in [0, 1], got {label_smoothing}. Use for example label_smoothing=0.1."
        )
    return functional.cross_entropy(logits, labels.long(), label_smoothing=label_smoothing)


def check_layer(where: str, spikes: Tensor, argument: str = "spikes") -> None:
    floating_range(where, argument, spikes)
    if spikes.ndim < 3:
        raise ValueError(
            f"{where}: {argument} must have shape [T, B, *N] (time, batch, neurons), got {tuple(spikes.shape)}."
        )


def check_spikes(where: str, spikes: Tensor, labels: Tensor, least: int = 2) -> None:
    low, high = check_classified(where, "spikes", spikes, labels, least)
    if low < 0:
        raise ValueError(
            f"{where}: spikes must be 0 or above, got a minimum of {low:g}. "
            "Use cross_entropy_max_membrane or cross_entropy_mean_membrane for potentials."
        )
    if high == 0:
        warn_of_silence(where, spikes, stacklevel=4)


def warn_of_silence(where: str, spikes: Tensor, *, stacklevel: int) -> None:
    steps, batch, _ = spikes.shape
    warnings.warn(
        f"{where}: no output neuron fired in {steps} steps of {batch} samples, so the loss says nothing about "
        "them. Raise the weights into the output layer or lower its v_threshold.",
        SilentOutputWarning,
        stacklevel=stacklevel,
    )


def check_classified(where: str, argument: str, output: Tensor, labels: Tensor, least: int) -> tuple[float, float]:
    """Range of `output` [T, B, C], once it and `labels` [B] are known to belong together."""
    low, high = floating_range(where, argument, output)
    output_shape(where, argument, output)
    _, batch, classes = output.shape
    check_classes(where, argument, classes, least, axis=2)
    class_labels(where, labels, argument, batch, classes)
    return low, high


def check_classes(where: str, argument: str, classes: int, least: int, axis: int) -> None:
    if classes < least:
        raise ValueError(
            f"{where}: {argument} has {classes} class on axis {axis}, expected at least {least}. "
            "Use an output layer with one neuron a class."
        )
