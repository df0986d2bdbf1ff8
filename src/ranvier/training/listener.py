"""A trained sound network that listens: sound in pieces in, decisions with times out."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ranvier.data.resampling import Resampler
from ranvier.encoders.augment import frame_power
from ranvier.errors import RanvierError
from ranvier.layers import Sequential
from ranvier.training import scoring
from ranvier.training.inputs import MARGIN, SoundInputs, frame_time, log_mel_picture, log_mel_stream
from ranvier.training.recipe import Recipe
from ranvier.training.utterances import Segmenter, Utterance

PAUSE, LONGEST = 0.2, 3.0  # seconds of quiet that end an utterance, and at which it is cut
CONTEXT = math.ceil(MARGIN)  # frames around an utterance that the recipe looks at


@dataclass(frozen=True)
class Decision:
    """What was heard. start, end: centre of the first and the last frame of the spoken part, in seconds. label: None where the network
    prefers no class. cut: the utterance went on, but had reached the greatest length."""

    start: float
    end: float
    label: str | None
    confidence: float
    probabilities: dict[str, float]
    cut: bool


class Listener:
    """Finds utterances in sound that arrives in pieces and lets the network decide on each, as soon as it has ended.

    What is decided does not depend on how the sound is cut into pieces. Held are the frames of the utterance that is going on.

    Args:
        net, recipe: of a run that was trained on sounds.
        rate: of the sound in Hz; that of the recipe by default.
        pause: seconds of quiet that end an utterance.
        longest: seconds at which it is cut.

    Raises:
        RanvierError: a network that was trained on images; a pause or a longest utterance too short.
    """

    def __init__(
        self,
        net: Sequential,
        recipe: Recipe,
        *,
        rate: int | None = None,
        pause: float = PAUSE,
        longest: float = LONGEST,
    ) -> None:
        if recipe.kind != "sound" or recipe.rate is None:
            raise RanvierError(
                f"listening needs a network that was trained on sounds, this one was trained on {recipe.kind}s. "
                "Type `ranvier train spoken-digits`, or use `ranvier predict` for images."
            )
        self.net, self.recipe, self.longest = net, recipe, longest
        self.hop = frame_time(recipe)
        pauses, frames = round(pause / self.hop), round(longest / self.hop)
        if not pauses > CONTEXT:
            raise RanvierError(f"--pause {pause:g}: must be at least {(CONTEXT + 1) * self.hop:.2f} s.")
        if not frames > pauses:
            raise RanvierError(f"--longest {longest:g}: must be longer than --pause, {pause:g} s.")
        self._resampler = Resampler(rate or recipe.rate, recipe.rate)
        self._log_mel = log_mel_stream(recipe)
        self._segmenter = Segmenter(pauses, frames)
        self._full = _full_scale(recipe)
        self._frames = torch.zeros((0, recipe.shape[0]))
        self._first = 0  # number of the first frame held
        self._free = 0  # and of the first that belongs to no utterance yet

    def push(self, wave: np.ndarray) -> list[Decision]:
        """Takes the next samples [n], float32, full scale at 1. Returns the decisions on utterances that have ended."""
        return self._take(self._log_mel.push(torch.from_numpy(self._resampler.push(wave))))

    def finish(self) -> list[Decision]:
        """The sound has ended: the decisions that were still open."""
        rest = self._log_mel.push(torch.from_numpy(self._resampler.finish()))
        return self._take(rest) + self._take(self._log_mel.finish()) + self._decide(self._segmenter.finish())

    def warm_up(self) -> None:
        """Lets the network decide on silence, so that no kernel is compiled while somebody speaks."""
        self._network(torch.zeros((self.recipe.steps, 1, *self.recipe.shape)))

    def _take(self, frames: Tensor) -> list[Decision]:
        self._frames = torch.cat([self._frames, frames])
        decisions = self._decide(self._segmenter.push(_level(frames).numpy() - self._full))
        keep = max(self._first, self._segmenter.oldest - CONTEXT)
        self._frames, self._first = self._frames[keep - self._first :], keep
        return decisions

    def _decide(self, utterances: list[Utterance]) -> list[Decision]:
        return [self._decision(utterance) for utterance in utterances]

    def _decision(self, utterance: Utterance) -> Decision:
        first = max(self._free, utterance.first - CONTEXT)
        self._free = utterance.last + 1
        stop = utterance.last + 1 + (0 if utterance.cut else CONTEXT)
        inputs = SoundInputs.of_pictures(
            [self._frames[first - self._first : stop - self._first]], torch.zeros(1), self.recipe
        )
        output = self._network(inputs.batch(torch.tensor([0]), None))
        chance = scoring.probability(self.recipe, output)[0]
        best = int(scoring.decision(self.recipe, output)[0])
        start, end, _ = inputs.spans[0].tolist()
        return Decision(
            (first + start) * self.hop,
            (first + end) * self.hop,
            self.recipe.classes[best] if best >= 0 else None,
            float(chance[best]) if best >= 0 else 0.0,
            dict(zip(self.recipe.classes, chance.tolist(), strict=True)),
            utterance.cut,
        )

    @torch.no_grad()
    def _network(self, x: Tensor) -> Tensor:
        """Readout [T, 1, C] for the steps x [T, 1, bands] of an utterance, from rest."""
        return self.net(x)


def _level(frames: Tensor) -> Tensor:
    """Power of log-mel frames in decibels."""
    return 10 * frame_power(frames).log10()


def _full_scale(recipe: Recipe) -> float:
    """Level of a sine of amplitude 1."""
    assert recipe.rate is not None
    wave = torch.sin(2 * math.pi / 8 * torch.arange(recipe.rate, dtype=torch.float32))
    return float(_level(log_mel_picture(wave, recipe)).median())
