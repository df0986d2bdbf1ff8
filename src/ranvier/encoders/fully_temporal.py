"""Fully temporal code: the exact time of every spike tells the signal, and no time is rounded to a step."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ranvier.checks import positive_time, steps_at_least
from ranvier.encoders.shared import signal
from ranvier.units import ms


@dataclass(frozen=True)
class SpikeTimes:
    """Spikes at exact times, sorted by time.

    Attributes:
        times: seconds from the first sample, shape [count], float64.
        indices: flat number of the neuron that fired (C order over `shape`), shape [count], int64.
        shape: shape of the neurons, (B, *N).
    """

    times: Tensor
    indices: Tensor
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.times.shape != self.indices.shape or self.times.ndim != 1:
            raise ValueError(
                f"SpikeTimes: expected times [count] and indices [count], got {tuple(self.times.shape)} and "
                f"{tuple(self.indices.shape)}."
            )
        if not bool(self.times.isfinite().all() and (self.times >= 0).all() and (self.times.diff() >= 0).all()):
            raise ValueError(
                "SpikeTimes: times must be finite, 0 s or above, and sorted. Use times.sort(), and its order for indices."
            )
        if len(self.indices) and not 0 <= int(self.indices.min()) <= int(self.indices.max()) < math.prod(self.shape):
            raise ValueError(
                f"SpikeTimes: indices must lie in 0..{math.prod(self.shape) - 1}, the neurons of shape {self.shape}, got "
                f"{int(self.indices.min())} to {int(self.indices.max())}."
            )

    def rounded(self, *, steps: int, dt: float = 1 * ms) -> Tensor:
        """Spikes of value 0 or 1 in the steps that hold their times, shape [T, B, *N], float32: here precision is lost.

        Raises:
            ValueError: a time lies beyond the last step, or two spikes of a neuron share a step.
        """
        steps_at_least("SpikeTimes.rounded", steps)
        positive_time("SpikeTimes.rounded", "dt", dt)
        step = (self.times / dt).floor().long()
        if len(step) and int(step[-1]) >= steps:
            raise ValueError(
                f"SpikeTimes.rounded: the last spike, at {float(self.times[-1]) / ms:g} ms, lies beyond {steps} steps of "
                f"{dt / ms:g} ms. Use steps={int(step[-1]) + 1}."
            )
        counts = torch.zeros(steps, math.prod(self.shape))
        counts.index_put_((step, self.indices), torch.ones(len(step)), accumulate=True)
        shared = int((counts > 1).sum())
        if shared:
            raise ValueError(
                f"SpikeTimes.rounded: {shared} steps of {dt / ms:g} ms would hold several spikes of one neuron. Use a "
                "smaller dt, or a code with fewer spikes."
            )
        return counts.view(steps, *self.shape)


def fully_temporal(x: Tensor, *, bias: float, threshold: float, dt: float = 1 * ms) -> SpikeTimes:
    """Integrate-and-fire time code: between two spikes of a neuron the signal and a bias gather exactly one threshold.

        integral from t_k to t_(k+1) of (x(u) + bias) du = threshold,  t_0 = 0 the start, which is no spike

    The signal holds each sample for one step, so the crossing lies exactly on a straight line. Intervals lie between
    threshold / (bias + max x) and threshold / (bias + min x).

    Args:
        x: signal, time first, shape [T, B, *N], of a floating dtype.
        bias: what is added so that the integral always rises, above -min x, in the unit of `x`.
        threshold: what a spike stands for, in the unit of `x` times seconds, above 0.
        dt: time from sample to sample in seconds.

    Returns:
        The spike times, float64.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` is not [T, B, *N], is empty or not finite, x + bias is not above 0, or `threshold` or `dt` is not
            above 0.

    Source: Lazar and Toth, IEEE Trans. Circuits and Systems I 51(10) (2004), without leak or refractoriness.
    """
    low, _ = signal("fully_temporal", x)
    positive_time("fully_temporal", "dt", dt)
    if x.ndim < 2:
        raise ValueError(
            f"fully_temporal: x must have shape [T, B, *N] (time, batch, neurons), got {tuple(x.shape)}. "
            "Use x.unsqueeze(1) for a single sample."
        )
    if not 0 < threshold < math.inf:
        raise ValueError(f"fully_temporal: threshold must be above 0, got {threshold}. It is in the unit of x times s.")
    if not (math.isfinite(bias) and low + bias > 0):
        raise ValueError(
            f"fully_temporal: x + bias must be above 0, got a minimum of x of {low:g} and bias {bias:g}. "
            f"Use a bias above {-low:g}."
        )
    gathered = _gathered(x.detach().double().cpu().numpy(), bias, dt)  # [T + 1, neurons]
    edges = np.arange(len(gathered)) * dt
    times, indices = [], []
    for n, climb in enumerate(gathered.T):
        count = math.floor(climb[-1] / threshold * (1 + 1e-12))
        times.append(np.interp(np.arange(1, count + 1) * threshold, climb, edges))
        indices.append(np.full(count, n))
    time, index = np.concatenate(times), np.concatenate(indices)
    order = np.argsort(time, kind="stable")
    return SpikeTimes(torch.from_numpy(time[order]), torch.from_numpy(index[order]), tuple(x.shape[1:]))


def fully_temporal_inverse(
    spikes: SpikeTimes, *, steps: int, bias: float, threshold: float, dt: float = 1 * ms
) -> Tensor:
    """The signal that exact spike times describe: its integral is known at every spike and a straight line between.

    Its mean between two spikes is exact. What varies faster is lost: choose a threshold that gives at least two spikes
    a cycle of the fastest part that counts. After the last spike the last mean goes on.

    Args:
        spikes: what `fully_temporal` gave.
        steps: number of samples T to rebuild.
        bias, threshold, dt: as in `fully_temporal`.

    Returns:
        Shape [T, B, *N], float64; -bias for a neuron without a spike.

    Raises:
        TypeError: `steps` is not an int.
        ValueError: `steps` is below 1, or `threshold` or `dt` is not above 0.
    """
    steps_at_least("fully_temporal_inverse", steps)
    positive_time("fully_temporal_inverse", "dt", dt)
    if not 0 < threshold < math.inf:
        raise ValueError(f"fully_temporal_inverse: threshold must be above 0, got {threshold}.")
    edges = np.arange(steps + 1) * dt
    out = torch.empty(steps, math.prod(spikes.shape), dtype=torch.float64)
    for n in range(out.shape[1]):
        time = np.concatenate(([0.0], spikes.times[spikes.indices == n].numpy()))
        climb = np.arange(len(time)) * threshold
        if len(time) > 1:  # one more spike as far away as the last, beyond the end
            ahead = max(1, math.ceil((edges[-1] - time[-1]) / (time[-1] - time[-2])))
            time = np.append(time, time[-1] + ahead * (time[-1] - time[-2]))
            climb = np.append(climb, climb[-1] + ahead * threshold)
        out[:, n] = torch.from_numpy(np.diff(np.interp(edges, time, climb)) / dt - bias)
    return out.view(steps, *spikes.shape)


def _gathered(x: np.ndarray, bias: float, dt: float) -> np.ndarray:
    """Integral of x + bias from 0 to each edge of a step, [T + 1, neurons]."""
    flat = x.reshape(len(x), -1)
    return np.concatenate((np.zeros((1, flat.shape[1])), np.cumsum(flat + bias, 0) * dt))
