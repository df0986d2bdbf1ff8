"""A cochlea in front of the encoders: gammatone filters, half-wave rectification, compression.

Pure functions on torch tensors in the manner of `ranvier.encoders.audio`: leading axes are kept, the last axis of a
wave is time, and `log_gammatone` cuts the same frames as `log_mel`.
"""

import math
import warnings

import torch
from torch import Tensor

from ranvier.encoders.audio import FLOOR, check_wave, framed
from ranvier.units import ms

ORDER = 4  # of the gammatone that fits human filters
DECAY = 1e-4  # part of its envelope's peak where an impulse response is cut off


def erb(hz: Tensor) -> Tensor:
    """Equivalent rectangular bandwidth in Hz of the auditory filter at a frequency, `24.7 (4.37 f / 1000 + 1)`.

    Source: Glasberg and Moore, Hearing Research 47 (1990).
    """
    return 24.7 * (4.37e-3 * hz + 1)


def hz_to_erb_number(hz: Tensor) -> Tensor:
    """Auditory filters that lie below a frequency, `21.4 log10(1 + 4.37 f / 1000)` (Glasberg and Moore 1990)."""
    return 21.4 * torch.log10(1 + 4.37e-3 * hz)


def erb_centres(bands: int, low: float, high: float) -> Tensor:
    """Centre frequencies in Hz, [bands], float64, from `low` to `high`, equally spaced in the number of auditory filters."""
    ends = hz_to_erb_number(torch.tensor([low, high], dtype=torch.float64))
    number = torch.linspace(float(ends[0]), float(ends[1]), bands, dtype=torch.float64)
    return (10 ** (number / 21.4) - 1) / 4.37e-3


def gammatone_filters(bands: int, rate: float, *, low: float = 50.0, high: float | None = None) -> Tensor:
    """Impulse responses of gammatone filters at ERB-spaced centres, each with gain 1 at its centre.

        g_f(t) = a t^(n-1) exp(-2 pi b t) cos(2 pi f t),  n = 4,  b = 1.019 ERB(f)

    They are as long as the slowest of them takes to decay to a ten-thousandth. Amplitudes fall to 1 / sqrt(2) at about
    0.887 ERB(f) from one edge to the other.

    Args:
        bands: number of filters.
        rate: sampling rate in Hz.
        low: centre of the first filter, Hz.
        high: centre of the last filter, Hz; 0.45 of the rate by default.

    Returns:
        [bands, taps], float64.

    Raises:
        ValueError: unless bands >= 1 and 0 < low < high <= rate / 2.

    Warns:
        when the last filter reaches so far beyond half the rate that it is cut.

    Source: Patterson, Holdsworth, Nimmo-Smith, Zhang and Glasberg, SVOS final report (1992); Slaney, Apple technical
        report 35 (1993).
    """
    high = 0.45 * rate if high is None else high
    if bands < 1:
        raise ValueError(f"gammatone_filters: bands must be at least 1, got {bands}.")
    if not 0 < low < high <= rate / 2:
        raise ValueError(
            f"gammatone_filters: expected 0 < low < high <= rate / 2, got low {low:g} Hz, high {high:g} Hz and rate / 2 "
            f"= {rate / 2:g} Hz. Lower `high`, or resample the recording to a higher rate."
        )
    centres = erb_centres(bands, low, high)
    upper = float(centres[-1] + erb(centres[-1]) / 2)
    if upper > rate / 2:
        warnings.warn(
            f"gammatone_filters: the filter at {float(centres[-1]):.5g} Hz reaches up to {upper:.5g} Hz, beyond half the "
            f"rate, {rate / 2:g} Hz, and is folded back. Lower `high`, or resample the recording to a higher rate.",
            stacklevel=2,
        )
    b = 1.019 * erb(centres)[:, None]
    taps = math.ceil(rate * _decay_time(float(b.min())))
    t = torch.arange(taps, dtype=torch.float64) / rate  # [taps]
    turns = 2 * math.pi * centres[:, None] * t
    envelope = t ** (ORDER - 1) * torch.exp(-2 * math.pi * b * t)
    response = envelope * torch.cos(turns)
    gain = torch.complex((response * torch.cos(turns)).sum(1), (response * torch.sin(turns)).sum(1)).abs()
    return response / gain[:, None]


