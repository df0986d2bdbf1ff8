"""From labelled samples to batches of network input [T, B, *N]: features once, augmentation for every batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ranvier.data.samples import Samples
from ranvier.encoders.audio import frame_sizes, log_mel
from ranvier.encoders.audio_stream import LogMelStream
from ranvier.encoders.augment import (
    Compose,
    Equalizer,
    FrequencyMask,
    FrequencyWarp,
    Noise,
    Tilt,
    TimeMask,
    active_frames,
    fit_steps,
)
from ranvier.errors import RanvierError
from ranvier.training.recipe import Frames, Recipe

BANDS = 40  # mel filters
MARGIN, MARGIN_TRAIN = 2.0, 6.0  # frames kept before and after the spoken part; at most, in training
JITTER, BEND = 0.12, 0.2  # in training: both ends move, and the speed varies, by up to this share
SEGMENTS = 5  # of the linear floor's features


class Inputs(Protocol):
    """Samples as the network takes them."""

    @property
    def y(self) -> Tensor:
        """Labels [n]."""
        ...

    def batch(self, index: Tensor, generator: torch.Generator | None) -> Tensor:
        """Input [T, B, *N] of the samples `index`, augmented if a generator is given."""
        ...

    def flat(self) -> np.ndarray:
        """Fixed-size features [n, F] for the linear floor."""
        ...

    def picture(self, index: int) -> np.ndarray:
        """The sample as a person would look at it: [frames, bands] or [H, W]."""
        ...


def prepare(samples: Samples, recipe: Recipe) -> Inputs:
    """Computes the features of a set. Raises `RanvierError` for sounds at another rate than the recipe's."""
    if samples.rate != recipe.rate and samples.kind == recipe.kind:
        raise RanvierError(
            f"{samples.name}: sounds at {samples.rate} Hz, the model was trained at {recipe.rate} Hz. "
            f"Read them at that rate, such as open_samples(path, rate={recipe.rate})."
        )
    y = torch.from_numpy(samples.y)
    if isinstance(samples.x, list):
        return SoundInputs.of([torch.from_numpy(w) for w in samples.x], y, recipe)
    return ImageInputs(torch.from_numpy(samples.x), y, recipe)


@dataclass(frozen=True, eq=False)
class SoundInputs:
    """Log-mel pictures of clips.

    The spoken part of each clip is stretched to the recipe's number of steps and normalised as a whole, not band by band: the
    differences between bands are what tells sounds apart.
    """

    clips: Tensor  # [n, frames, bands], the last frame repeated
    spans: Tensor  # [n, 3]: first and last frame of the spoken part, last frame of the clip
    y: Tensor
    recipe: Recipe

    @staticmethod
    def of(waves: list[Tensor], y: Tensor, recipe: Recipe) -> "SoundInputs":
        """Features of waves [samples] at the recipe's rate."""
        return SoundInputs.of_pictures([log_mel_picture(wave, recipe) for wave in waves], y, recipe)

    @staticmethod
    def of_pictures(pictures: list[Tensor], y: Tensor, recipe: Recipe) -> "SoundInputs":
        """Features of clips whose log-mel pictures [frames, bands] are there already."""
        rows, spans = [], []
        frames = _frames(recipe)
        for picture in pictures:
            spans.append((*active_frames(picture, frames.quiet), len(picture) - 1))
            rows.append(torch.logaddexp(picture, picture.exp().mean().mul(frames.floor).log()))
        longest = max(len(r) for r in rows)
        clips = torch.stack([torch.cat([r, r[-1:].expand(longest - len(r), -1)]) for r in rows])
        return SoundInputs(clips, torch.tensor(spans, dtype=clips.dtype), y, recipe)

    def batch(self, index: Tensor, generator: torch.Generator | None) -> Tensor:
        first, end, last = self.spans[index].unbind(1)
        if generator is None:
            x = fit_steps(self.clips[index], first - MARGIN, end + MARGIN, last, self.recipe.steps)
        else:
            before, after, shift, stretch = torch.rand((4, len(index)), generator=generator)
            length = end - first
            start = (first - MARGIN_TRAIN * before).clamp(min=0) + JITTER * length * (2 * shift - 1)
            stop = (end + MARGIN_TRAIN * after).minimum(last) + JITTER * length * (2 * stretch - 1)
            x = fit_steps(self.clips[index], start, stop, last, self.recipe.steps, bend=BEND, generator=generator)
            high = (self.recipe.rate or 0) / 2
            x = Compose(FrequencyWarp(0.2, _frames(self.recipe).low, high), Tilt(6.0), Equalizer(2.0), Noise(0.6))(
                x, generator
            )
        x = _normalised(x)
        if generator is not None:
            x = Compose(TimeMask(8), FrequencyMask(6))(x, generator)
        return x.transpose(0, 1).contiguous()

    def flat(self) -> np.ndarray:
        first, end, last = self.spans.unbind(1)
        x = fit_steps(self.clips, first - MARGIN, end + MARGIN, last, SEGMENTS * 10)
        return _normalised(x).unflatten(1, (SEGMENTS, -1)).mean(2).flatten(1).numpy()

    def picture(self, index: int) -> np.ndarray:
        first, end, _ = self.spans[index].long().tolist()
        return self.clips[index, first : end + 1].numpy()


