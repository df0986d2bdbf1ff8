"""How a sample enters a converted network."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ranvier.encoders import bernoulli


class Input(ABC):
    """A choice of input."""

    @abstractmethod
    def check(self, x: Tensor) -> None:
        """Refuses samples [n, *N] that it cannot bring."""

    @abstractmethod
    def scale(self, data: Tensor) -> Tensor:
        """The value that an input of 1 a step stands for, 0-d."""

    @abstractmethod
    def encode(self, x: Tensor, steps: int, scale: Tensor) -> Tensor:
        """Samples [B, *N] as input [T, B, *N]."""

    @abstractmethod
    def __str__(self) -> str:
        """What it does, for the list of assumptions."""


@dataclass(frozen=True)
class ConstantCurrent(Input):
    """The values themselves in every step, of any size and sign: nothing is lost and nothing drawn."""

    def check(self, x: Tensor) -> None:
        """Takes everything."""

    def scale(self, data: Tensor) -> Tensor:
        return data.new_tensor(1.0)

    def encode(self, x: Tensor, steps: int, scale: Tensor) -> Tensor:
        """[T, B, *N], one sample in memory however many steps: the first weights are multiplied once."""
        return x.unsqueeze(0).expand(steps, *x.shape)

    def __str__(self) -> str:
        return "the values themselves as a constant current in every step, negative ones too"


@dataclass(frozen=True)
class BernoulliSpikes(Input):
    """Spikes with probability value/largest value in each step, drawn anew in each call from a stream that `seed` begins.

    Values must not be negative. Larger ones than those of the calibration data count as the largest.
    """

    seed: int = 0

    def check(self, x: Tensor) -> None:
        low = float(x.min())
        if low < 0:
            raise ValueError(
                f"BernoulliSpikes: input must not be negative, got a minimum of {low:g}; a probability of a spike is not. "
                "Use input=ConstantCurrent(), which takes negative values, or a network trained on values from 0 up."
            )

    def scale(self, data: Tensor) -> Tensor:
        largest = data.max()
        return torch.where(largest > 0, largest, torch.ones_like(largest))

    def encode(self, x: Tensor, steps: int, scale: Tensor) -> Tensor:
        self.check(x)
        generator = torch.Generator().manual_seed(self.seed)
        return bernoulli(x / scale, steps=steps, clip=True, generator=generator)

    def __str__(self) -> str:
        return f"spikes, with the value's share of the largest calibration value as their probability in each step (seed {self.seed}); this adds noise"
