"""`Stage`: one layer of a chain during one run, forward and backward over stretches of time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.kernels.cpu.lists import Lists
from ranvier.kernels.cpu.signal import Signal

EVENT = 1  # bytes that spikes take for each neuron and step, as lists at a density of 20 %


@dataclass(frozen=True)
class Place:
    """Where a layer stands in a chain.

    steps: of the run. shape: of its input, [B, *N]; channels_last: whether the chain keeps N as (H, W, C) there, where layers say (C, H, W).
    """

    steps: int
    shape: tuple[int, ...]
    dtype: torch.dtype
    channels_last: bool = False


@dataclass
class Work:
    """What a layer did.

    path: "events" or "dense" products, "compiled" neurons. rows: steps times samples. inputs: of a row. events: spikes that came in (one that
    enters a pooling window once for each synapse behind it); `analog`: real numbers came in, and events are those that are not zero.
    operations: synaptic operations, one for each event and synapse that it reaches. dense: multiply-accumulates of the same layer without
    spikes. updates: neuron steps. spikes: that went out; fired: by each neuron, where asked for. moved: bytes that the arithmetic reads
    and writes, caches left aside.
    """

    path: str = ""
    rows: int = 0
    inputs: int = 0
    events: int = 0
    analog: bool = False
    operations: int = 0
    dense: int = 0
    updates: int = 0
    spikes: int = 0
    fired: np.ndarray | None = None
    moved: int = 0
    seconds: float = 0.0

    @property
    def density(self) -> float:
        """Events per input, step and sample."""
        return self.events / max(1, self.rows * self.inputs)

    def arrived(self, x: Signal, path: str) -> Lists | None:
        """Counts the input of a synapse; its events, None where it is analog."""
        self.path, self.inputs, self.rows = path, x.neurons, self.rows + x.rows
        lists = x.lists()
        if lists is not None:
            self.events += lists.count
        elif x.values is not None:
            nonzero = x.values != 0
            self.analog = self.analog or bool(torch.ne(x.values, nonzero).any())
            self.events += int(nonzero.sum())
        return lists

    def left(self, lists: Lists, updates: int, measured: bool) -> None:
        """Counts the output of a population."""
        self.updates += updates
        self.spikes += lists.count
        if measured:
            found = np.bincount(lists.index[lists.start[0] : lists.start[-1]], minlength=lists.inputs)
            self.fired = found if self.fired is None else self.fired + found


@dataclass(frozen=True, eq=False)
class Near:
    """Errors of neurons near the threshold, where few are: error[t] = errors[t] + decay * error[t + 1], error[T] being `carried` / decay.

    Synapses may multiply `errors`, which are sparse, and filter in time behind the weights.
    """

    errors: Tensor  # [T, B, N]
    decay: float
    carried: Tensor  # [B, N]: what of the last step's error comes from later steps


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
    hands_near: bool = False  # whether the stage before takes a `Near`
    near: Near | None = None  # made by `backward` for the stage before
    arriving: Near | None = None  # made by the stage behind, beside the error
    saved: Any = None  # what `forward` keeps for `backward`
    wanted: tuple[bool, ...] = ()  # of which tensors the gradient is asked for
    measured: bool = False  # whether `work` must be complete, which costs time

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

    def release(self) -> None:
        """Lets go of what `forward` kept."""
        self.saved = None

    def begin_backward(self, wanted: Sequence[bool]) -> None:
        """Starts the sums of the gradients of `tensors`."""
        self.wanted = tuple(wanted)

    def to_memory(self, x: Tensor, first: int) -> Tensor:
        """A contiguous tensor in the chain's order of axes, from one whose channels are axis `first`."""
        return (x.movedim(first, -1) if self.channels_last and x.dim() > first else x).contiguous()

    def from_memory(self, x: Tensor, first: int) -> Tensor:
        """The other way round."""
        return x.movedim(-1, first).contiguous() if self.channels_last and x.dim() > first else x

    def gradients(self) -> list[Tensor | None]:
        """Gradients of `tensors` since `begin_backward`."""
        return [None] * len(self.tensors)
