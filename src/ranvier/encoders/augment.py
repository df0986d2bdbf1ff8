"""Augmentation of log-mel pictures: small random changes that leave the meaning of a sound alone.

Each is a frozen dataclass, called as `augment(x, generator)` on a batch [B, T, bands] of pictures in natural
logarithms of power (what `log_mel` returns). The amount is drawn anew for every sample; amount 0 changes nothing; the
input is never written to. `Compose(TimeShift(8), TimeMask(12), ...)` applies several in order.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ranvier.encoders.audio import hz_to_mel, mel_edges

NEPER_PER_DECIBEL = math.log(10) / 10  # of power, the unit of a log-mel picture

Augmentation = Callable[[Tensor, torch.Generator | None], Tensor]


@dataclass(frozen=True)
class TimeMask:
    """Replaces `count` random stretches of up to `frames` frames by the sample's mean.

    Source: D. Park et al., SpecAugment, Interspeech 2019 (arXiv 1904.08779), section 2.
    """

    frames: int
    count: int = 1

    def __post_init__(self) -> None:
        _check_amounts(self, frames=self.frames, count=self.count)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        return _mask(x, 1, self.frames, self.count, generator)


@dataclass(frozen=True)
class FrequencyMask:
    """Replaces `count` random groups of up to `bands` neighbouring bands by the sample's mean.

    Source: D. Park et al., SpecAugment, Interspeech 2019 (arXiv 1904.08779), section 2.
    """

    bands: int
    count: int = 1

    def __post_init__(self) -> None:
        _check_amounts(self, bands=self.bands, count=self.count)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        return _mask(x, 2, self.bands, self.count, generator)


@dataclass(frozen=True)
class TimeShift:
    """Moves the picture by up to `frames` frames to either side; the edge frame is repeated into the gap."""

    frames: int

    def __post_init__(self) -> None:
        _check_amounts(self, frames=self.frames)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        shift = torch.randint(-self.frames, self.frames + 1, (len(x), 1), generator=generator)
        frame = (torch.arange(x.shape[1]) - shift).clamp(0, x.shape[1] - 1)  # [B, T]
        return x.gather(1, frame.to(x.device)[:, :, None].expand_as(x))


@dataclass(frozen=True)
class Gain:
    """Makes the sound louder or softer by up to `decibels`: one constant added to the whole picture."""

    decibels: float

    def __post_init__(self) -> None:
        _check_amounts(self, decibels=self.decibels)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        return x + _either_side(x, self.decibels * NEPER_PER_DECIBEL, generator)[:, None, None]


@dataclass(frozen=True)
class Noise:
    """Adds Gaussian noise; its standard deviation is drawn for each sample from [0, deviation] (natural log power)."""

    deviation: float

    def __post_init__(self) -> None:
        _check_amounts(self, deviation=self.deviation)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        scale = self.deviation * torch.rand(len(x), 1, 1, generator=generator, dtype=x.dtype)
        return x + (scale * torch.randn(x.shape, generator=generator, dtype=x.dtype)).to(x.device)


@dataclass(frozen=True)
class Speed:
    """Plays the picture up to `amount` faster or slower (0.1: factors 1/1.1 to 1.1) by linear interpolation in time.

    The number of frames stays; the edge frame is repeated where the faster picture ends. `anchor` is the point that
    keeps its place: 0 the first frame, 0.5 the middle, 1 the last.
    """

    amount: float
    anchor: float = 0.5

    def __post_init__(self) -> None:
        _check_amounts(self, amount=self.amount, anchor=self.anchor)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        factor = _either_side(x, math.log1p(self.amount), generator).exp()[:, None]  # [B, 1]
        frame = torch.arange(x.shape[1], dtype=x.dtype, device=x.device)
        position = frame + (frame - self.anchor * (x.shape[1] - 1)) * (factor - 1)  # [B, T]
        return _interpolate(x, position)


@dataclass(frozen=True)
class FrequencyWarp:
    """Vocal-tract-length perturbation: all frequencies times a factor in [1 / (1 + amount), 1 + amount].

    The factor acts in Hz, so `low` and `high` must be the band edges that the pictures were made with.
    Source: N. Jaitly and G. Hinton, ICML workshop on deep learning for audio (2013); here without the kink at the top:
    bands that would come from above `high` repeat the last one.
    """

    amount: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _check_amounts(self, amount=self.amount, low=self.low)
        if not self.low < self.high:
            raise ValueError(f"FrequencyWarp: low must lie below high, got {self.low:g} and {self.high:g} Hz.")

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        bands = x.shape[2]
        centre = mel_edges(bands, self.low, self.high)[1:-1].to(x)  # [bands], Hz
        factor = _either_side(x, math.log1p(self.amount), generator).exp()[:, None]  # [B, 1]
        mel = hz_to_mel(centre)
        per_band = (hz_to_mel(torch.tensor(self.high)) - hz_to_mel(torch.tensor(self.low))).to(x) / (bands + 1)
        position = torch.arange(bands, dtype=x.dtype, device=x.device) + (
            (hz_to_mel(centre * factor) - mel) / per_band
        )  # [B, bands]
        return _interpolate(x.transpose(1, 2), position).transpose(1, 2)


@dataclass(frozen=True)
class Tilt:
    """Another microphone: a straight line over the bands, up to `decibels` at one end and minus that at the other."""

    decibels: float

    def __post_init__(self) -> None:
        _check_amounts(self, decibels=self.decibels)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        slope = _either_side(x, self.decibels * NEPER_PER_DECIBEL, generator)[:, None, None]
        return x + slope * torch.linspace(-1, 1, x.shape[2], dtype=x.dtype, device=x.device)


@dataclass(frozen=True)
class Equalizer:
    """Another room: a smooth random curve over the bands, the first `terms` cosines, each of standard deviation `decibels`."""

    decibels: float
    terms: int = 3

    def __post_init__(self) -> None:
        _check_amounts(self, decibels=self.decibels, terms=self.terms)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        _check_pictures(self, x)
        place = torch.linspace(0, math.pi, x.shape[2], dtype=x.dtype)
        curves = torch.cos(torch.arange(1, self.terms + 1)[:, None] * place)  # [terms, bands]
        amounts = (
            self.decibels * NEPER_PER_DECIBEL * torch.randn(len(x), self.terms, generator=generator, dtype=x.dtype)
        )
        return x + (amounts @ curves)[:, None].to(x.device)


def frame_power(x: Tensor) -> Tensor:
    """Power of each frame over all bands. x: log-mel [..., frames, bands]. Returns [..., frames]."""
    return x.exp().sum(-1)


def active_frames(x: Tensor, decibels: float) -> tuple[int, int]:
    """First and last frame whose power over all bands is within `decibels` of the loudest. x: one log-mel picture [frames, bands]."""
    power = frame_power(x)
    loud = (power >= power.max() * 10 ** (-decibels / 10)).nonzero()
    return int(loud[0]), int(loud[-1])


def fit_steps(
    x: Tensor,
    start: Tensor,
    stop: Tensor,
    last: Tensor,
    steps: int,
    *,
    bend: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Stretches a part of each picture to one number of steps by linear interpolation in time.

    x: [B, frames, bands]. start, stop: [B], the frames (may lie between two) that become the first and the last step. last: [B], the last
    frame of the clip; where a step would lie outside the clip its edge repeats. bend: the speed varies smoothly within a clip by up to
    this share. Returns [B, steps, bands].
    """
    _check_pictures(fit_steps, x)
    time = torch.linspace(0, 1, steps, dtype=x.dtype).expand(len(x), steps)
    time = time + _either_side(x, bend, generator)[:, None] * torch.sin(math.pi * time) / math.pi
    position = start[:, None] + (stop - start)[:, None] * time
    return _interpolate(x, position.clamp(min=0).minimum(last[:, None].to(x.dtype)))


