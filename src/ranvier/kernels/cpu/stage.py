"""`Stage`: one layer of a chain during one run, forward and backward over stretches of time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ranvier.kernels.cpu.signal import Signal


EVENT = 1  # bytes that spikes take for each neuron and step, as lists at a density of 20 %


@dataclass(frozen=True)
class Place:
    """Where a layer stands in a chain.

    shape: of its input, [B, *N]; channels_last: whether the chain keeps N as (H, W, C) there, where layers say (C, H, W).
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    channels_last: bool = False


@dataclass
class Work:
    """What a stage did. operations: synaptic operations, one for each event and synapse it reaches, or, where `path` is "dense",
    multiply-accumulates. updates: neuron steps. moved: bytes read and written by the arithmetic as written, caches left aside.
    """

    path: str = ""
    rows: int = 0
    inputs: int = 0
    events: int = 0
    operations: int = 0
    updates: int = 0
    spikes: int = 0
    moved: int = 0
    seconds: float = 0.0

    @property
    def density(self) -> float:
        """Events per input, step and sample."""
        return self.events / max(1, self.rows * self.inputs)


@dataclass
class Stage(ABC):
    """A subclass computes; the chain decides when.

    tensors: what has a gradient besides the input (weights, coefficients). states: at the start of the next step; `forward` puts new
    tensors in their place and never writes into the old ones, so that a list of them is a checkpoint.

    After a `forward`, `backward` gives the gradient of the stretch that was run last; over several stretches it is called from the last
    to the first, `adjoints` holding the gradients of the states in between (in: after the stretch, out: before it).
    """

    tensors: list[Tensor] = field(default_factory=list)
    states: list[Tensor] = field(default_factory=list)
    adjoints: list[Tensor] = field(default_factory=list)
    names: tuple[str, ...] = ()  # of the states
    channels_last: bool = False
    work: Work = field(default_factory=Work)
    measured: bool = False  # whether `work` must be complete, at a cost

    def __post_init__(self) -> None:
        self.given_states = self.states  # as given, for autograd
        self.states = [self.to_memory(s.detach(), 1) for s in self.states]

    @property
    def channels_last_after(self) -> bool:
        """Whether the output's channels are last."""
        return self.channels_last

    @abstractmethod
    def shape(self, before: tuple[int, ...]) -> tuple[int, ...]:
        """[B, *M] for input [B, *N], in the order of axes that layers speak of."""

    def kept_bytes(self, after: tuple[int, ...], size: int) -> int:
        """Bytes that a step of output [B, *M] occupies until the backward pass. size: of a number."""
        return math.prod(after) * size

    @abstractmethod
    def forward(self, x: Signal, out: Tensor | None) -> Signal:
        """One stretch of time. out: where to put the output as values, if the stage can; it may give it back another way."""

    @abstractmethod
    def backward(self, error: Tensor, own: bool, needs_input: bool) -> Tensor | None:
        """Gradient of the input for `error`, the gradient of the output; adds to the gradients of `tensors`.

        own: whether `error` may be overwritten. Axes are in memory order, as in the signals.
        """

    @abstractmethod
    def release(self) -> None:
        """Lets go of what `forward` kept for `backward`."""

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        """Starts the sums of the gradients of `tensors`; those not wanted need not be computed."""

    def to_memory(self, x: Tensor, first: int) -> Tensor:
        """A contiguous tensor in the chain's order of axes, from one whose channels are axis `first`."""
        return (x.movedim(first, -1) if self.channels_last and x.dim() > first else x).contiguous()

    def from_memory(self, x: Tensor, first: int) -> Tensor:
        """The other way round."""
        return x.movedim(-1, first).contiguous() if self.channels_last and x.dim() > first else x

    def gradients(self) -> list[Tensor | None]:
        """Gradients of `tensors` since `begin_backward`."""
        return []
