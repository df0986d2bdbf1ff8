"""Rate codes: the value is the chance of a spike in each step, drawn independently of all other steps."""

import torch
from torch import Tensor

from ranvier.checks import floating_range, positive_time, steps_at_least
from ranvier.encoders.shared import check_generator, unit_values
from ranvier.units import ms


def poisson(
    rate: Tensor, *, steps: int, dt: float = 1 * ms, clip: bool = False, generator: torch.Generator | None = None
) -> Tensor:
    """Spikes of a Poisson process of the given rate, seen through time steps.

        P(S[t] = 1) = 1 - exp(-rate * dt)

    A step holds one spike however many events fell into it, so the spikes per second come to (1 - exp(-rate * dt)) /
    dt: 2.5 % below `rate` at rate * dt = 0.05, 37 % below at 1; n spikes in T steps most likely come from a rate of
    -log(1 - n / T) / dt. There is no refractory period. Draw anew in every
    epoch: a network overfits to spikes that were frozen once.

    Args:
        rate: firing rates in Hz, shape [*N], of a floating dtype.
        steps: number of time steps T.
        dt: time step in seconds.
        clip: bring rates outside [0, 1 / dt] to the nearest end instead of refusing them.
        generator: source of the randomness; None takes torch's default generator.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `rate`.

    Raises:
        TypeError: `rate` is not a floating tensor, `steps` is not an int, or `generator` is not a torch.Generator.
        ValueError: `rate * dt` leaves [0, 1], `rate` is empty or not finite, or `steps` or `dt` is not above 0.

    Source: Dayan and Abbott, Theoretical Neuroscience (2001), section 1.4.
    """
    expected = expected_spikes("poisson", rate, dt, clip=clip)
    return _draw("poisson", -torch.expm1(-expected), steps, rate.dtype, generator)


def bernoulli(p: Tensor, *, steps: int, clip: bool = False, generator: torch.Generator | None = None) -> Tensor:
    """Independent spikes with the given probability in every step.

        P(S[t] = 1) = p

    The mean over T steps is p with standard deviation sqrt(p (1 - p) / T). There is no refractory period. Draw anew in
    every epoch: a network overfits to spikes that were frozen once.

    Args:
        p: probabilities in [0, 1], shape [*N], of a floating dtype.
        steps: number of time steps T.
        clip: bring values outside [0, 1] to the nearest end instead of refusing them.
        generator: source of the randomness; None takes torch's default generator.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `p`.

    Raises:
        TypeError: `p` is not a floating tensor, `steps` is not an int, or `generator` is not a torch.Generator.
        ValueError: `p` leaves [0, 1], is empty or not finite, or `steps` is below 1.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    return _draw("bernoulli", unit_values("bernoulli", "p", p, clip=clip), steps, p.dtype, generator)


def expected_spikes(where: str, rate: Tensor, dt: float, *, clip: bool) -> Tensor:
    """Events expected in a step, rate * dt in [0, 1], shape of `rate`, in at least float32; without gradient.

    Raises:
        TypeError: `rate` is not a floating tensor.
        ValueError: `rate * dt` leaves [0, 1] and `clip` is False, `rate` is empty or not finite, or `dt` is not above 0.
    """
    low, high = floating_range(where, "rate", rate)
    positive_time(where, "dt", dt)
    if low < 0 and not clip:
        raise ValueError(
            f"{where}: rate must not be negative, got a minimum of {low:g} Hz. "
            "Give rates of 0 Hz and above, or clip=True to bring them into range."
        )
    if _beyond_one(rate, high * dt) and not clip:
        raise ValueError(
            f"{where}: rate * dt must lie in [0, 1], got a maximum of {high * dt:g} (rate {high:g} Hz, dt {dt / ms:g} "
            "ms). "
            "Lower the rate or use a smaller dt, or clip=True to bring it into range."
        )
    # Half precision has too few digits for a small probability.
    return (rate.detach().to(torch.promote_types(rate.dtype, torch.float32)) * dt).clamp(0, 1)


def _beyond_one(rate: Tensor, expected: float) -> bool:
    """Whether rate * dt exceeds 1 by more than the rounding of `rate` itself: 1 / dt is rarely a float."""
    return expected > 1 + torch.finfo(rate.dtype).eps


def _draw(where: str, p: Tensor, steps: int, dtype: torch.dtype, generator: torch.Generator | None) -> Tensor:
    steps_at_least(where, steps)
    check_generator(where, generator)
    spikes = torch.empty((steps, *p.shape), dtype=dtype, device=p.device)
    uniform = torch.empty_like(p)  # one step's numbers, reused, so that memory holds the spikes and little else
    for step in spikes:  # [*N]
        uniform.uniform_(generator=generator)
        torch.lt(uniform, p, out=step)
    return spikes
