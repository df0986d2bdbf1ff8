"""The audio front end: recordings in, log-mel pictures, mel cepstra and their deltas out.

Pure functions on torch tensors; leading axes are kept, the last axis of a wave is time. A frame is what one window
sees; no frame looks past either end of the clip, so a clip of n samples gives `1 + (n - window) // hop` frames.
"""

import math
import warnings

import torch
from torch import Tensor

from ranvier.units import ms

LOUDEST = 100.0  # full scales; a larger wave was never divided by its own
MOST_CHANNELS = 8  # of a recording; so few samples on the last axis are channels
FLOOR = 1e-10  # power below this is silence; keeps the logarithm finite


def hz_to_mel(hz: Tensor) -> Tensor:
    """Mel of a frequency, `m = 2595 log10(1 + f / 700)` (HTK). hz: any shape, in Hz."""
    return 2595.0 * torch.log10(1.0 + hz / 700.0)


def mel_to_hz(mel: Tensor) -> Tensor:
    """Frequency in Hz of a mel, `f = 700 (10^(m / 2595) - 1)`, the inverse of `hz_to_mel`."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def hz_to_slaney_mel(hz: Tensor) -> Tensor:
    """Mel of a frequency on Slaney's scale: 3 f / 200 below 1 kHz, 15 + 27 log(f / 1000) / log 6.4 above.

    Source: Slaney, Auditory Toolbox, Interval technical report 1998-010.
    """
    return torch.where(hz < 1000, 3 * hz / 200, 15 + 27 * (hz.clamp(min=1000) / 1000).log() / math.log(6.4))


def slaney_mel_to_hz(mel: Tensor) -> Tensor:
    """Frequency in Hz of a mel on Slaney's scale, the inverse of `hz_to_slaney_mel`."""
    return torch.where(mel < 15, 200 * mel / 3, 1000 * torch.exp((mel.clamp(min=15) - 15) * math.log(6.4) / 27))


def mel_edges(bands: int, low: float, high: float, *, slaney: bool = False) -> Tensor:
    """Corner frequencies of the mel triangles: filter k rises from edge k, peaks at k + 1 and ends at k + 2.

    Returns [bands + 2] in Hz, float64, equally spaced in mel from `low` to `high`, on the scale of HTK or of Slaney.
    """
    to_mel, to_hz = (hz_to_slaney_mel, slaney_mel_to_hz) if slaney else (hz_to_mel, mel_to_hz)
    ends = to_mel(torch.tensor([low, high], dtype=torch.float64))
    return to_hz(torch.linspace(float(ends[0]), float(ends[1]), bands + 2, dtype=torch.float64))


