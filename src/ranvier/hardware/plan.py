"""A network as a list of operations on one sample and one step, with all shapes: what hardware checks, integers and C start from."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ranvier.equations.lowering import Loop
from ranvier.errors import RanvierError
from ranvier.hardware.quantise import channel_of, codes
from ranvier.layers import (
    AvgPool2d,
    Conv2d,
    Delays,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Recurrent,
    Residual,
    SegmentLinear,
    Sequential,
    SumPool2d,
)
from ranvier.layers.conv import pair
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.scale import Scale, along_channels
from ranvier.neurons.neuron import Neuron

Shape = tuple[int, ...]
KNOWN = "Linear, Conv2d, SegmentLinear, Scale, pooling, MaxGate, Flatten, Dropout, Delays, Recurrent, Residual, neurons, and modules that only rearrange"


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of a layer. values: float64; codes, scale, bits: where `quantise` left them; scale has one number an output channel."""

    values: np.ndarray
    codes: np.ndarray | None = None
    scale: np.ndarray | None = None
    bits: int | None = None

    @staticmethod
    def of(layer: nn.Module, place: str) -> "Weights":
        """The weights of a layer."""
        held: Any = layer
        values = held.weight.detach()
        found = codes(layer, place)
        if found is None:
            return Weights(_array(values))
        whole, scale, bits = found
        channels = values.shape[channel_of(layer)]
        return Weights(_array(values), whole.cpu().numpy(), _array(scale.flatten().expand(channels)), bits)


@dataclass(frozen=True, eq=False)
class Op:
    """One operation. place: of its layer in the network; name: its class; before, after: shapes [*N] of what goes in and comes out."""

    place: str
    name: str
    before: Shape
    after: Shape

    @property
    def label(self) -> str:
        """For messages and comments."""
        return f"layer {self.place} ({self.name})"


@dataclass(frozen=True, eq=False)
class Dense(Op):
    """y = W x + b. Weights [segments, out, in]; step t uses segment min(t * segments // steps, segments - 1)."""

    weights: Weights
    bias: np.ndarray | None
    steps: int = 1


@dataclass(frozen=True, eq=False)
class Convolution(Op):
    """Weights [out, in / groups, height, width]."""

    weights: Weights
    bias: np.ndarray | None
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int


@dataclass(frozen=True, eq=False)
class Pool(Op):
    """kind: "max", "mean" or "sum"."""

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Gate(Op):
    """Each step's growth of the largest sum so far of a window. gate: the layer; kernel, stride, padding, dilation: of its pooling."""

    gate: MaxGate
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Delay(Op):
    """[*N] -> [count, *N]: this step's input and those of the count - 1 steps before."""

    count: int


@dataclass(frozen=True, eq=False)
class Rearrange(Op):
    """The same numbers in the same order, in another shape."""


@dataclass(frozen=True, eq=False)
class Scaled(Op):
    """y = factor * x + offset; both are [] or one a neuron [*N]."""

    factor: np.ndarray
    offset: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Parallel(Op):
    """The sum of what two rows of operations make of the same input."""

    body: "tuple[Op, ...]"
    shortcut: "tuple[Op, ...]"


@dataclass(frozen=True, eq=False)
class Population(Op):
    """Neurons. values: of `loop.coefficients`, float64 [*N] or []; start: initial states, likewise; recurrent: weights [N, N]."""

    model: Neuron
    loop: Loop
    values: dict[str, np.ndarray] = field(repr=False)
    start: dict[str, np.ndarray] = field(repr=False)
    recurrent: Weights | None = None

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.after)

    @property
    def fires(self) -> bool:
        """Whether its output is spikes."""
        return self.loop.program.fires