def cochlea(
    wave: Tensor, rate: float, *, bands: int = 40, low: float = 50.0, high: float | None = None, power: float = 0.3
) -> Tensor:
    """What the hair cells pass on: the wave through gammatone filters, half-wave rectified and compressed.

        y_f[t] = max(0, (g_f * x)[t])^power

    The sample at t depends on the wave up to t. Values stay near [0, 1] for a wave of full scale 1: the rates of
    `poisson`, the values of `delta`, or the current of a neuron.

    Args:
        wave: [..., samples], floating point, full scale at 1.
        rate: sampling rate in Hz.
        bands, low, high: as in `gammatone_filters`.
        power: exponent of the compression, in (0, 1]; 1 for none.

    Returns:
        [..., samples, bands], the dtype of `wave`.

    Raises:
        TypeError: if `wave` is not floating point.
        ValueError: for an empty or non-finite wave, bad band edges, and a power out of range.

    Example:
        >>> cochlea(torch.zeros(800), 8000).shape
        torch.Size([800, 40])
    """
    check_wave("cochlea", wave, rate)
    if not 0 < power <= 1:
        raise ValueError(f"cochlea: power must lie in (0, 1], got {power}. Use for example power=0.3.")
    rectified = _rectified(wave, rate, bands, low, high)
    # The slope of a power is infinite at 0, where rectification has no slope: 0 goes around the power.
    open_ = rectified > 0
    return torch.where(open_, torch.where(open_, rectified, 1.0) ** power, 0.0)


def log_gammatone(
    wave: Tensor,
    rate: float,
    *,
    bands: int = 40,
    window: float = 25 * ms,
    hop: float = 10 * ms,
    low: float = 50.0,
    high: float | None = None,
) -> Tensor:
    """Log-gammatone picture: natural logarithm of the power that passes each rectified filter in each Hann window.

        log(max(sum_t w_t max(0, (g_f * x)[t])^2, 1e-10)),  w the Hann window divided by its sum

    Called as `log_mel` is, and with its frames. Nothing is normalised. A clip shorter than one window is padded with
    silence at its end to one window.

    Args:
        wave, rate, window, hop: as in `log_mel`.
        bands, low, high: as in `gammatone_filters`.

    Returns:
        [..., frames, bands], the dtype of `wave`.

    Raises:
        TypeError: if `wave` is not floating point.
        ValueError: for an empty or non-finite wave, a rate, window or hop that is not positive, and bad band edges.

    Example:
        >>> log_gammatone(torch.zeros(8000), 8000).shape
        torch.Size([98, 40])
    """
    wave, length, step = framed("log_gammatone", wave, rate, window, hop)
    power = _rectified(wave, rate, bands, low, high).square()  # [..., samples, bands]
    hann = torch.hann_window(length, dtype=wave.dtype, device=wave.device)
    frames = power.unfold(-2, length, step)  # [..., frames, bands, length], a view
    return (frames @ (hann / hann.sum())).clamp(min=FLOOR).log()


def _rectified(wave: Tensor, rate: float, bands: int, low: float, high: float | None) -> Tensor:
    """The wave through each filter, half-wave rectified, [..., samples, bands]."""
    filters = gammatone_filters(bands, rate, low=low, high=high).to(wave)
    samples = wave.shape[-1]
    size = 1 << (samples + filters.shape[-1] - 2).bit_length()  # long enough for no sample to come round again
    spectrum = torch.fft.rfft(wave, n=size).unsqueeze(-2) * torch.fft.rfft(filters, n=size)  # [..., bands, bins]
    return torch.fft.irfft(spectrum, n=size)[..., :samples].relu().transpose(-1, -2)


def _decay_time(b: float) -> float:
    """Seconds until t^(n-1) exp(-2 pi b t) has fallen from its peak to `DECAY` of it."""
    peak = (ORDER - 1) / (2 * math.pi * b)
    late = peak
    # u = t / peak solves u - ln u = 1 - ln(DECAY) / (n - 1), by repeated insertion, which converges for u > 1
    for _ in range(50):
        late = peak * (1 - math.log(DECAY) / (ORDER - 1) + math.log(late / peak))
    return late
