"""Losses on what the output layer did, and penalties on how much any layer fires.

A classification loss takes the output [T, B, C] and labels [B], and returns the mean over the batch. A cross entropy is
never negative; equal evidence for all C classes gives ln C, and so does an output without a spike: its gradient is
defined, and `SilentOutputWarning` says that the loss saw none.
"""

import math
import warnings

import torch
from torch import Tensor
from torch.nn import functional

from ranvier.checks import floating_range, output_shape


class SilentOutputWarning(UserWarning):
    """No output neuron fired in a whole batch: the loss says nothing about the samples."""


def cross_entropy_count(spikes: Tensor, labels: Tensor, *, scale: float = 1.0, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the spike counts.

        L = -log softmax(scale * sum_t S[t])[label]

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        scale: factor on the counts. Counts that differ by more than about 30 leave no gradient; over many steps use a
            scale below 1, such as 10 / T.
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `spikes` is empty or not finite, or an option is out of range.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "cross_entropy_count"
    _smoothing(where, label_smoothing)
    _spikes(where, spikes, labels)
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"{where}: scale must be above 0, got {scale}. Use for example scale=10 / steps.")
    return _cross_entropy(scale * _over_time(spikes), labels, label_smoothing)


def cross_entropy_rate(spikes: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy in every step: the right neuron shall fire, and the others stay silent, all the time.

        L = (1 / T) sum_t -log softmax(S[t])[label]

    A step's spikes are 0 or 1, so with C classes this loss is at least ln(1 + (C - 1) / e).

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over steps and batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `spikes` is empty or not finite, or an option is out of range.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "cross_entropy_rate"
    _smoothing(where, label_smoothing)
    _spikes(where, spikes, labels)
    return _cross_entropy(spikes.flatten(0, 1), labels.repeat(len(spikes)), label_smoothing)  # rows in order (t, b)


def cross_entropy_max_membrane(v: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the highest membrane potentials.

        L = -log softmax(max_t v[t])[label]

    Steps that share the maximum share its gradient evenly.

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or an option is out of range.

    Source: Cramer, Stradmann, Schemmel and Zenke, The Heidelberg Spiking Data Sets (2020).
    """
    where = "cross_entropy_max_membrane"
    _classified(where, "v", v, labels, least=2)
    _smoothing(where, label_smoothing)
    return _cross_entropy(v.amax(0), labels, label_smoothing)


def cross_entropy_mean_membrane(v: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the mean membrane potentials.

        L = -log softmax((1 / T) sum_t v[t])[label]

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or an option is out of range.
    """
    where = "cross_entropy_mean_membrane"
    _classified(where, "v", v, labels, least=2)
    _smoothing(where, label_smoothing)
    return _cross_entropy(_over_time(v) / len(v), labels, label_smoothing)


def cross_entropy_final_membrane(v: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the membrane potentials after the last step, for a readout that forgets nothing (`Accumulator`).

        L = -log softmax(v[T - 1])[label]

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or an option is out of range.
    """
    where = "cross_entropy_final_membrane"
    _classified(where, "v", v, labels, least=2)
    _smoothing(where, label_smoothing)
    return _cross_entropy(v[-1], labels, label_smoothing)


def mse_count(spikes: Tensor, labels: Tensor, *, correct_rate: float = 0.8, incorrect_rate: float = 0.2) -> Tensor:
    """Squared error of the spike counts against target counts.

        L = (1 / T) mean_c (sum_t S[t, c] - T r_c)^2,  r_c = correct_rate for the label's class, else incorrect_rate

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        correct_rate: target rate of the right class, in spikes per step.
        incorrect_rate: target rate of the other classes, in spikes per step. At 0 their neurons tend to die.

    Returns:
        The mean over classes and batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `spikes` is empty or not finite, or the rates are not
            0 <= incorrect_rate < correct_rate <= 1.

    Source: Shrestha and Orchard, SLAYER, NeurIPS (2018).
    """
    where = "mse_count"
    _spikes(where, spikes, labels, least=1)
    if not 0 <= incorrect_rate < correct_rate <= 1:
        raise ValueError(
            f"{where}: rates must satisfy 0 <= incorrect_rate < correct_rate <= 1 (spikes per step), got "
            "incorrect_rate "
            f"{incorrect_rate} and correct_rate {correct_rate}. Use for example correct_rate=0.8, incorrect_rate=0.2."
        )
    steps, _, classes = spikes.shape
    right = functional.one_hot(labels.long(), classes).bool()  # [B, C]
    target = steps * torch.where(right, correct_rate, incorrect_rate)
    return (_over_time(spikes) - target).square().mean() / steps


def rate_below(spikes: Tensor, lower: float) -> Tensor:
    """Penalty on neurons that fire less than `lower`: it wakes dead neurons.

        L = mean_n max(0, lower - r_n)^2

    A neuron's rate r_n is its mean over time and batch, so a neuron that answers to a few samples only is not dead.

    Args:
        spikes: spikes of a layer, shape [T, B, *N], of a floating dtype.
        lower: rate in spikes per step, in (0, 1].

    Returns:
        The mean over neurons, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` has no time and batch axes, is empty or not finite, or `lower` is out of range.

    Source: Zenke and Vogels, Neural Computation 33(4) (2021).
    """
    rates = _rates("rate_below", spikes)
    if not 0 < lower <= 1:
        raise ValueError(
            f"rate_below: lower must lie in (0, 1] spikes per step, got {lower}. Use for example lower=0.01."
        )
    return (lower - rates).relu().square().mean()


def rate_above(spikes: Tensor, upper: float) -> Tensor:
    """Penalty on neurons that fire more than `upper`: it calms saturated neurons and saves synaptic operations.

        L = mean_n max(0, r_n - upper)^2

    A neuron's rate r_n is its mean over time and batch.

    Args:
        spikes: spikes of a layer, shape [T, B, *N], of a floating dtype.
        upper: rate in spikes per step, in [0, 1).

    Returns:
        The mean over neurons, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` has no time and batch axes, is empty or not finite, or `upper` is out of range.

    Source: Zenke and Vogels, Neural Computation 33(4) (2021).
    """
    rates = _rates("rate_above", spikes)
    if not 0 <= upper < 1:
        raise ValueError(
            f"rate_above: upper must lie in [0, 1) spikes per step, got {upper}. Use for example upper=0.2."
        )
    return (rates - upper).relu().square().mean()


def total_spikes(spikes: Tensor) -> Tensor:
    """Spikes of a sample, over all steps and neurons of a layer: the L1 penalty on activity.

        L = (1 / B) sum_{t,b,n} |S[t, b, n]|

    Args:
        spikes: spikes of a layer, shape [T, B, *N], of a floating dtype.

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` has no time and batch axes, is empty or not finite.
    """
    _layer("total_spikes", spikes)
    return spikes.abs().sum(dtype=_at_least_float32(spikes)) / spikes.shape[1]


def _at_least_float32(x: Tensor) -> torch.dtype:
    """float16 counts exactly only to 2048 and bfloat16 to 256, so sums run in more."""
    return torch.promote_types(x.dtype, torch.float32)


def _over_time(x: Tensor) -> Tensor:
    return x.sum(0, dtype=_at_least_float32(x))  # [B, C]


def _cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """Mean over the rows of `logits` [rows, C] against `labels` [rows]."""
    return functional.cross_entropy(logits, labels.long(), label_smoothing=label_smoothing)


def _rates(where: str, spikes: Tensor) -> Tensor:
    _layer(where, spikes)
    return spikes.mean((0, 1), dtype=_at_least_float32(spikes))  # [*N], spikes per step


def _layer(where: str, spikes: Tensor) -> None:
    floating_range(where, "spikes", spikes)
    if spikes.ndim < 3:
        raise ValueError(
            f"{where}: spikes must have shape [T, B, *N] (time, batch, neurons), got {tuple(spikes.shape)}."
        )


def _spikes(where: str, spikes: Tensor, labels: Tensor, least: int = 2) -> None:
    low, high = _classified(where, "spikes", spikes, labels, least)
    if low < 0:
        raise ValueError(
            f"{where}: spikes must be 0 or above, got a minimum of {low:g}. "
            "Use cross_entropy_max_membrane or cross_entropy_mean_membrane for potentials."
        )
    if high == 0:
        steps, batch, _ = spikes.shape
        warnings.warn(
            f"{where}: no output neuron fired in {steps} steps of {batch} samples, so the loss says nothing about "
            "them. Raise the weights into the output layer or lower its v_threshold.",
            SilentOutputWarning,
            stacklevel=3,
        )


def _classified(where: str, argument: str, output: Tensor, labels: Tensor, least: int) -> tuple[float, float]:
    """Range of `output` [T, B, C], once it and `labels` [B] are known to belong together."""
    low, high = floating_range(where, argument, output)
    output_shape(where, argument, output)
    _, batch, classes = output.shape
    if classes < least:
        raise ValueError(
            f"{where}: {argument} has {classes} class on axis 2, expected at least {least}. "
            "Use an output layer with one neuron a class."
        )
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
    if len(labels) != batch:
        raise ValueError(
            f"{where}: labels has {len(labels)} entries, {argument} has batch {batch} on axis 1. "
            f"Time comes first: {argument} is [T, B, C]."
        )
    lowest, highest = (int(end) for end in torch.aminmax(labels))
    if lowest < 0 or highest >= classes:
        raise ValueError(
            f"{where}: labels must lie in 0..{classes - 1}, because {argument} has {classes} classes on axis 2; "
            f"got values from {lowest} to {highest}. "
            "Use an output layer with one neuron a class, or renumber the labels."
        )
    return low, high


def _smoothing(where: str, label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{where}: label_smoothing must lie in [0, 1], got {label_smoothing}. Use for example label_smoothing=0.1."
        )
