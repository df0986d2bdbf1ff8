"""Burst code: the larger the value, the more spikes and the closer together."""

import torch
from torch import Tensor

from ranvier.checks import positive_time, steps_at_least, value_range
from ranvier.encoders.shared import unit_values
from ranvier.units import ms


def burst(
    x: Tensor,
    *,
    steps: int,
    dt: float = 1 * ms,
    most: int = 5,
    shortest: float = 2 * ms,
    longest: float | None = None,
    clip: bool = False,
) -> Tensor:
    """One burst for each value, from the first step on: its number of spikes and their distance both tell the value.

        n = ceil(most * x),  interval = ceil(longest - (longest - shortest) * x),  spikes at 0, interval, 2 interval, ...

    Args:
        x: values in [0, 1], shape [*N], of a floating dtype. 0 is silent.
        steps: number of time steps T.
        dt: time step in seconds.
        most: spikes of the longest burst, that of x = 1; at least 2.
        shortest: interval at x = 1 in seconds, at least one step. Rounded to steps, as `longest` is.
        longest: interval near x = 0 in seconds; None takes the longest with which every burst fits into the window.
        clip: bring values outside [0, 1] to the nearest end instead of refusing them.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor, or `steps` is not an int.
        ValueError: `x` leaves [0, 1], is empty or not finite, `steps` or `dt` is not above 0, `most` is below 2, the
            intervals are no 1 step <= shortest <= longest, or a burst does not fit into the window.

    Source: Guo, Fouda, Eltawil and Salama, Frontiers in Neuroscience 15:638474 (2021), section on burst coding, which
        has 5 spikes and 2 ms.
    """
    value = unit_values("burst", "x", x, clip=clip).double()
    near, far = _intervals("burst", steps, dt, most, shortest, longest)
    # What exceeds a whole number by the rounding of x alone does not make another spike.
    exact = 1 - torch.finfo(x.dtype).eps
    count = torch.ceil(most * value * exact)  # [*N]
    interval = torch.ceil((far - (far - near) * value) * exact)
    t = torch.arange(steps, device=x.device).view(-1, *[1] * x.ndim)
    return ((t % interval == 0) & (t < count * interval)).to(x.dtype)


def burst_inverse(
    spikes: Tensor, *, dt: float = 1 * ms, most: int = 5, shortest: float = 2 * ms, longest: float | None = None
) -> Tensor:
    """The value that a burst stands for: the middle of those that give its number of spikes and its interval.

    Args:
        spikes: bursts from the first step on, shape [T, *N].
        dt, most, shortest, longest: as in `burst`.

    Returns:
        Values in [0, 1], shape [*N], of a floating dtype, off by at most 1 / (2 most); 0 for a silent neuron.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is empty or not finite, or an option is one that `burst` refuses.
    """
    value_range("burst_inverse", "spikes", spikes)
    near, far = _intervals("burst_inverse", len(spikes), dt, most, shortest, longest)
    fired = spikes != 0
    count = fired.sum(0).double()  # [*N]
    low, high = ((count - 1) / most).clamp(min=0), count / most
    # The second spike is one interval after the first, which is in the first step.
    interval = fired[1:].to(torch.uint8).argmax(0) + 1 if len(spikes) > 1 else torch.ones_like(count)
    if far > near:
        slowest, fastest = (far - interval) / (far - near), (far - interval + 1) / (far - near)
        timed = count > 1
        low = torch.where(timed, torch.maximum(low, slowest), low)
        high = torch.where(timed, torch.minimum(high, fastest), high)
    return ((low + high) / 2).clamp(0, 1).to(torch.promote_types(spikes.dtype, torch.float32))


def _intervals(where: str, steps: int, dt: float, most: int, shortest: float, longest: float | None) -> tuple[int, int]:
    """Shortest and longest interval in steps, once every burst is known to fit into the window."""
    steps_at_least(where, steps)
    positive_time(where, "dt", dt)
    positive_time(where, "shortest", shortest)
    if most < 2:
        raise ValueError(f"{where}: most must be at least 2 spikes, got {most}. Use for example most=5.")
    near = round(shortest / dt)
    widest = (steps - 1) // (most - 1)
    if longest is None:
        far = max(near, widest)
    else:
        positive_time(where, "longest", longest)
        far = round(longest / dt)
    if not 1 <= near <= far:
        raise ValueError(
            f"{where}: intervals must satisfy dt <= shortest <= longest, got dt {dt / ms:g} ms, shortest "
            f"{shortest / ms:g} ms and longest {far * dt / ms:g} ms. Use for example shortest=2*dt."
        )
    # A burst of n spikes is longest at the smallest value that has n, where x is just above (n - 1) / most.
    needed = 1 + max((n - 1) * -(-(far * most - (far - near) * (n - 1)) // most) for n in range(1, most + 1))
    if needed > steps:
        raise ValueError(
            f"{where}: bursts of up to {most} spikes at {near} to {far} steps need {needed} steps, the window has "
            f"{steps}. Use steps={needed}, fewer spikes (`most`) or shorter intervals."
        )
    return near, far
