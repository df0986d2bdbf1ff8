"""Ben's Spiker Algorithm: spikes whose convolution with a filter is the signal."""

from collections.abc import Callable

import torch
from torch import Tensor

from ranvier.checks import floating_range
from ranvier.encoders.shared import signal


def bsa(x: Tensor, kernel: Tensor, *, threshold: float, relative: bool = False) -> Tensor:
    """Ben's Spiker Algorithm: a spike wherever taking the filter out of the signal leaves less than leaving it in.

        e1 = sum_k |x[t+k] - h[k]|,  e2 = sum_k |x[t+k]|,  k = 0 .. F - 1
        e1 <= e2 - threshold:  S[t] = 1, x[t+k] <- x[t+k] - h[k]

    A sum of filters that do not overlap is found exactly. One step looks F - 1 samples ahead, and the last F - 1 steps
    are silent. A spike stands for h, so h must suit the size of the signal: `sum(h)` is the largest constant that can
    be coded.

    Args:
        x: signal of 0 and above, time first, shape [T, *N], of a floating dtype. Of a signal with negative values,
            encode `x - x.amin(0)` and give the minimum to `bsa_inverse` as `shift`.
        kernel: the filter h, shape [F]; `low_pass` makes one.
        threshold: what a spike must gain, in the unit of `x`, 0 or above. Nothing gains more than `sum(h)`, so 0.9 to
            0.96 of that is strict, and suits most signals; the source has 0.955 for a sum of 1. With `relative`, the part
            of e2 that e1 may be, in (0, 1]; about 0.95.
        relative: fire where e1 <= threshold * e2 instead, which does not depend on the size of the signal, but is less
            exact where the signal is large.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError: `x` or `kernel` is not a floating tensor.
        ValueError: `x` is negative, has no time axis, is shorter than the filter, is empty or not finite, the filter is
            not [F] with a sum above 0, or `threshold` is out of range.

    Source: Schrauwen and Van Campenhout, BSA, a fast and accurate spike train encoding scheme, IJCNN (2003).
    """
    if relative and not 0 < threshold <= 1:
        raise ValueError(f"bsa: a relative threshold must lie in (0, 1], got {threshold}. Use for example 0.95.")
    if not 0 <= threshold < float("inf"):
        raise ValueError(
            f"bsa: threshold must be 0 or above, in the unit of x, got {threshold}. Use for example 0.95 * kernel.sum()."
        )

    def gains(window: Tensor, h: Tensor) -> Tensor:
        with_spike, without = (window - h).abs().sum(0), window.abs().sum(0)
        return with_spike <= (without * threshold if relative else without - threshold)

    return take_out("bsa", x, kernel, gains)


def bsa_inverse(spikes: Tensor, kernel: Tensor, *, shift: float | Tensor = 0.0) -> Tensor:
    """The signal that spikes of `bsa`, `hsa` or `modified_hsa` describe: their convolution with the filter.

        x[t] = shift + sum_k h[k] S[t-k]

    Args:
        spikes: shape [T, *N], of a floating dtype.
        kernel: the filter h, shape [F].
        shift: what was taken from the signal before it was coded, broadcast over [*N].

    Returns:
        Shape [T, *N], in the dtype of `spikes`.

    Raises:
        TypeError: `spikes` or `kernel` is not a floating tensor.
        ValueError: `spikes` has no time axis, is shorter than the filter, is empty or not finite, or the filter is not
            [F] with a sum above 0.
    """
    h = _checked("bsa_inverse", "spikes", spikes, kernel)
    out = torch.zeros_like(spikes)
    for k, weight in enumerate(h):
        out[k:] += weight * spikes[: len(spikes) - k]
    return out + shift


def low_pass(length: int, *, cutoff: float, amplitude: float) -> Tensor:
    """A low-pass filter for `bsa`: a sinc under a Hamming window, scaled to a sum.

        h[k] = amplitude * g[k] / sum(g),  g[k] = sinc(2 cutoff (k - m)) (0.54 - 0.46 cos(pi k / m)),  m = (length - 1) / 2

    Args:
        length: samples F, at least 3.
        cutoff: the frequency at which it halves amplitudes, in cycles a sample, in (0, 0.5).
        amplitude: sum of h, above 0: the largest constant that a spike in every step can describe.

    Returns:
        Shape [length], float32.

    Raises:
        ValueError: an option is out of range.

    Source: Oppenheim and Schafer, Discrete-Time Signal Processing (2010), section 7.5.
    """
    if length < 3 or not 0 < cutoff < 0.5 or not 0 < amplitude < float("inf"):
        raise ValueError(
            "low_pass: expected length >= 3, 0 < cutoff < 0.5 cycles a sample and amplitude > 0, got length "
            f"{length}, cutoff {cutoff} and amplitude {amplitude}. A cutoff in Hz is divided by the sampling rate."
        )
    from_middle = torch.arange(length, dtype=torch.float64) - (length - 1) / 2
    g = torch.sinc(2 * cutoff * from_middle) * torch.hamming_window(length, periodic=False, dtype=torch.float64)
    return (amplitude * g / g.sum()).float()


def take_out(where: str, x: Tensor, kernel: Tensor, fires: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Spikes [T, *N]: at each step where `fires(what is left of x in [F, *N], filter [F, 1...])`, the filter is taken out."""
    h = _checked(where, "x", x, kernel)
    low, _ = signal(where, x)
    if low < 0:
        raise ValueError(
            f"{where}: x must be 0 or above, got a minimum of {low:g}. Encode x - x.amin(0), and give the minimum to "
            "bsa_inverse as shift."
        )
    left = x.detach().to(torch.promote_types(x.dtype, torch.float32)).clone()
    h = h.to(left).view(-1, *[1] * (x.ndim - 1))
    spikes = torch.zeros_like(x)
    for t in range(len(x) - len(h) + 1):
        window = left[t : t + len(h)]  # [F, *N], a view
        fired = fires(window, h)
        spikes[t] = fired
        window -= h * fired
    return spikes


def _checked(where: str, argument: str, x: Tensor, kernel: Tensor) -> Tensor:
    signal(where, x, argument)
    floating_range(where, "kernel", kernel)
    if kernel.ndim != 1 or float(kernel.sum()) <= 0:
        raise ValueError(
            f"{where}: kernel must be a filter [F] with a sum above 0, got shape {tuple(kernel.shape)} and sum "
            f"{float(kernel.sum()):g}. Use low_pass(24, cutoff=0.1, amplitude=1.0)."
        )
    if len(x) < len(kernel):
        raise ValueError(
            f"{where}: {argument} has {len(x)} steps, fewer than the {len(kernel)} samples of the filter. "
            "Use a longer signal or a shorter filter; time is the first axis."
        )
    return kernel.detach().to(x.dtype)
