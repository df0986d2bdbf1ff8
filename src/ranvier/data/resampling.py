"""Another sampling rate for sound that arrives in pieces."""

import math

import numpy as np

from ranvier.data.sound import resample

REACH = 11  # samples of the lower rate, on either side, that a sample of the result can depend on


class Resampler:
    """The samples of `resample` on the whole wave, to float rounding, as soon as theirs are there.

    Works in whole periods of the two rates (10 ms from 44.1 to 8 kHz, 1 s if they share no divisor), and holds at most two of them and
    the reach of the filter.

    Args:
        given, wanted: rates in Hz. If they are the same, the pieces are passed through.
    """

    def __init__(self, given: int, wanted: int) -> None:
        common = math.gcd(given, wanted)
        self.given, self.wanted = given, wanted
        self._down, self._up = given // common, wanted // common  # samples in a period, before and after
        self._reach = math.ceil(REACH * max(given, wanted) / wanted)  # samples of the given rate
        self._held = np.zeros(0, np.float32)
        self._first = 0  # period that the held samples begin with
        self._done = 0  # periods of the result that were handed out

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Takes the next samples [n], which may be none. Returns what they complete, [m]."""
        if self._down == self._up:
            return wave
        self._held = np.concatenate([self._held, wave])
        ready = self._first + (len(self._held) - self._reach) // self._down  # periods whose filters have all they see
        if ready <= self._done:
            return self._held[:0]
        result = self._resampled(ready)
        keep = max(self._first, ready - math.ceil(self._reach / self._down))
        self._held = self._held[(keep - self._first) * self._down :]
        self._first, self._done = keep, ready
        return result

    def finish(self) -> np.ndarray:
        """The wave has ended: the rest of the result. The resampler then stands at the start of another wave."""
        rest = self._resampled(None) if len(self._held) else self._held
        self._held, self._first, self._done = np.zeros(0, np.float32), 0, 0
        return rest

    def _resampled(self, stop: int | None) -> np.ndarray:
        """The result from what was handed out to period `stop`, or to its end."""
        whole = resample(self._held, self.given, self.wanted)
        end = len(whole) if stop is None else (stop - self._first) * self._up
        return whole[(self._done - self._first) * self._up : end]
