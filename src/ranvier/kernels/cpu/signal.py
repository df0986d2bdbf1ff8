"""What one stage of a chain hands to the next over a stretch of time: spikes as index lists, or values."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ranvier.kernels.cpu import lists as index_lists
from ranvier.kernels.cpu.lists import Lists, densify


class Signal:
    """Values [T, B, *N], or spikes as lists over the T * B rows.

    An event counts `scale`; where `repeated`, an input may have several events in a row (after pooling). With `channels_last` the axes N are
    (height, width, channels) where layers and users say (channels, height, width). `spiking` values are worth looking at for events; `own`
    values are read by nobody else, so that a stage may write over them.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        *,
        values: Tensor | None = None,
        lists: Lists | None = None,
        scale: float = 1.0,
        channels_last: bool = False,
        spiking: bool = True,
        own: bool = False,
        repeated: bool = False,
    ) -> None:
        self.shape, self.dtype, self.scale, self.channels_last = shape, dtype, scale, channels_last
        self.values, self._lists, self.own = values, lists, own
        self.repeated = repeated
        self._made: Tensor | None = None  # the values that the lists stand for, once they were asked for
        self._looked = not spiking or lists is not None

    @staticmethod
    def of(values: Tensor, *, channels_last: bool = False, own: bool = False) -> Signal:
        """Values that a stage computed. own: nobody else reads them, so that the next stage may write over them."""
        return Signal(
            tuple(values.shape), values.dtype, values=values, channels_last=channels_last, spiking=False, own=own
        )

    @staticmethod
    def outer(x: Tensor) -> Signal:
        """Values from outside, which may be spikes."""
        return Signal(tuple(x.shape), x.dtype, values=x)

    @property
    def steps(self) -> int:
        return self.shape[0]

    @property
    def rows(self) -> int:
        """Pairs of step and sample."""
        return self.shape[0] * self.shape[1]

    @property
    def neurons(self) -> int:
        return math.prod(self.shape[2:])

    def lists(self, densest: float = math.inf) -> Lists | None:
        """The events; None where the values are no spikes, or where more than the share `densest` of the inputs is active."""
        if not self._looked:
            self._looked = True
            if self.values is not None:
                self._lists = index_lists.of_values(self._matrix(self.values).numpy(), densest)
        return self._lists if self._lists is not None and self._lists.density <= densest else None

    def dense(self) -> Tensor:
        """The values [T, B, *N], contiguous."""
        if self.values is not None:
            return self.values.contiguous()
        if self._made is None:
            lists = self.lists()
            assert lists is not None
            whole = densify(lists, self.scale, np.dtype(str(self.dtype).removeprefix("torch.")))
            self._made = torch.from_numpy(whole).view(self.shape)
        return self._made

    def forget(self) -> None:
        """Lets go of values that can be made again from the lists."""
        self._made = None

    def matrix(self) -> Tensor:
        """`dense` as [rows, neurons]."""
        return self._matrix(self.dense())

    def _matrix(self, values: Tensor) -> Tensor:
        return values.detach().reshape(self.rows, self.neurons)

    def outside(self) -> Tensor:
        """The values in the order of axes that layers speak of: [T, B, C, H, W] for pictures."""
        values = self.dense()
        return values.movedim(-1, 2) if self.channels_last else values

    def steps_between(self, a: int, b: int) -> Signal:
        """The steps [a, b). Values that were not looked at for events yet are looked at stretch by stretch."""
        batch, lists = self.shape[1], self._lists
        return Signal(
            (b - a, *self.shape[1:]),
            self.dtype,
            values=None if self.values is None else self.values[a:b],
            lists=None
            if lists is None
            else Lists(lists.start[a * batch : b * batch + 1], lists.index, lists.inputs, lists.rising),
            scale=self.scale,
            channels_last=self.channels_last,
            spiking=not self._looked,
            repeated=self.repeated,
        )
