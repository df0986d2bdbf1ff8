"""Stages that only rearrange or thin out: on lists, a table of new places; on values, a copy."""

import math

import numpy as np
import torch
from torch import Tensor

from ranvier.kernels.cpu.lists import remap
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import EVENT, Stage


class FlattenStage(Stage):
    """[T, B, *N] -> [T, B, prod(N)], in the order of axes that layers speak of."""

    @property
    def channels_last_after(self) -> bool:
        return False

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return (before[0], math.prod(before[1:]))

    def kept_bytes(self, after: tuple[int, ...], size: int) -> int:
        return math.prod(after) * EVENT

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        self.saved = x.shape
        flat = (*x.shape[:2], x.neurons)
        lists = x.lists()
        if not x.channels_last:
            values = None if x.values is None else x.dense().view(flat)
            return Signal(flat, x.dtype, values=values, lists=lists, scale=x.scale, spiking=False, repeated=x.repeated)
        if lists is None:
            return Signal.of(x.outside().reshape(flat))
        height, width, channels = x.shape[2:]
        table = np.arange(x.neurons, dtype=np.int32).reshape(channels, height, width).transpose(1, 2, 0)
        lists = remap(lists, np.ascontiguousarray(table).reshape(1, -1), x.neurons)
        return Signal(flat, x.dtype, lists=lists, scale=x.scale, repeated=x.repeated)

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        if not needs_input:
            return None
        if not self.channels_last:
            return error.reshape(self.saved)
        steps, batch, height, width, channels = self.saved
        return error.reshape(steps, batch, channels, height, width).movedim(2, -1).contiguous()


class DropoutStage(Stage):
    """Drops the same inputs at every step and scales the rest. kept: [B, *N] bool, drawn once a run; None where nothing is dropped."""

    def __init__(self, kept: Tensor | None, share: float, channels_last: bool) -> None:
        super().__init__(channels_last=channels_last)
        self.kept, self.factor = None if kept is None else self.to_memory(kept, 1), 1 / share

    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return before

    def kept_bytes(self, after: tuple[int, ...], size: int) -> int:
        return math.prod(after) * EVENT

    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        if self.kept is None:
            return x
        lists = x.lists()
        if lists is None:
            return Signal.of(torch.mul(x.dense(), self._mask(x.dtype)), channels_last=x.channels_last, own=True)
        kept = self.kept.view(len(self.kept), -1).numpy()
        table = np.where(kept, np.arange(x.neurons, dtype=np.int32), np.int32(-1))
        lists = remap(lists, table, x.neurons, x.shape[1])
        scale = x.scale * self.factor
        return Signal(x.shape, x.dtype, lists=lists, scale=scale, channels_last=x.channels_last, repeated=x.repeated)

    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        if not needs_input:
            return None
        if self.kept is None:
            return error
        mask = self._mask(error.dtype)
        return error.mul_(mask) if own else error * mask

    def _mask(self, dtype: torch.dtype) -> Tensor:
        assert self.kept is not None
        return self.kept.to(dtype) * self.factor
