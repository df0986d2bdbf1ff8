"""Losses on when the output fires: the times of spikes, with a gradient, and what is asked of them.

The losses take times in seconds, [B, C], and so serve steps (`spike_times` reads them out of spikes) and exact event
times alike. Every neuron has a time: one that stays silent has the end of the window.
"""

import math
from typing import Any

import torch
from torch import Tensor

from ranvier.checks import broadcasts, class_labels, floating_range, output_shape, positive_time
from ranvier.losses.checking import check_classes, mean_cross_entropy, warn_of_silence
from ranvier.units import ms

STRAIGHT = 20.0  # time constants after which an exponential goes on as its tangent


def spike_times(spikes: Tensor, *, dt: float = 1 * ms, first: int = 1) -> Tensor:
    """Times of the first spikes of each neuron, with a gradient: more spike now is an earlier time.

        t_k = dt * (step of spike k),  and T * dt where there is none;  dt_k/dS = -dt at that step

    A silent neuron takes its gradient at the last step, so a loss that wants it earlier wakes it there.

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        dt: time step in seconds.
        first: how many spikes of each neuron, from the first on.

    Returns:
        Times in seconds, shape [first, B, C], or [B, C] for a single one; in the dtype of `spikes`, at least float32.

    Raises:
        TypeError: `spikes` is not of a floating dtype.
        ValueError: `spikes` is not [T, B, C], negative, empty or not finite, `dt` is not above 0, or `first` does not
            lie in 1 .. T.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "spike_times"
    low, high = floating_range(where, "spikes", spikes)
    output_shape(where, "spikes", spikes)
    positive_time(where, "dt", dt)
    if low < 0:
        raise ValueError(f"{where}: spikes must be 0 or above, got a minimum of {low:g}. Potentials have no times.")
    if not 1 <= first <= len(spikes):
        raise ValueError(f"{where}: first must lie in 1..{len(spikes)}, the steps of spikes, got {first}.")
    if high == 0:
        warn_of_silence(where, spikes, stacklevel=3)
    times = dt * _StepsOfSpikes.apply(spikes, first)
    return times[0] if first == 1 else times


class _StepsOfSpikes(torch.autograd.Function):
    """Steps [first, B, C] of the first spikes, T where there is none."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, first: int) -> Tensor:
        fired = spikes > 0
        number = fired.cumsum(0)  # [T, B, C], of the latest spike, from 1
        rows = []
        for k in range(1, first + 1):
            hit = fired & (number == k)
            rows.append(torch.where(hit.any(0), hit.to(torch.uint8).argmax(0), len(spikes)))
        steps = torch.stack(rows)
        ctx.save_for_backward(steps)
        ctx.shape, ctx.dtype = spikes.shape, spikes.dtype
        return steps.to(torch.promote_types(spikes.dtype, torch.float32))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (steps,) = ctx.saved_tensors
        (grad,) = grads
        error = torch.zeros(ctx.shape, dtype=grad.dtype, device=grad.device)
        error.scatter_add_(0, steps.clamp(max=ctx.shape[0] - 1), -grad)
        return error.to(ctx.dtype), None


