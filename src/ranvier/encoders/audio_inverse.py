"""From cepstra and log-mel pictures back to sound. Each way back loses what the way there left out.

`log_mel_of_mfcc` brings cepstra back to a log-mel picture, `power_of_log_mel` that to a power spectrum, and
`wave_of_power` that to a wave whose phases are guessed. Options are those of `log_mel` and `mfcc`.
"""

import math

import torch
from torch import Tensor

from ranvier.checks import floating_range
from ranvier.encoders.audio import check_framing, dct_matrix, frame_sizes, lifter_weights, mel_filters
from ranvier.encoders.shared import check_generator
from ranvier.units import ms


def log_mel_of_mfcc(cepstrum: Tensor, *, bands: int = 26, lifter: int = 22) -> Tensor:
    """The smoothest log-mel picture with these cepstra: coefficients that were not kept count as 0.

    Exact if all `bands` coefficients were kept. The picture is that of the pre-emphasised wave.

    Args:
        cepstrum: what `mfcc` gave, [..., frames, coefficients].
        bands, lifter: as in `mfcc`.

    Returns:
        [..., frames, bands], the dtype of `cepstrum`.

    Raises:
        TypeError: `cepstrum` is not a floating tensor.
        ValueError: it is empty or not finite, has more coefficients than bands, or `lifter` makes a weight 0.
    """
    floating_range("log_mel_of_mfcc", "cepstrum", cepstrum)
    kept = cepstrum.shape[-1] if cepstrum.ndim else 0
    if not 1 <= kept <= bands:
        raise ValueError(
            f"log_mel_of_mfcc: expected 1 to {bands} coefficients on the last axis, got shape {tuple(cepstrum.shape)}. "
            "Give the bands that the cepstra were made with."
        )
    if lifter:
        weights = lifter_weights(kept, lifter)
        if bool((weights.abs() < 1e-9).any()):
            raise ValueError(
                f"log_mel_of_mfcc: lifter {lifter} erased a coefficient of {kept}; nothing brings it back."
            )
        cepstrum = cepstrum / weights.to(cepstrum)
    return cepstrum @ dct_matrix(bands)[:kept].to(cepstrum)


def power_of_log_mel(
    picture: Tensor,
    rate: float,
    *,
    window: float = 25 * ms,
    low: float = 20.0,
    high: float | None = None,
    slaney: bool = False,
    iterations: int = 200,
) -> Tensor:
    """A power spectrum, nowhere negative, that the mel filters see as the picture: least squares by multiplicative steps.

    Many spectra look alike to the filters; this one starts flat. Outside the filters nothing is known, and power is 0.

    Args:
        picture: log-mel picture, [..., frames, bands].
        rate, window, low, high, slaney: as in `log_mel`.
        iterations: steps of the search.

    Returns:
        [..., frames, bins], the dtype of `picture`.

    Raises:
        TypeError: `picture` is not a floating tensor.
        ValueError: it is empty or not finite, or an option is one that `log_mel` refuses.

    Source: Lee and Seung, Algorithms for non-negative matrix factorization, NeurIPS (2000), theorem 1.
    """
    floating_range("power_of_log_mel", "picture", picture)
    size = _transform_size("power_of_log_mel", rate, window, window)
    filters = mel_filters(picture.shape[-1], size, rate, low=low, high=high, slaney=slaney).to(picture)  # [bins, bands]
    seen = picture.exp()
    # The scale is taken out: powers near 1e-10 shall not vanish beside the guard below.
    scale = seen.amax(-1, keepdim=True)
    wanted = (seen / scale) @ filters.T  # [..., frames, bins]
    power = (filters.sum(1) > 0).to(picture).expand(wanted.shape)
    for _ in range(iterations):
        power = power * wanted / (power @ filters @ filters.T + 1e-12)
    return power * scale


def wave_of_power(
    power: Tensor,
    rate: float,
    *,
    window: float = 25 * ms,
    hop: float = 10 * ms,
    iterations: int = 60,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A wave with about this power in each Hann window: Griffin and Lim's search for phases that agree where frames overlap.

    Args:
        power: power spectrum of each frame, [frames, bins], of the transform that `log_mel` uses.
        rate, window, hop: as in `log_mel`; frames must overlap.
        iterations: steps of the search.
        generator: source of the phases that it starts from; None takes torch's default generator.

    Returns:
        [samples], the dtype of `power`, samples = window + (frames - 1) * hop.

    Raises:
        TypeError: `power` is not a floating tensor, or `generator` is not a torch.Generator.
        ValueError: `power` is not [frames, bins], is negative, empty or not finite, or the frames do not overlap.

    Source: Griffin and Lim, IEEE Trans. ASSP 32(2) (1984), equation 6 and the algorithm after it.
    """
    where = "wave_of_power"
    low, _ = floating_range(where, "power", power)
    check_generator(where, generator)
    size = _transform_size(where, rate, window, hop)
    if power.ndim != 2 or power.shape[1] != size // 2 + 1 or low < 0:
        raise ValueError(
            f"{where}: power must be 0 or above, of shape [frames, {size // 2 + 1}] for windows of {window / ms:g} ms at "
            f"{rate:g} Hz, got shape {tuple(power.shape)} and a minimum of {low:g}."
        )
    length, step = frame_sizes(rate, window, hop)
    if step >= length:
        raise ValueError(f"{where}: frames must overlap, got a hop of {step} and a window of {length} samples.")
    hann = torch.hann_window(length, dtype=power.dtype, device=power.device)
    samples = length + (len(power) - 1) * step

    def overlapped(frames: Tensor) -> Tensor:  # [frames, length] -> [samples]
        out = torch.nn.functional.fold(frames.T[None], (1, samples), (1, length), stride=(1, step))
        return out.flatten()

    covered = overlapped(hann.square().expand(len(power), length)).clamp(min=1e-3)
    amplitude = power.sqrt()
    turns = 2 * math.pi * torch.rand(power.shape, generator=generator, dtype=power.dtype)
    spectrum = torch.polar(amplitude, turns.to(power.device))
    wave = power.new_zeros(samples)
    for _ in range(iterations):
        wave = overlapped(torch.fft.irfft(spectrum, n=size)[:, :length] * hann) / covered
        guess = torch.fft.rfft(wave.unfold(0, length, step) * hann, n=size)
        spectrum = torch.polar(amplitude, guess.angle())
    return wave


def _transform_size(where: str, rate: float, window: float, hop: float) -> int:
    """Length of the Fourier transform that `log_mel` takes."""
    check_framing(where, rate, window, hop)
    length, _ = frame_sizes(rate, window, hop)
    return 1 << (length - 1).bit_length()