@dataclass(frozen=True, init=False)
class Compose:
    """Several augmentations in order. The empty one changes nothing."""

    parts: tuple[Augmentation, ...]

    def __init__(self, *parts: Augmentation) -> None:
        object.__setattr__(self, "parts", parts)

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        for part in self.parts:
            x = part(x, generator)
        return x


def _either_side(x: Tensor, amount: float, generator: torch.Generator | None) -> Tensor:
    """[B], uniform in [-amount, amount]; drawn on the processor, so that a seed means the same on any device."""
    return (amount * (2 * torch.rand(len(x), generator=generator, dtype=x.dtype) - 1)).to(x.device)


def _mask(x: Tensor, axis: int, longest: int, count: int, generator: torch.Generator | None) -> Tensor:
    size = x.shape[axis]
    width = torch.randint(0, min(longest, size) + 1, (len(x), count, 1), generator=generator)
    # floor of a uniform number rather than randint: the range of the start depends on the width of each sample
    start = (torch.rand(width.shape, generator=generator) * (size - width + 1)).long()
    index = torch.arange(size)
    hidden = ((index >= start) & (index < start + width)).any(1).to(x.device)  # [B, size]
    hidden = hidden[:, :, None] if axis == 1 else hidden[:, None, :]
    return torch.where(hidden, x.mean((1, 2), keepdim=True), x)


def _interpolate(x: Tensor, position: Tensor) -> Tensor:
    """Reads x [B, N, C] at `position` [B, M] along the second axis; beyond an edge the edge repeats."""
    last = x.shape[1] - 1
    position = position.clamp(0, last)
    below = position.floor()
    weight = (position - below)[:, :, None]
    index = below.long()[:, :, None].expand(-1, -1, x.shape[2])
    return torch.lerp(x.gather(1, index), x.gather(1, (index + 1).clamp(max=last)), weight)


def _check_pictures(who: object, x: Tensor) -> None:
    if x.ndim != 3 or not x.is_floating_point():
        raise ValueError(
            f"{getattr(who, '__name__', type(who).__name__)}: expected a floating-point batch of pictures [B, T, bands], got {x.dtype} of shape "
            f"{tuple(x.shape)}. For one picture type `x[None]`."
        )


def _check_amounts(who: object, **amounts: float) -> None:
    for name, value in amounts.items():
        if not value >= 0 or math.isinf(value):
            raise ValueError(f"{type(who).__name__}: {name} must be zero or a positive number, got {value:g}.")
