"""Pooling over image axes, the same at each time step."""

import math
from typing import Any, ClassVar, Literal

from torch import Tensor
from torch.nn import functional as F

from ranvier.kernels.cpu.pool import LARGEST, Pooling, PoolStage
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.layers.conv import pair
from ranvier.layers.layer import StatelessLayer, check_input, check_rank


class _Pool2d(StatelessLayer):
    """[T, B, C, H, W] -> [T, B, C, H', W']."""

    kind: ClassVar[Literal["max", "mean", "sum"]]

    def __init__(self, kernel_size: int | tuple[int, int], *, stride: int | tuple[int, int] | None = None) -> None:
        super().__init__()
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)

    def forward(self, x: Tensor) -> Tensor:
        check_input(self, x)
        check_rank(self, x, 5, "[T, B, C, H, W]")
        return self.pool(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def pool(self, frames: Tensor) -> Tensor:
        """Pools frames [T*B, C, H, W]."""
        raise TypeError(f"{type(self).__name__} defines no pool(self, frames).")

    def stage(self, place: Place, state: Any) -> Stage | None:
        """The pooling in a chain; None where the input does not fit."""
        if len(place.shape) != 4 or any(n < k for n, k in zip(place.shape[2:], self.kernel_size, strict=True)):
            return None
        ours = (AvgPool2d.pool, SumPool2d.pool, MaxPool2d.pool)
        if math.prod(self.kernel_size) > LARGEST or "pool" in vars(self) or type(self).pool not in ours:
            return None
        return PoolStage(Pooling(self.kind, self.kernel_size, self.stride), place)

    def extra_repr(self) -> str:
        return f"{self.kernel_size}, stride={self.stride}"


class AvgPool2d(_Pool2d):
    """Mean of each window: a value between 0 and 1 where the input is spikes."""

    kind = "mean"

    def pool(self, frames: Tensor) -> Tensor:
        return F.avg_pool2d(frames, self.kernel_size, self.stride)


class SumPool2d(_Pool2d):
    """Number of spikes in each window, as neuromorphic hardware pools."""

    kind = "sum"

    def pool(self, frames: Tensor) -> Tensor:
        return F.avg_pool2d(frames, self.kernel_size, self.stride, divisor_override=1)


class MaxPool2d(_Pool2d):
    """Maximum of each window: a spike where any input of the window spiked."""

    kind = "max"

    def pool(self, frames: Tensor) -> Tensor:
        return F.max_pool2d(frames, self.kernel_size, self.stride)