def mel_filters(
    bands: int, size: int, rate: float, *, low: float = 20.0, high: float | None = None, slaney: bool = False
) -> Tensor:
    """Triangular filters of height 1, equally spaced on the mel scale of HTK or of Slaney, linear in Hz along each flank.

    Args:
        bands: number of filters.
        size: length of the Fourier transform, in samples.
        rate: sampling rate in Hz.
        low: lower edge of the first filter, Hz.
        high: upper edge of the last filter, Hz; half the rate by default.
        slaney: space them on Slaney's scale, which is linear below 1 kHz; heights stay 1.

    Returns:
        [size // 2 + 1, bands], float64: multiply a power spectrum by it.

    Raises:
        ValueError: unless bands >= 1 and 0 <= low < high <= rate / 2.

    Warns:
        when a filter is narrower than the spacing of the spectrum and so never sees any of it.

    Source: S. Young et al., The HTK Book (2006), section 5.4.
    """
    high = rate / 2 if high is None else high
    if bands < 1:
        raise ValueError(f"mel_filters: bands must be at least 1, got {bands}.")
    if not 0 <= low < high <= rate / 2:
        raise ValueError(
            f"mel_filters: expected 0 <= low < high <= rate / 2, got low {low:g} Hz, high {high:g} Hz and rate / 2 = "
            f"{rate / 2:g} Hz. Lower `high`, or resample the recording to a higher rate."
        )
    edges = mel_edges(bands, low, high, slaney=slaney)
    hz = torch.arange(size // 2 + 1, dtype=torch.float64)[:, None] * (rate / size)  # [bins, 1]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])  # [bins, bands]
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    filters = torch.minimum(rising, falling).clamp(min=0.0)
    empty = (filters.sum(0) == 0).nonzero().flatten().tolist()
    if empty:
        warnings.warn(
            f"mel_filters: {len(empty)} of {bands} filters are narrower than one bin of {rate / size:.4g} Hz and stay "
            f"silent (filters {', '.join(map(str, empty[:8]))}{', ...' if len(empty) > 8 else ''}). Use fewer bands, "
            f"a longer window or a higher `low`.",
            stacklevel=2,
        )
    return filters


def log_mel(
    wave: Tensor,
    rate: float,
    *,
    bands: int = 40,
    window: float = 25 * ms,
    hop: float = 10 * ms,
    low: float = 20.0,
    high: float | None = None,
    slaney: bool = False,
) -> Tensor:
    """Log-mel picture: natural logarithm of the power that each mel filter sees in each Hann window.

    `log(max(filters^T |FFT(hann * frame)|^2, 1e-10))`, with the transform zero-padded to a power of two. Nothing is
    normalised. A clip shorter than one window is padded with silence at its end to one window.

    Args:
        wave: [..., samples], floating point, full scale at 1.
        rate: sampling rate in Hz.
        bands: number of mel filters.
        window: length of a frame in seconds.
        hop: time from frame to frame in seconds.
        low, high: band edges in Hz; `high` is half the rate by default.
        slaney: space the filters on Slaney's mel scale instead of that of HTK.

    Returns:
        [..., frames, bands], the dtype of `wave`.

    Raises:
        TypeError: if `wave` is not floating point.
        ValueError: for an empty or non-finite wave, one whose last axis holds channels or that exceeds full scale 100 times,
            a rate, window or hop that is not positive, and bad band edges.

    Example:
        >>> log_mel(torch.zeros(8000), 8000).shape
        torch.Size([98, 40])
    """
    wave, length, step = framed("log_mel", wave, rate, window, hop)
    size = 1 << (length - 1).bit_length()
    frames = wave.unfold(-1, length, step)  # [..., frames, length], a view
    hann = torch.hann_window(length, dtype=wave.dtype, device=wave.device)
    power = torch.fft.rfft(frames * hann, n=size).abs().square()  # [..., frames, bins]
    filters = mel_filters(bands, size, rate, low=low, high=high, slaney=slaney).to(power)
    return (power @ filters).clamp(min=FLOOR).log()


def framed(where: str, wave: Tensor, rate: float, window: float, hop: float) -> tuple[Tensor, int, int]:
    """A wave that is one, padded with silence at its end to a whole window; samples in a frame and from frame to frame."""
    check_wave(where, wave, rate, window, hop)
    length, step = frame_sizes(rate, window, hop)
    return torch.nn.functional.pad(wave, (0, max(0, length - wave.shape[-1]))), length, step


def frame_sizes(rate: float, window: float, hop: float) -> tuple[int, int]:
    """Samples in a frame and from frame to frame, for a window and a hop in seconds: rounded, so 10 ms at 11,025 Hz are 110 samples."""
    return max(1, round(window * rate)), max(1, round(hop * rate))


def mfcc(
    wave: Tensor,
    rate: float,
    *,
    coefficients: int = 13,
    bands: int = 26,
    window: float = 25 * ms,
    hop: float = 10 * ms,
    low: float = 20.0,
    high: float | None = None,
    pre_emphasis: float = 0.97,
    lifter: int = 22,
    slaney: bool = False,
) -> Tensor:
    """Mel-frequency cepstral coefficients: orthonormal DCT-II of the log-mel picture, liftered.

    `c_n = (1 + L/2 sin(pi n / L)) sum_k D_nk log_mel_k` on the wave `x_t - pre_emphasis x_(t-1)`.

    Args:
        wave, rate, bands, window, hop, low, high, slaney: as in `log_mel`.
        coefficients: how many to keep, from the zeroth.
        pre_emphasis: weight of the previous sample that is subtracted; 0 for none.
        lifter: L; 0 for none.

    Returns:
        [..., frames, coefficients].

    Raises:
        TypeError, ValueError: as `log_mel`; also unless 1 <= coefficients <= bands.

    Source: S. Davis and P. Mermelstein, IEEE Trans. ASSP 28 (1980); HTK Book, equations 5.12 (liftering) and 5.14 (transform).
    """
    check_wave("mfcc", wave, rate, window, hop)
    if not 1 <= coefficients <= bands:
        raise ValueError(
            f"mfcc: coefficients must lie in [1, bands], got {coefficients} coefficients of {bands} bands."
        )
    if pre_emphasis:
        wave = torch.cat([wave[..., :1], wave[..., 1:] - pre_emphasis * wave[..., :-1]], -1)
    picture = log_mel(wave, rate, bands=bands, window=window, hop=hop, low=low, high=high, slaney=slaney)
    cepstrum = picture @ dct_matrix(bands)[:coefficients].T.to(picture)
    return cepstrum * lifter_weights(coefficients, lifter).to(cepstrum) if lifter else cepstrum


def lifter_weights(coefficients: int, lifter: int) -> Tensor:
    """`1 + L/2 sin(pi n / L)` for n from 0, [coefficients], float64."""
    n = torch.arange(coefficients, dtype=torch.float64)
    return 1 + lifter / 2 * torch.sin(math.pi * n / lifter)


def dct_matrix(size: int) -> Tensor:
    """Orthonormal DCT-II, `D_nk = sqrt(2 / N) cos(pi n (2 k + 1) / (2 N))`, row 0 divided by sqrt(2).

    Returns [size, size], float64; its transpose is its inverse.
    """
    n = torch.arange(size, dtype=torch.float64)
    matrix = math.sqrt(2 / size) * torch.cos(math.pi * n[:, None] * (2 * n + 1) / (2 * size))
    matrix[0] /= math.sqrt(2)
    return matrix


def deltas(features: Tensor, width: int = 2) -> Tensor:
    """Slope of each feature over time, by regression over `2 width + 1` frames; edge frames are repeated.

    `d_t = sum_k k (c_(t+k) - c_(t-k)) / (2 sum_k k^2)`, k = 1 .. width (HTK Book, equation 5.16).

    Args:
        features: [..., frames, channels].
        width: frames to each side.

    Returns:
        [..., frames, channels], change per frame.

    Raises:
        ValueError: if width < 1 or `features` has fewer than two axes.
    """
    if width < 1 or features.ndim < 2:
        raise ValueError(
            f"deltas: expected [..., frames, channels] and width >= 1, got {tuple(features.shape)} and width {width}."
        )
    frames = features.shape[-2]
    t = torch.arange(frames, device=features.device)
    total = torch.zeros_like(features)
    for k in range(1, width + 1):
        ahead = features.index_select(-2, (t + k).clamp(max=frames - 1))
        behind = features.index_select(-2, (t - k).clamp(min=0))
        total += k * (ahead - behind)
    return total / (2 * sum(k * k for k in range(1, width + 1)))


def check_framing(where: str, rate: float, window: float, hop: float) -> None:
    """Refuse a rate in Hz or a window or hop in seconds that is not above 0."""
    for name, value, unit in (("rate", rate, "Hz"), ("window", window, "s"), ("hop", hop, "s")):
        if not value > 0:
            raise ValueError(f"{where}: {name} must be positive, got {value:g} {unit}.")


def check_wave(where: str, wave: Tensor, rate: float, window: float = 25 * ms, hop: float = 10 * ms) -> None:
    """Refuse what is no wave [..., samples] of full scale 1, and a rate in Hz or a window or hop in seconds that is not above 0."""
    if not wave.is_floating_point():
        raise TypeError(
            f"{where}: the wave must be floating point with full scale at 1, got {wave.dtype}. "
            f"For 16-bit samples type `wave / 32768`."
        )
    if wave.ndim == 0 or wave.numel() == 0:
        raise ValueError(f"{where}: the wave is empty, shape {tuple(wave.shape)}; expected [..., samples].")
    if wave.ndim > 1 and wave.shape[-1] <= MOST_CHANNELS and wave.shape[-2] > 100:
        raise ValueError(
            f"{where}: time is the last axis, expected [..., samples], got shape {tuple(wave.shape)}. Mix the channels of a "
            "recording with wave.mean(-1), or keep them with wave.transpose(-1, -2)."
        )
    check_framing(where, rate, window, hop)
    low, high = (float(end) for end in torch.aminmax(wave.detach()))
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = int((~torch.isfinite(wave)).sum())
        raise ValueError(
            f"{where}: {bad} of {wave.numel()} samples are NaN or infinite. Repair the recording, or leave it out."
        )
    if max(-low, high) > LOUDEST:
        raise ValueError(
            f"{where}: full scale is 1, got samples from {low:g} to {high:g}. Type `wave / 32768` if they are of 16 bits."
        )
