"""The synapses in front of each population, as a chip sees them: pooling and delays belong to the synapses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranvier.hardware.plan import Convolution, Delay, Dense, Op, Pool, Population, Weights


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
    """Each population with what leads to it."""
    found: list[Projection] = []
    layers: list[Op] = []
    for op in ops:
        layers.append(op)
        if isinstance(op, Population):
            found.append(_projection(layers, op))
            layers = []
    if any(isinstance(op, Dense | Convolution) for op in layers):
        found.append(_projection(layers, None))
    return found


def _projection(layers: list[Op], target: Population | None) -> Projection:
    fan_in, fan_out, delay = 1, 1, 0
    weights: list[tuple[Op, Weights]] = []
    for op in layers:
        inputs, outputs = _fans(op)
        fan_in, fan_out = fan_in * inputs, fan_out * outputs
        if isinstance(op, Delay):
            delay += op.count - 1
        if isinstance(op, Dense | Convolution):
            weights.append((op, op.weights))
    sources = math.prod(layers[0].before)
    size = math.prod(layers[-1].after)
    if target is not None and target.recurrent is not None:
        weights.append((target, target.recurrent))
    recurrent = size if target is not None and target.recurrent is not None else 0
    fan_in, fan_out = min(fan_in, sources * (delay + 1)), min(fan_out, size)
    return Projection(
        target,
        tuple(layers),
        sources,
        fan_in + recurrent,
        max(fan_out, recurrent),
        size * (fan_in + recurrent),
        delay,
        tuple(weights),
    )


def _fans(op: Op) -> tuple[int, int]:
    """Inputs of one output, and outputs of one input, where all are inside."""
    match op:
        case Dense():
            return op.before[0], op.after[0]
        case Convolution():
            out, inside, height, width = op.weights.values.shape
            reached = math.ceil(height / op.stride[0]) * math.ceil(width / op.stride[1])
            return inside * height * width, out // op.groups * reached
        case Pool():
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