def cross_entropy_times(times: Tensor, labels: Tensor, *, tau: float = 1 * ms, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of first spike times: the right neuron shall be the first.

        L = -log softmax(-t / tau)[label]

    Args:
        times: first spike times in seconds, shape [B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        tau: lead in seconds that weighs a factor e. Leads of more than about 30 tau leave no gradient.
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar; ln C where all fire together, and where none fires.

    Raises:
        TypeError: `times` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `times` is negative, empty or not finite, or an option is out
            of range.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "cross_entropy_times"
    _classified_times(where, times, labels)
    positive_time(where, "tau", tau)
    return mean_cross_entropy(where, -times / tau, labels, label_smoothing)


def time_to_first_spike(
    times: Tensor, labels: Tensor, *, tau0: float = 0.5 * ms, tau1: float = 6.4 * ms, alpha: float = 0.003
) -> Tensor:
    """Cross entropy of first spike times, with a price on a late right answer.

        L = -log softmax(-t / tau0)[label] + alpha (exp(t_label / tau1) - 1)

    Beyond 20 tau1 the exponential goes on as its tangent, so that a silent neuron has a finite loss and gradient.

    Args:
        times: first spike times in seconds, shape [B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        tau0: lead in seconds that weighs a factor e.
        tau1: time constant in seconds of the price.
        alpha: weight of the price, 0 or above; without it only leads count, never the times themselves.

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `times` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `times` is negative, empty or not finite, or an option is out
            of range.

    Source: Wunderlich and Pehle, Scientific Reports 11:12829 (2021), section on the Yin-Yang data, whose settings are
        the defaults.
    """
    where = "time_to_first_spike"
    _classified_times(where, times, labels)
    positive_time(where, "tau0", tau0)
    positive_time(where, "tau1", tau1)
    if not 0 <= alpha < math.inf:
        raise ValueError(f"{where}: alpha must be 0 or above, got {alpha}. Use for example alpha=0.003.")
    late = times.gather(1, labels.long().unsqueeze(1)) / tau1  # [B, 1]
    curved = late.clamp(max=STRAIGHT)
    price = torch.expm1(curved) + math.exp(STRAIGHT) * (late - curved)
    return mean_cross_entropy(where, -times / tau0, labels, 0.0) + alpha * price.mean()


def mse_times(times: Tensor, target: Tensor, *, tolerance: float = 0.0, unit: float = 1 * ms) -> Tensor:
    """Squared error of spike times.

        L = mean max(0, |t - target| - tolerance)^2 / unit^2

    What lies within the tolerance costs nothing, and the loss rises smoothly from its edge. `0.5 * times.numel()` times
    this is the error of SpikeProp.

    Args:
        times: spike times in seconds, shape [B, C] or [F, B, C], of a floating dtype.
        target: the times that they shall have, in seconds, broadcast over `times`. A time that a neuron cannot reach,
            before its first input, has no answer.
        tolerance: in seconds, 0 or above.
        unit: time in seconds whose square counts as 1.

    Returns:
        The mean over spikes, neurons and batch, a scalar.

    Raises:
        TypeError: `times` or `target` is not a floating tensor.
        ValueError: either is negative, empty or not finite, they do not fit together, or an option is out of range.

    Source: Bohte, Kok and La Poutre, Neurocomputing 48 (2002), section 3.
    """
    where = "mse_times"
    _times(where, "times", times)
    _times(where, "target", target)
    positive_time(where, "unit", unit)
    if not 0 <= tolerance < math.inf:
        raise ValueError(f"{where}: tolerance must be 0 s or above, got {tolerance}. Use for example tolerance=1*ms.")
    if not broadcasts(target, times.shape):
        raise ValueError(
            f"{where}: target has shape {tuple(target.shape)}, which does not broadcast to the times' shape "
            f"{tuple(times.shape)}. Give a target [B, C], or [F, B, C] for several spikes."
        )
    return ((((times - target).abs() - tolerance).relu() / unit).square()).mean()


def _times(where: str, argument: str, times: Tensor) -> None:
    if isinstance(times, Tensor) and times.is_floating_point() and bool(times.isposinf().any()):
        raise ValueError(
            f"{where}: {argument} has infinite times; a silent neuron has the end of the window. "
            f"Use {argument}.clamp(max=steps * dt)."
        )
    low, _ = floating_range(where, argument, times)
    if low < 0:
        raise ValueError(f"{where}: {argument} must be 0 s or above, got a minimum of {low:g} s.")


def _classified_times(where: str, times: Tensor, labels: Tensor) -> None:
    _times(where, "times", times)
    if times.ndim != 2:
        raise ValueError(
            f"{where}: times must have shape [B, C] (batch, class), got {tuple(times.shape)}. "
            "Read them out of spikes with spike_times(spikes, dt=dt)."
        )
    batch, classes = times.shape
    check_classes(where, "times", classes, 2, axis=1)
    class_labels(where, labels, "times", batch, classes, "[B, C]")
