"""The audio front end for sound that does not end: the frames of `log_mel`, as soon as their samples are there."""

from typing import Any

import torch
from torch import Tensor

from ranvier.encoders.audio import frame_sizes, log_mel
from ranvier.units import ms


class LogMelStream:
    """Log-mel frames of a wave that arrives in pieces: together those of `log_mel` on the whole wave, to float rounding.

    Holds less than one window of samples. A frame is given with the piece that brings its last sample.

    Args:
        rate: sampling rate in Hz.
        pad: samples of silence before the first piece and after the last.
        window, hop: in seconds, as in `log_mel`.
        options: `bands`, `low` and `high`, as in `log_mel`.

    Example:
        >>> stream = LogMelStream(8000)
        >>> [len(stream.push(torch.zeros(100))) for _ in range(4)], len(stream.finish())
        ([0, 1, 1, 1], 0)
    """

    def __init__(
        self, rate: float, *, pad: int = 0, window: float = 25 * ms, hop: float = 10 * ms, **options: Any
    ) -> None:
        if pad < 0:
            raise ValueError(f"LogMelStream: pad must be at least 0 samples, got {pad}.")
        self.rate, self.pad = rate, pad
        self.options = {**options, "window": window, "hop": hop}
        nothing = log_mel(torch.zeros(1), rate, **self.options)[:0]  # refuses bad options now, not with the first piece
        self._length, self._step = frame_sizes(rate, window, hop)
        self._nothing, self._held, self._begun, self._given = nothing, torch.zeros(0), False, False
        self._gap = 0  # samples to pass over before the next frame, where the hop is longer than the window

    def push(self, wave: Tensor) -> Tensor:
        """Takes the next samples [n], which may be none. Returns the frames that they complete, [frames, bands].

        Raises:
            TypeError, ValueError: as `log_mel`.
        """
        if wave.ndim != 1 or not wave.is_floating_point():
            raise ValueError(
                f"LogMelStream: expected floating-point samples [n], got {wave.dtype} of shape {tuple(wave.shape)}."
            )
        if len(wave) == 0:
            return self._nothing.to(wave)
        if not self._begun:
            self._held, self._begun = wave.new_zeros(self.pad), True
        return self._take(wave)

    def finish(self) -> Tensor:
        """The wave has ended: the frames that were still open, [frames, bands]. The stream then stands at the start of another wave."""
        frames = self._nothing
        if self._begun:
            frames = self._take(self._held.new_zeros(self.pad))
            if not self._given:  # shorter than one window, which `log_mel` pads
                frames = log_mel(self._held, self.rate, **self.options)
        self._held, self._begun, self._given, self._gap = torch.zeros(0), False, False, 0
        return frames

    def _take(self, wave: Tensor) -> Tensor:
        self._held = torch.cat([self._held, wave[self._gap :]])
        self._gap = max(0, self._gap - len(wave))
        if len(self._held) < self._length:
            return self._nothing.to(wave)
        frames = log_mel(self._held, self.rate, **self.options)
        used = len(frames) * self._step
        self._gap, self._given = max(0, used - len(self._held)), True
        self._held = self._held[used:]
        return frames
