"""Where somebody speaks: utterances in the loudness of frames that arrive one after another."""

from collections import deque
from dataclasses import dataclass

import numpy as np

QUIETEST = -75.0  # noise floor at least [dB of full scale]: below it nothing is worth hearing
ENTER, LEAVE = 9.0, 5.0  # decibels above the noise floor: what makes an utterance, and what belongs to one
LEAST = 5  # frames above ENTER that an utterance has; a click fills three
BEFORE = 30  # frames that an utterance may begin before the first of them
MEMORY, SHARE = 300, 10.0  # the noise floor is this percentile of the level of so many last frames
REFRESH = 10  # frames from one estimate of it to the next
START = 100  # frames that are awaited before the first


@dataclass(frozen=True)
class Utterance:
    """First and last frame; cut: it went on, but had reached the greatest length."""

    first: int
    last: int
    cut: bool = False


class Segmenter:
    """Finds utterances by their level above a noise floor that adapts.

    An utterance is a stretch of frames above floor + LEAVE, with gaps of at most `pause` frames between them, of which at least LEAST are
    above floor + ENTER. The floor is a low percentile of the last three seconds: it follows falling noise within 0.3 s and rising
    noise within 3 s, and speech does not lift it as long as a tenth of the time is between words. Nothing is decided in the first second,
    so that sound which begins at once has a floor too. What is found does not depend on how the levels are cut into pieces.

    Args:
        pause: frames of quiet that end an utterance.
        longest: frames at which it is cut, and another begins.
    """

    def __init__(self, pause: int, longest: int) -> None:
        self.pause, self.longest = pause, longest
        self._levels: deque[float] = deque(maxlen=MEMORY)
        self._seen = self._judged = 0
        self._floor = QUIETEST
        self._first: int | None = None
        self._last = self._loud = 0

    @property
    def oldest(self) -> int:
        """No utterance still to come begins before this frame."""
        if self._first is None:
            return self._judged
        return self._first if self._loud else max(self._first, self._judged - BEFORE)

    @property
    def floor(self) -> float:
        """Noise floor in decibels of full scale."""
        return self._floor

    def push(self, levels: np.ndarray) -> list[Utterance]:
        """Takes the level of the next frames [n] in decibels of full scale. Returns the utterances that have ended."""
        found: list[Utterance] = []
        for level in levels.tolist():
            self._levels.append(level)
            self._seen += 1
            if self._seen == START:
                found += self._judge_start()
            elif self._seen > START:
                if self._seen % REFRESH == 0:
                    self._adapt()
                found += self._judge(level)
        return found

    def finish(self) -> list[Utterance]:
        """No frame will follow: the utterance that was still open, if any."""
        found = self._judge_start() if 0 < self._seen < START else []
        return found + self._close(cut=False)

    def _judge_start(self) -> list[Utterance]:
        self._adapt()
        return [utterance for level in self._levels for utterance in self._judge(level)]

    def _adapt(self) -> None:
        self._floor = max(QUIETEST, float(np.percentile(self._levels, SHARE)))

    def _judge(self, level: float) -> list[Utterance]:
        frame = self._judged
        self._judged += 1
        found: list[Utterance] = []
        if level > self._floor + LEAVE:
            if self._first is not None and frame - self._first >= self.longest:
                found = self._close(cut=True)
            if self._first is None:
                self._first = frame
            self._last = frame
            if level > self._floor + ENTER:
                if not self._loud:
                    self._first = max(self._first, frame - BEFORE)
                self._loud += 1
        elif self._first is not None and frame - self._last >= self.pause:
            found = self._close(cut=False)
        return found

    def _close(self, cut: bool) -> list[Utterance]:
        found = []
        if self._first is not None and self._loud >= LEAST:
            found.append(Utterance(self._first, self._last, cut))
        self._first, self._loud = None, 0
        return found
