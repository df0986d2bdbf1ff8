"""The synapses in front of each population, as a chip sees them: pooling and delays belong to the synapses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranvier.hardware.plan import Convolution, Delay, Dense, Gate, Op, Parallel, Pool, Population, Scaled, Weights


@dataclass(frozen=True, eq=False)
class Projection:
    """What leads to one population (None: the network ends without one).

    sources: number of neurons or inputs it comes from. fan_in: of one neuron, largest; recurrence included. fan_out: of one source,
    largest. synapses: connections in all. delay: longest, in steps. weights: with the layer that has them.
    """

    target: Population | None
    layers: tuple[Op, ...]
    sources: int
    fan_in: int
    fan_out: int
    synapses: int
    delay: int
    weights: tuple[tuple[Op, Weights], ...]

    @property
    def op(self) -> Op:
        """The layer to name: the last that has weights, or the population."""
        return self.weights[-1][0] if self.weights else self.layers[-1]


def projections(ops: Sequence[Op]) -> list[Projection]:
    """Each population with what leads to it; what comes in by several branches of a sum leads to it together."""
    found, ways = _followed(ops, [[]])
    if any(isinstance(op, Dense | Convolution) for way in ways for op in way):
        found.append(_projection(ways, None))
    return found


Way = list[Op]  # what stands between a population, or the input, and a place behind it


def _followed(ops: Sequence[Op], ways: list[Way]) -> tuple[list[Projection], list[Way]]:
    """The projections of a row that these ways lead to, and the ways to its end."""
    found: list[Projection] = []
    for op in ops:
        if isinstance(op, Parallel):
            ended: list[Way] = []
            for branch in (op.body, op.shortcut):
                inside, ends = _followed(branch, ways)
                found, ended = found + inside, ended + ends
            ways = ended
            continue
        ways = [[*way, op] for way in ways]
        if isinstance(op, Population):
            found.append(_projection(ways, op))
            ways = [[]]
    return found, ways


def _projection(ways: list[Way], target: Population | None) -> Projection:
    size = math.prod(ways[0][-1].after)
    parts = [_way(way, size) for way in ways]
    recurrent = size if target is not None and target.recurrent is not None else 0
    weights = [w for way in ways for op in way if (w := _weights(op)) is not None]
    if target is not None and target.recurrent is not None:
        weights.append((target, target.recurrent))
    fan_in = sum(p[1] for p in parts) + recurrent
    return Projection(
        target=target,
        layers=tuple(op for way in ways for op in way if op is not target) + (() if target is None else (target,)),
        sources=sum(p[0] for p in parts),
        fan_in=fan_in,
        fan_out=max(*(p[2] for p in parts), recurrent),
        synapses=size * fan_in,
        delay=max(p[3] for p in parts),
        weights=tuple(weights),
    )


def _way(way: Way, size: int) -> tuple[int, int, int, int]:
    """Sources, fan-in, fan-out and delay of one way to a population of this size."""
    fan_in, fan_out, delay = 1, 1, 0
    for op in way:
        inputs, outputs = _fans(op)
        fan_in, fan_out = fan_in * inputs, fan_out * outputs
        if isinstance(op, Delay):
            delay += op.count - 1
    sources = math.prod(way[0].before)
    return sources, min(fan_in, sources * (delay + 1)), min(fan_out, size), delay


def _weights(op: Op) -> tuple[Op, Weights] | None:
    match op:
        case Dense() | Convolution():
            return op, op.weights
        case Scaled():
            return op, Weights(op.factor.reshape(-1, 1))
    return None


def _fans(op: Op) -> tuple[int, int]:
    """Inputs of one output, and outputs of one input, where all are inside."""
    match op:
        case Dense():
            return op.before[0], op.after[0]
        case Convolution():
            out, inside, height, width = op.weights.values.shape
            reached = math.ceil(height / op.stride[0]) * math.ceil(width / op.stride[1])
            return inside * height * width, out // op.groups * reached
        case Pool() | Gate():
            reached = math.ceil(op.kernel[0] / op.stride[0]) * math.ceil(op.kernel[1] / op.stride[1])
            return math.prod(op.kernel), reached
        case Delay():
            return 1, op.count
    return 1, 1


def distinct(w: Weights) -> int:
    """Most different weights other than 0 that one neuron has."""
    values = w.values if w.codes is None else w.codes
    rows = np.moveaxis(values, 1, 0) if values.ndim == 3 else values  # [segments, out, in] -> [out, segments, in]
    return max(len(set(np.unique(row)) - {0}) for row in rows.reshape(len(rows), -1))
