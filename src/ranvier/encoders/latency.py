"""Latency codes (time to first spike): the larger the value, the earlier its only spike."""

import math

import torch
from torch import Tensor

from ranvier.checks import positive_time, steps_at_least, value_range
from ranvier.encoders.shared import one_spike, unit_values
from ranvier.units import ms


def latency(
    x: Tensor,
    *,
    steps: int,
    dt: float = 1 * ms,
    tau: float | None = None,
    threshold: float = 0.01,
    fire_below: bool = False,
    clip: bool = False,
) -> Tensor:
    """Linear latency code: one spike per value, at the step nearest to

        t = tau * (1 - x)

    so x = 1 fires in the first step. Halves round to the even step; `latency_times` gives the times unrounded. The code
    of a value depends on that value alone, never on others in its batch.

    Args:
        x: values in [0, 1], shape [*N], of a floating dtype.
        steps: number of time steps T, at least 2.
        dt: time step in seconds.
        tau: span of the code in seconds; None spreads it over the window, (T - 1) * dt.
        threshold: values at or below it are too faint to fire, in [0, 1).
        fire_below: let faint values fire in the last step instead of staying silent.
        clip: bring values outside [0, 1] to the nearest end instead of refusing them.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`: exactly one along time for each value above
        `threshold`.

    Raises:
        TypeError: `x` is not a floating tensor, or `steps` is not an int.
        ValueError: `x` leaves [0, 1], is empty or not finite, `threshold` leaves [0, 1), `steps` is below 2, `dt` or
            `tau` is not above 0, or `tau` is so long that values above `threshold` would fire after the last step.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    at = _linear_steps("latency", x, steps, dt, tau, threshold, fire_below, clip)
    return one_spike(at, steps, x.dtype)


def latency_times(
    x: Tensor,
    *,
    steps: int,
    dt: float = 1 * ms,
    tau: float | None = None,
    threshold: float = 0.01,
    fire_below: bool = False,
    clip: bool = False,
) -> Tensor:
    """Spike times of `latency` before they are rounded to steps.

    Takes the arguments and raises the errors of `latency`.

    Returns:
        Times in seconds from the first step, shape [*N], infinite where a value is silent.
    """
    return _linear_steps("latency_times", x, steps, dt, tau, threshold, fire_below, clip) * dt


def latency_inverse(spikes: Tensor, *, dt: float = 1 * ms, tau: float | None = None) -> Tensor:
    """The value that the first spike of a linear latency code stands for.

        x = 1 - t / tau

    Off by at most half a step, dt / (2 tau): without `tau`, 1 / (2 (T - 1)).

    Args:
        spikes: what `latency` gave, shape [T, *N].
        dt, tau: as in `latency`.

    Returns:
        Values in [0, 1], shape [*N], of a floating dtype; 0 for a silent neuron.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is empty, not finite or of fewer than 2 steps, or `dt` or `tau` is not above 0.
    """
    t = _first_steps("latency_inverse", spikes, dt, tau)
    span = len(spikes) - 1 if tau is None else tau / dt  # in steps
    return torch.where(t.isinf(), 0, 1 - t / span).clamp(min=0)


def log_latency(
    x: Tensor,
    *,
    steps: int,
    dt: float = 1 * ms,
    tau: float | None = None,
    threshold: float = 0.01,
    fire_below: bool = False,
    clip: bool = False,
) -> Tensor:
    """Logarithmic latency code: one spike per value, when a leaky membrane charged by it reaches the threshold,

        t = tau * ln(x / (x - threshold))

    capped at the last step, since t grows without bound towards the threshold. Without `tau` the range is fixed: twice
    the threshold fires in the last step, tau = (T - 1) * dt / ln 2, whatever else is in the batch. x = 1 fires early
    but not at t = 0. Halves round to the even step; `log_latency_times` gives the times unrounded.

    Args:
        x: values in [0, 1], shape [*N], of a floating dtype.
        steps: number of time steps T, at least 2.
        dt: time step in seconds.
        tau: time constant of the charging membrane in seconds; None fits it to the window as above.
        threshold: value that never quite reaches the membrane's threshold; values at or below it are too faint to fire.
            In (0, 1). The larger it is, the more evenly the values spread over the window.
        fire_below: let faint values fire in the last step instead of staying silent.
        clip: bring values outside [0, 1] to the nearest end instead of refusing them.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`: exactly one along time for each value above
        `threshold`.

    Raises:
        TypeError: `x` is not a floating tensor, or `steps` is not an int.
        ValueError: `x` leaves [0, 1], is empty or not finite, `threshold` leaves (0, 1), `steps` is below 2, `dt` or
            `tau` is not above 0, or `tau` is so long that even x = 1 would fire after the last step.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    at = _logarithmic_steps("log_latency", x, steps, dt, tau, threshold, fire_below, clip)
    return one_spike(at, steps, x.dtype)


def log_latency_times(
    x: Tensor,
    *,
    steps: int,
    dt: float = 1 * ms,
    tau: float | None = None,
    threshold: float = 0.01,
    fire_below: bool = False,
    clip: bool = False,
) -> Tensor:
    """Spike times of `log_latency` before they are rounded to steps.

    Takes the arguments and raises the errors of `log_latency`.

    Returns:
        Times in seconds from the first step, shape [*N], infinite where a value is silent.
    """
    return _logarithmic_steps("log_latency_times", x, steps, dt, tau, threshold, fire_below, clip) * dt


def log_latency_inverse(
    spikes: Tensor, *, dt: float = 1 * ms, tau: float | None = None, threshold: float = 0.01
) -> Tensor:
    """The value that the first spike of a logarithmic latency code stands for.

        x = threshold / (1 - exp(-t / tau))

    Encoding it again gives the same spike. The steps of bright values are few and each holds a wide range; the last step
    holds everything down to the threshold.

    Args:
        spikes: what `log_latency` gave, shape [T, *N].
        dt, tau, threshold: as in `log_latency`.

    Returns:
        Values in [0, 1], shape [*N], of a floating dtype; 0 for a silent neuron, 1 for a spike in a step before that of 1.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is empty, not finite or of fewer than 2 steps, `dt` or `tau` is not above 0, or `threshold`
            leaves (0, 1).
    """
    where = "log_latency_inverse"
    t = _first_steps(where, spikes, dt, tau)
    constant = _log_constant(where, len(spikes), dt, tau, threshold)
    return torch.where(t.isinf(), 0, threshold / -torch.expm1(-t / constant)).clamp(max=1)


def _first_steps(where: str, spikes: Tensor, dt: float, tau: float | None) -> Tensor:
    """Step of each neuron's first spike [*N], infinite for none, in at least float32."""
    value_range(where, "spikes", spikes)
    if spikes.ndim == 0 or len(spikes) < 2:
        raise ValueError(f"{where}: spikes must have shape [T, *N] with T at least 2, got {tuple(spikes.shape)}.")
    _check_times(where, dt, tau)
    fired = spikes != 0
    step = fired.to(torch.uint8).argmax(0).to(torch.promote_types(spikes.dtype, torch.float32))
    return torch.where(fired.any(0), step, torch.inf)


def _linear_steps(
    where: str, x: Tensor, steps: int, dt: float, tau: float | None, threshold: float, fire_below: bool, clip: bool
) -> Tensor:
    value = _checked(where, x, steps, dt, tau, clip)
    if not 0 <= threshold < 1:
        raise ValueError(f"{where}: threshold must lie in [0, 1), got {threshold}. Use for example threshold=0.01.")
    span = steps - 1 if tau is None else tau / dt  # in steps
    _fits(where, span * (1 - threshold), f"values just above threshold {threshold:g}", steps, tau)
    return _faint_apart(span * (1 - value), value <= threshold, steps, fire_below)


def _logarithmic_steps(
    where: str, x: Tensor, steps: int, dt: float, tau: float | None, threshold: float, fire_below: bool, clip: bool
) -> Tensor:
    value = _checked(where, x, steps, dt, tau, clip)
    constant = _log_constant(where, steps, dt, tau, threshold)
    if tau is not None:
        _fits(where, -constant * math.log1p(-threshold), "x = 1", steps, tau)
    faint = value <= threshold
    # The quotient may round to 1 just above the threshold: the logarithm is then infinite, and the cap catches it.
    charging = -torch.log1p(-threshold / torch.where(faint, 1.0, value))
    return _faint_apart((constant * charging).clamp(max=steps - 1), faint, steps, fire_below)


def _log_constant(where: str, steps: int, dt: float, tau: float | None, threshold: float) -> float:
    """Time constant of the charging membrane, in steps."""
    if not 0 < threshold < 1:
        raise ValueError(f"{where}: threshold must lie in (0, 1), got {threshold}. Use for example threshold=0.01.")
    return (steps - 1) / math.log(2) if tau is None else tau / dt


def _check_times(where: str, dt: float, tau: float | None) -> None:
    positive_time(where, "dt", dt)
    if tau is not None:
        positive_time(where, "tau", tau)


def _checked(where: str, x: Tensor, steps: int, dt: float, tau: float | None, clip: bool) -> Tensor:
    value = unit_values(where, "x", x, clip=clip)
    steps_at_least(where, steps, least=2)
    _check_times(where, dt, tau)
    return value


def _fits(where: str, at: float, which: str, steps: int, tau: float | None) -> None:
    # A spike at most half a step beyond the last one still rounds to it.
    if tau is not None and at > steps - 0.5:
        raise ValueError(
            f"{where}: {which} would fire at step {at:.1f}, but the window ends at step {steps - 1} "
            f"(tau {tau / ms:g} ms). Use steps={math.ceil(at) + 1}, a smaller tau, or leave tau out to fit the window."
        )


def _faint_apart(at: Tensor, faint: Tensor, steps: int, fire_below: bool) -> Tensor:
    return torch.where(faint, float(steps - 1) if fire_below else math.inf, at)