def log_mel_picture(wave: Tensor, recipe: Recipe) -> Tensor:
    """Log-mel [frames, bands] of a wave [samples] at the recipe's rate; frame k is centred on second `k * frame_time(recipe)`."""
    rate, pad = _rate(recipe), _half_window(recipe)
    padded = torch.nn.functional.pad(wave, (pad, pad))
    frames = _frames(recipe)
    return log_mel(padded, rate, bands=recipe.shape[0], window=frames.window, hop=frames.hop, low=frames.low)


def log_mel_stream(recipe: Recipe) -> LogMelStream:
    """Gives the frames of `log_mel_picture` for a wave that arrives in pieces."""
    rate, pad = _rate(recipe), _half_window(recipe)
    frames = _frames(recipe)
    return LogMelStream(rate, pad=pad, bands=recipe.shape[0], window=frames.window, hop=frames.hop, low=frames.low)


def frame_time(recipe: Recipe) -> float:
    """Seconds from frame to frame."""
    frames = _frames(recipe)
    return frame_sizes(_rate(recipe), frames.window, frames.hop)[1] / _rate(recipe)


def _rate(recipe: Recipe) -> int:
    assert recipe.rate is not None
    return recipe.rate


def _frames(recipe: Recipe) -> Frames:
    assert recipe.frames is not None
    return recipe.frames


def _half_window(recipe: Recipe) -> int:
    """Silence before and after a wave, in samples, so that the first frame is centred on its first sample."""
    return round(_frames(recipe).window * _rate(recipe) / 2)


def _normalised(x: Tensor) -> Tensor:
    """Mean 0 and variance 1 over each whole picture [B, T, bands]."""
    x = x - x.mean((1, 2), keepdim=True)
    return x / x.std((1, 2), keepdim=True).clamp(min=1e-6)


@dataclass(frozen=True, eq=False)
class ImageInputs:
    """Pictures as a constant current, normalised over the whole set they were trained on to mean square about 1."""

    pictures: Tensor  # [n, C, H, W] in [0, 1]
    y: Tensor
    recipe: Recipe

    def batch(self, index: Tensor, generator: torch.Generator | None) -> Tensor:
        x = self.pictures[index]
        if generator is not None:
            x = moved(x, generator)
        x = (x - 0.2) / 0.4
        return x.unsqueeze(0).expand(self.recipe.steps, *x.shape)

    def flat(self) -> np.ndarray:
        return self.pictures.flatten(1).numpy()

    def picture(self, index: int) -> np.ndarray:
        return self.pictures[index].mean(0).numpy()


def moved(x: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Each picture turned by up to 10 degrees, scaled by up to 10 % and moved by up to 8 % of its size, each times `strength`."""
    count = len(x)

    def draw(amount: float) -> Tensor:
        return strength * amount * (2 * torch.rand(count, generator=generator) - 1)

    angle, scale = draw(0.17), 1 + draw(0.1)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack(
        [torch.stack([cos, -sin, draw(0.16)], 1), torch.stack([sin, cos, draw(0.16)], 1)], 1
    )  # [B, 2, 3]
    grid = torch.nn.functional.affine_grid(rows, list(x.shape), align_corners=False)
    return torch.nn.functional.grid_sample(x, grid, align_corners=False)


class Batches:
    """The batches of one epoch; the same seed and epoch give the same batches, whatever ran before."""

    def __init__(self, inputs: Inputs, index: np.ndarray, recipe: Recipe) -> None:
        self.inputs, self.index, self.recipe = inputs, torch.from_numpy(index), recipe
        self.epoch = 0

    def __len__(self) -> int:
        return max(1, len(self.index) // self.recipe.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(epoch_seed(self.recipe.seed, self.epoch))
        order = self.index[torch.randperm(len(self.index), generator=generator)]
        for part in order.tensor_split(len(self)):
            yield self.inputs.batch(part, generator), self.inputs.y[part]


def epoch_seed(seed: int, epoch: int) -> int:
    """A seed of its own for every epoch."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
