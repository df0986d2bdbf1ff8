"""What is measured: networks as lists of layers with their numbers, their input, and how they are trained.

Needs numpy alone, which every peer's environment has. All arrays are float32 and time first; the same draws in every process.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Draws = np.random.Generator

DECAY = 0.9  # of a membrane in a step
SYNAPTIC_DECAY = 0.8  # of a synaptic current in a step
THRESHOLD = 1.0
LEARNING_RATE = 1e-5  # too small to change how much fires
SEED = 20261122


# ---- layers: each peer translates these into its own ---------------------------------------------------------------------


@dataclass(frozen=True)
class Dense:
    """x @ weight.T + bias. weight: [out, in]; bias: [out], or None."""

    weight: Array
    bias: Array | None = None


@dataclass(frozen=True)
class Convolution:
    """No padding, stride 1. weight: [out, in, k, k]; bias: [out]; side: height and width of its input."""

    weight: Array
    bias: Array
    side: int


@dataclass(frozen=True)
class MaxPool:
    """Of windows of size x size."""

    size: int


@dataclass(frozen=True)
class Flatten:
    """[T, B, *N] -> [T, B, prod(N)]."""


@dataclass(frozen=True)
class LIF:
    """v <- 0.9 v + x; spike where v reaches 1; then v <- v - spike.

    The reset is not differentiated; the surrogate is 1 / (1 + (pi (v - 1))^2). shape: of the neurons.
    """

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Recurrent:
    """i <- 0.8 i + x + weight @ spikes of the step before; v <- 0.9 v + i; then as LIF. weight: [n, n]."""

    weight: Array


@dataclass(frozen=True)
class LI:
    """Readout: v <- 0.9 v + x; its output is v. size: number of neurons."""

    size: int


Layer = Dense | Convolution | MaxPool | Flatten | LIF | Recurrent | LI


# ---- workloads -----------------------------------------------------------------------------------------------------------


class Loss(Enum):
    """What a training step descends; both cross entropies are followed by Adam."""

    COUNT = auto()  # cross entropy of the spike counts
    MEAN = auto()  # cross entropy of the readout's mean over time
    SUM = auto()  # sum of all outputs, backward alone: no optimizer
    GIVEN = auto()  # backward alone, from a given gradient of the output to the input


class Problem(NamedTuple):
    """The numbers every peer gets. x: [T, B, *N]; target: labels [B], a gradient like the output, or None."""

    workload: "Workload"
    x: Array
    target: Array | None
    layers: list[Layer]


@dataclass(frozen=True)
class Workload:
    """A network, its input and its training step. density: share of inputs that are 1 in a step; None: the input is values.

    streamed: one sample, one step at a time, no training. rounds: at most so many, where a call is heavy.
    """

    network: str
    draw: "Callable[[Draws, Workload], tuple[Array, Array | None, list[Layer]]]"
    steps: int
    batch: int
    loss: Loss
    density: float | None = None
    streamed: bool = False
    rounds: int | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is timed."""
        return ("forward",) if self.streamed else ("forward", "training")

    @property
    def title(self) -> str:
        """One line for the tables."""
        size = f"{self.steps} steps, " + ("one sample, a step at a time" if self.streamed else f"batch {self.batch}")
        return f"{self.network}, {size}" + ("" if self.density is None else f", {100 * self.density:g} % of inputs")

    def problem(self) -> Problem:
        """The same numbers at each call."""
        return Problem(self, *self.draw(np.random.default_rng(SEED), self))


def _spikes(draws: Draws, w: Workload, *shape: int) -> Array:
    assert w.density is not None
    return (draws.random((w.steps, w.batch, *shape)) < w.density).astype(np.float32)


def _uniform(draws: Draws, gain: float, inputs: int, *shape: int) -> Array:
    """Between -width and width, width = gain / sqrt(inputs)."""
    width = gain / math.sqrt(inputs)
    return draws.uniform(-width, width, shape).astype(np.float32)


def _mlp(sizes: Sequence[int], draws: Draws, w: Workload) -> tuple[Array, Array, list[Layer]]:
    x = _spikes(draws, w, sizes[0])
    pairs = list(zip(sizes, sizes[1:], strict=False))
    weights = [_uniform(draws, 3, i, o, i) for i, o in pairs]
    biases = [_uniform(draws, 1, i, o) for i, o in pairs]
    layers = [layer for a, b in zip(weights, biases, strict=True) for layer in (Dense(a, b), LIF(b.shape))]
    return x, draws.integers(0, sizes[-1], w.batch), layers


