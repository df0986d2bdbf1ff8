"""What a run did: for each layer the path that was taken, events, operations, bytes, time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.kernels.cpu.stage import Work
from ranvier.layers.conv import Conv2d
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.segment import SegmentLinear
from ranvier.neurons.neuron import Neuron

COLUMNS = ("layer", "", "path", "density", "operations", "of dense", "updates", "moved", "time")


@dataclass(frozen=True, eq=False)
class Explanation:
    """Result of `Sequential.explain`: the output [T, B, *M], and a layer's name and `Work` by its place in the network."""

    output: Tensor
    names: dict[int, str]
    layers: dict[int, Work]

    def __str__(self) -> str:
        rows = [COLUMNS, *(_row(k, self.names[k], w) for k, w in self.layers.items())]
        widths = [max(len(row[c]) for row in rows) for c in range(len(COLUMNS))]
        lines = [
            "  ".join(
                cell.ljust(w) if c < 3 else cell.rjust(w) for c, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)


def _row(k: int, name: str, w: Work) -> tuple[str, ...]:
    synapse = w.dense > 0
    return (
        str(k),
        name,
        w.path,
        f"{100 * w.density:.1f} %" if synapse else "",
        _count(w.operations) if synapse else "",
        f"{100 * w.operations / w.dense:.1f} %" if synapse else "",
        _count(w.updates) if w.updates else "",
        f"{_count(w.moved)}B" if w.moved else "",
        f"{1e3 * w.seconds:.2f} ms",
    )


def _count(n: float) -> str:
    """A count with a unit: 1234567 -> "1.23 M"."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n:.3g} "


def watched(layer: nn.Module, run: Callable[[], tuple[Tensor, Any, Any]], x: Tensor) -> tuple[Any, Work]:
    """Runs one layer by its own verbs and counts what it did. run: gives the output [T, B, *M] first."""
    started = time.perf_counter()
    done = run()
    work = Work(path="own", seconds=time.perf_counter() - started)
    output = done[0]
    if isinstance(layer, Linear | Conv2d | SegmentLinear):
        work.rows, work.inputs = x.shape[0] * x.shape[1], x[0, 0].numel()
        nonzero = (x != 0).to(x.dtype)
        work.analog = bool((x != nonzero).any())
        work.events = int(nonzero.sum(dtype=torch.float64))
        work.operations = _reached(layer, nonzero)
        work.dense = layer.fan_in * output.numel()
    elif isinstance(layer, Neuron | Recurrent):
        work.updates = output.numel()
        if (layer.neuron if isinstance(layer, Recurrent) else layer).fires:
            work.fired = output.detach().sum((0, 1)).flatten().numpy()
            work.spikes = int(work.fired.sum())
        if isinstance(layer, Recurrent):
            work.rows, work.inputs, work.events = x.shape[0] * x.shape[1], layer.size, work.spikes
            work.operations, work.dense = work.spikes * layer.size, work.updates * layer.size
    return done, work


def _reached(layer: Linear | Conv2d | SegmentLinear, events: Tensor) -> int:
    """Synapses that the events reach, borders and strides included. events: [T, B, *N]."""
    if isinstance(layer, Conv2d):
        frames = events.flatten(0, 1)
        ones = torch.ones((1, 1, *layer.kernel_size), dtype=events.dtype)
        total = F.conv2d(frames.sum(1, keepdim=True), ones, None, layer.stride, layer.padding)
        return int(total.sum(dtype=torch.float64)) * (layer.out_channels // layer.groups)
    return int(events.sum(dtype=torch.float64)) * layer.out_features


def names_of(layers: Sequence[nn.Module]) -> dict[int, str]:
    """Class of each layer."""
    return {k: type(layer).__name__ for k, layer in enumerate(layers)}