def plan(net: Sequential, shape: Sequence[int] | None = None, where: str = "plan") -> list[Op]:
    """The operations of a network, in order. shape: of a sample's input [*N]; known without it where the first layer is `Linear`.

    Raises TypeError for what is no `Sequential`, RanvierError for a layer that has no such operation.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"{where}: net must be a Sequential, got {type(net).__name__}. Write Sequential(layer, ...).")
    if shape is None:
        first = next(layer for _, layer in _flatten(net, ""))
        if not isinstance(first, Linear):
            raise ValueError(f"{where}: give the shape of a sample's input, such as shape=(1, 28, 28).")
        shape = (first.in_features,)
    with torch.no_grad():
        return _row(net, "", tuple(int(n) for n in shape), where)


def every(ops: Iterable[Op]) -> Iterator[Op]:
    """All operations in order, each sum behind those that it adds."""
    for op in ops:
        if isinstance(op, Parallel):
            yield from every((*op.body, *op.shortcut))
        yield op


def _row(net: Sequential, before: str, shape: Shape, where: str) -> list[Op]:
    ops: list[Op] = []
    for place, layer in _flatten(net, before):
        ops.append(_op(place, layer, shape, where))
        shape = ops[-1].after
    return ops


def _flatten(net: Sequential, before: str) -> Iterator[tuple[str, nn.Module]]:
    for k, layer in enumerate(net.layers):
        if isinstance(layer, Sequential):
            yield from _flatten(layer, f"{before}{k}.")
        else:
            yield f"{before}{k}", layer


def _op(place: str, layer: nn.Module, shape: Shape, where: str) -> Op:
    head = (place, _name(layer), shape)
    match layer:
        case Linear():
            _fits(
                where, place, layer, shape, len(shape) == 1 and shape[0] == layer.in_features, f"({layer.in_features},)"
            )
            weights = _segments(Weights.of(layer, place))
            return Dense(*head, (layer.out_features,), weights, _bias(layer))
        case SegmentLinear():
            _fits(
                where, place, layer, shape, len(shape) == 1 and shape[0] == layer.in_features, f"({layer.in_features},)"
            )
            return Dense(*head, (layer.out_features,), Weights.of(layer, place), None, layer.steps)
        case Conv2d():
            _fits(
                where,
                place,
                layer,
                shape,
                len(shape) == 3 and shape[0] == layer.in_channels,
                f"({layer.in_channels}, H, W)",
            )
            after = _probe(place, layer, shape, where)
            return Convolution(
                *head, after, Weights.of(layer, place), _bias(layer), layer.stride, layer.padding, layer.groups
            )
        case AvgPool2d() | SumPool2d() | MaxPool2d():
            _fits(where, place, layer, shape, len(shape) == 3, "(C, H, W)")
            return Pool(*head, _probe(place, layer, shape, where), layer.kind, layer.kernel_size, layer.stride)
        case MaxGate(pool=pool):
            _fits(where, place, layer, shape, len(shape) == 3, "(C, H, W)")
            sizes = (pair(size) for size in (pool.kernel_size, pool.stride, pool.padding, pool.dilation))
            return Gate(*head, _probe(place, layer, shape, where), layer, *sizes)
        case Flatten():
            return Rearrange(*head, (math.prod(shape),))
        case Dropout():
            return Rearrange(*head, shape)
        case Delays():
            return Delay(*head, (layer.count, *shape), layer.count)
        case Recurrent():
            _fits(where, place, layer, shape, shape == (layer.size,), f"({layer.size},)")
            return _population(head, layer.neuron, shape, Weights.of(layer, place))
        case Residual():
            body, shortcut = (
                tuple(_row(branch, f"{place}.{name}.", shape, where))
                for name, branch in (("body", layer.body), ("shortcut", layer.shortcut))
            )
            ends = [branch[-1].after if branch else shape for branch in (body, shortcut)]
            if ends[0] != ends[1]:
                raise RanvierError(
                    f"{where}: layer {place} (Residual) adds shapes {ends[0]} and {ends[1]}. Give both branches the same one."
                )
            return Parallel(*head, ends[0], body, shortcut)
        case Scale():
            factor = _array(along_channels(layer.weight, len(shape)))
            offset = None if layer.bias is None else _array(along_channels(layer.bias, len(shape)))
            return Scaled(*head, shape, factor, offset)
        case Neuron():
            return _population(head, layer, shape, None)
    return _foreign(head, layer, shape, where)


def _name(layer: nn.Module) -> str:
    name = type(layer).__name__.removeprefix("Parametrized")
    return f"{name} of {type(layer.neuron).__name__}" if isinstance(layer, Recurrent) else name


def _segments(w: Weights) -> Weights:
    """[out, in] -> [1, out, in]."""
    return Weights(w.values[None], None if w.codes is None else w.codes[None], w.scale, w.bits)


def _bias(layer: Linear | Conv2d) -> np.ndarray | None:
    return None if layer.bias is None else _array(layer.bias.detach())


def _population(head: tuple[str, str, Shape], neuron: Neuron, shape: Shape, recurrent: Weights | None) -> Population:
    loop, values, start = neuron.for_stream(shape, torch.float64)
    named = {str(symbol): _array(v) for symbol, v in zip(loop.coefficients, values, strict=True)}
    return Population(*head, shape, neuron, loop, named, {k: _array(v)[0] for k, v in start.items()}, recurrent)


def _probe(place: str, layer: nn.Module, shape: Shape, where: str) -> Shape:
    """Shape that comes out of a layer."""
    dtype = next((p.dtype for p in layer.parameters()), torch.get_default_dtype())
    try:
        return tuple(layer(torch.zeros((1, 1, *shape), dtype=dtype)).shape[2:])
    except (RuntimeError, ValueError) as error:
        raise RanvierError(f"{where}: layer {place} does not take an input of shape {shape}: {error}") from error


def _foreign(head: tuple[str, str, Shape], layer: nn.Module, shape: Shape, where: str) -> Op:
    """A module of another origin, if it only rearranges: it has no parameters, and numbers 1, 2, 3, ... come out as they went in."""
    numbers = torch.arange(1.0, math.prod(shape) + 1).reshape(1, 1, *shape)
    try:
        out = None if any(True for _ in layer.parameters()) else layer(numbers)
    except (RuntimeError, ValueError, TypeError):
        out = None
    if isinstance(out, Tensor) and torch.equal(out.flatten(), numbers.flatten()) and out.shape[:2] == (1, 1):
        return Rearrange(*head, tuple(out.shape[2:]))
    raise RanvierError(f"{where}: layer {head[0]} ({head[1]}) has no form for hardware. Known: {KNOWN}.")


def _fits(where: str, place: str, layer: nn.Module, shape: Shape, fits: bool, expected: str) -> None:
    if not fits:
        raise RanvierError(
            f"{where}: layer {place} ({_name(layer)}) gets an input of shape {shape}, expected {expected}. "
            "Give the shape of a sample's input, shape=(...), or put a Flatten() before it."
        )


def _array(x: Tensor) -> np.ndarray:
    return x.detach().to("cpu", torch.float64).numpy().copy()