def _neurons(n: int, draws: Draws, w: Workload) -> tuple[Array, Array, list[Layer]]:
    shape = (w.steps, w.batch, n)
    x = draws.normal(0.12, 0.25, shape).astype(np.float32)
    return x, draws.normal(0, 1, shape).astype(np.float32), [LIF((n,))]


def _images(draws: Draws, w: Workload) -> tuple[Array, Array, list[Layer]]:
    x = _spikes(draws, w, 1, 28, 28)
    first = Convolution(_uniform(draws, 2, 25, 12, 1, 5, 5), _uniform(draws, 0.5, 25, 12), 28)
    second = Convolution(_uniform(draws, 2, 300, 64, 12, 5, 5), _uniform(draws, 0.5, 300, 64), 12)
    last = Dense(_uniform(draws, 2, 1024, 10, 1024), _uniform(draws, 0.5, 1024, 10))
    layers: list[Layer] = [first, MaxPool(2), LIF((12, 12, 12)), second, MaxPool(2), LIF((64, 4, 4)), Flatten(), last]
    return x, draws.integers(0, 10, w.batch), [*layers, LIF((10,))]


def _recurrent(feedback: float, draws: Draws, w: Workload) -> tuple[Array, Array, list[Layer]]:
    inputs, n, outputs = 700, 256, 20
    x = _spikes(draws, w, inputs)
    first = Dense(_uniform(draws, 2, inputs, n, inputs))
    middle = Recurrent(_uniform(draws, feedback, n, n, n))
    last = Dense(_uniform(draws, 1, n, outputs, n))
    return x, draws.integers(0, outputs, w.batch), [first, middle, last, LI(outputs)]


def _dense(n: int, draws: Draws, w: Workload) -> tuple[Array, None, list[Layer]]:
    x = draws.random((w.steps, w.batch, n), dtype=np.float32)
    return x, None, [Dense(_uniform(draws, 1, n, n, n), np.zeros(n, np.float32)), LIF((n,))]


_MLP = Workload("784 -> 1000 LIF -> 10 LIF", partial(_mlp, (784, 1000, 10)), 25, 128, Loss.COUNT, 0.1)
_RECURRENT = Workload("700 -> 256 recurrent CuBa LIF -> 20 LI", partial(_recurrent, 0.5), 250, 64, Loss.MEAN, 0.02)
_DENSE = Workload("Linear 512 -> 512 LIF", partial(_dense, 512), 500, 16, Loss.SUM)

WORKLOADS = {
    "mlp": _MLP,
    "deep": Workload("784 -> 3 x 512 LIF -> 10 LIF", partial(_mlp, (784, 512, 512, 512, 10)), 50, 64, Loss.COUNT, 0.1),
    "neuron": Workload("4096 LIF alone", partial(_neurons, 4096), 100, 64, Loss.GIVEN),
    "conv": Workload("28 x 28 -> conv 12, pool, LIF -> conv 64, pool, LIF -> 10 LIF", _images, 25, 64, Loss.COUNT, 0.1),
    "recurrent": _RECURRENT,
    # with the feedback of `recurrent`, gradients reach 1e17 over 250 steps and overflow over 500
    "recurrent-long": replace(_RECURRENT, draw=partial(_recurrent, 0.05), steps=1000),
    "dense": _DENSE,
    "dense-wide": replace(_DENSE, network="Linear 4096 -> 4096 LIF", draw=partial(_dense, 4096), rounds=3),
    "stream": replace(_MLP, batch=1, streamed=True),
}
DEFAULT = (
    "mlp", "mlp:density=0.05", "mlp:density=0.02", "deep", "neuron", "conv", "recurrent", "dense", "dense-wide", "mlp:steps=4", "stream",
)  # fmt: skip
_VARIED = {"steps": int, "batch": int, "density": float}


def find(name: str) -> Workload:
    """A workload by name, with changes: `recurrent:steps=1000`, `mlp:density=0.05,steps=4`. ValueError where there is none."""
    base, _, changes = name.partition(":")
    if base not in WORKLOADS:
        raise ValueError(f"no workload {base!r}; there are {', '.join(WORKLOADS)}")
    values = {}
    for change in filter(None, changes.split(",")):
        key, _, value = change.partition("=")
        if key not in _VARIED:
            raise ValueError(f"{name!r} changes {key!r}; what can change is {', '.join(_VARIED)}")
        values[key] = _VARIED[key](value)
    if "density" in values and WORKLOADS[base].density is None:
        raise ValueError(f"{name!r}: the input of {base} is values, it has no density")
    return replace(WORKLOADS[base], **values)
