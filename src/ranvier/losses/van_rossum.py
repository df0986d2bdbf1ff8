"""Van Rossum's distance between spike trains, as a loss."""

import torch
from torch import Tensor

from ranvier.checks import broadcasts, positive_time
from ranvier.losses.checking import check_layer
from ranvier.units import ms


def van_rossum(spikes: Tensor, target: Tensor, *, tau: float = 10 * ms, dt: float = 1 * ms) -> Tensor:
    """Squared van Rossum distance of output spikes from target spikes.

        D^2 = (1 / tau) integral (f - g)^2 dt = 1/2 sum_{t,s} d[t] d[s] exp(-|t - s| dt / tau),  d = spikes - target

    f and g are the two trains, each spike followed by exp(-t / tau). The sum is the integral itself, without an error of
    discretisation. One spike against none gives 1/2; half the square of the distance that gives 1 there. A small tau
    counts coincidences, a large one compares counts. The gradient reaches every step, also that of a silent neuron.

    Args:
        spikes: output spikes, shape [T, B, *N], of a floating dtype.
        target: spikes that they shall be, of the shape of `spikes`, or broadcast to it.
        tau: time constant in seconds.
        dt: time step in seconds.

    Returns:
        The mean over neurons and batch, a scalar, 0 or above.

    Raises:
        TypeError: `spikes` or `target` is not of a floating dtype.
        ValueError: an argument has no time and batch axes, is empty or not finite, the shapes disagree, or `tau` or `dt`
            is not above 0.

    Source: van Rossum, Neural Computation 13(4) (2001); Paiva, Park and Principe, Neural Computation
        21(2) (2009), the closed form.
    """
    where = "van_rossum"
    check_layer(where, spikes)
    check_layer(where, target, "target")
    positive_time(where, "tau", tau)
    positive_time(where, "dt", dt)
    if len(target) != len(spikes) or target.ndim != spikes.ndim or not broadcasts(target, spikes.shape):
        raise ValueError(
            f"{where}: target must have the shape of spikes, {tuple(spikes.shape)}, got {tuple(target.shape)}. "
            "Time comes first in both."
        )
    difference = (spikes - target).flatten(1)  # [T, B * N]
    difference = difference.to(torch.promote_types(difference.dtype, torch.float32))
    t = torch.arange(len(spikes), dtype=difference.dtype, device=difference.device)
    overlap = torch.exp(-(t[:, None] - t).abs() * (dt / tau))  # [T, T]
    # Of a positive definite form, but rounding may fall below 0.
    return 0.5 * (difference * (overlap @ difference)).sum(0).clamp(min=0).mean()
