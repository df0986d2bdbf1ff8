"""What the machine allows, measured beside each workload: its dense products, the memory's and the cache's bandwidth.

The dense bound of a workload is the time of its products, done by torch at their very shapes and with nothing else, and of one
pass over the arrays that must be read or written: 8 bytes a neuron and step forward, 24 in training, 28 a weight for Adam.
Whatever skips zeros or keeps spikes in fewer bits can be faster than that.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_input, conv2d_weight
from workloads import LI, LIF, Convolution, Dense, Layer, Loss, Recurrent, Workload

SECONDS = 0.1  # least length of a sample
FORWARD, TRAINING, ADAM = 8, 24, 28  # bytes


@dataclass(frozen=True)
class Product:
    """One product. flops: of a call; calls: in a forward pass or backward pass; backward: only training needs it."""

    name: str
    call: Callable[[], object]
    flops: int
    calls: int
    backward: bool


class Limits:
    """The products of a workload, and arrays to copy."""

    def __init__(self, workload: Workload) -> None:
        torch.manual_seed(0)
        self.products: list[Product] = []
        rows, calls = (1, workload.steps) if workload.streamed else (workload.steps * workload.batch, 1)
        layers, neurons, weights = workload.problem().layers, 0, 0
        for k, layer in enumerate(layers):
            self.products += _products(layer, workload, rows, calls, first=k == 0)
            neurons += _neurons(layer) * workload.steps * workload.batch
            weights += layer.weight.size if isinstance(layer, Dense | Convolution | Recurrent) else 0
        trained = workload.loss in (Loss.COUNT, Loss.MEAN)
        self.bytes = {"forward": FORWARD * neurons, "training": TRAINING * neurons + ADAM * weights * trained}
        large, small = 1 << 25, (4 << 20) // 12  # floats: 128 MiB an array, and three arrays in 4 MiB
        self.memory = tuple(torch.ones(large) for _ in range(3))
        self.cache = tuple(torch.ones(small) for _ in range(3))

    def facts(self) -> list[dict[str, Any]]:
        return [{"name": p.name, "gflop": p.flops * p.calls / 1e9, "backward": p.backward} for p in self.products]

    def sample(self) -> dict[str, Any]:
        """gflops: of each product. memory, cache: GB/s. seconds: the dense bound, by kind."""
        times = [_seconds(p.call) for p in self.products]
        memory, cache = (12 * a[0].numel() / _seconds(lambda a=a: _triad(*a)) for a in (self.memory, self.cache))
        bound = {}
        for kind, moved in self.bytes.items():
            needed = [
                t * p.calls for t, p in zip(times, self.products, strict=True) if kind == "training" or not p.backward
            ]
            bound[kind] = sum(needed) + moved / memory
        gflops = [p.flops / t / 1e9 for t, p in zip(times, self.products, strict=True)]
        return {"gflops": gflops, "memory": memory / 1e9, "cache": cache / 1e9, "seconds": bound}


def _triad(a: Tensor, b: Tensor, c: Tensor) -> None:
    torch.add(a, b, alpha=3.0, out=c)


def _seconds(call: Callable[[], object]) -> float:
    """Seconds a call, after an untimed one unless that alone filled the time."""
    start = time.perf_counter()
    call()
    if (spent := time.perf_counter() - start) > 10 * SECONDS:
        return spent
    start, calls = time.perf_counter(), 0
    while (spent := time.perf_counter() - start) < SECONDS:
        call()
        calls += 1
    return spent / calls


def _neurons(layer: Layer) -> int:
    match layer:
        case LIF():
            return math.prod(layer.shape)
        case Recurrent():
            return len(layer.weight)
        case LI():
            return layer.size
        case _:
            return 0


def _products(layer: Layer, workload: Workload, rows: int, calls: int, *, first: bool) -> list[Product]:
    """Forward; and, where the workload trains, the gradients of the weights and of an input that is not the network's."""
    match layer:
        case Dense():
            outputs, inputs = layer.weight.shape
            found = _matrix(rows, inputs, outputs, calls)
        case Recurrent():
            n = len(layer.weight)
            forward, _, error = _matrix(workload.batch, n, n, workload.steps)
            _, weight, _ = _matrix(rows, n, n, calls)  # the weights' gradient needs no order in time
            found, first = [forward, weight, error], False
        case Convolution():
            found = _convolution(layer, rows)
        case _:
            return []
    if workload.streamed:
        return found[:1]
    return found[:2] if first else found


def _matrix(rows: int, inputs: int, outputs: int, calls: int) -> list[Product]:
    """Forward [rows, inputs] x [inputs, outputs], gradient of the weights, gradient of the input."""
    x, w, g = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(rows, outputs)
    y, gw, gx = torch.empty(rows, outputs), torch.empty(outputs, inputs), torch.empty(rows, inputs)
    shape, flops = f"{rows}x{inputs}x{outputs}", 2 * rows * inputs * outputs
    return [
        Product(shape, lambda: torch.mm(x, w.t(), out=y), flops, calls, False),
        Product(f"{shape} weights", lambda: torch.mm(g.t(), x, out=gw), flops, calls, True),
        Product(f"{shape} input", lambda: torch.mm(g, w, out=gx), flops, calls, True),
    ]


def _convolution(layer: Convolution, frames: int) -> list[Product]:
    outputs, inputs, size, _ = layer.weight.shape
    side = layer.side - size + 1
    x, w = torch.randn(frames, inputs, layer.side, layer.side), torch.from_numpy(layer.weight)
    g = torch.randn(frames, outputs, side, side)
    name, flops = f"conv {frames}x{inputs}->{outputs}", 2 * frames * side * side * layer.weight.size
    return [
        Product(name, lambda: F.conv2d(x, w), flops, 1, False),
        Product(f"{name} weights", lambda: conv2d_weight(x, list(w.shape), g), flops, 1, True),
        Product(f"{name} input", lambda: conv2d_input(list(x.shape), w, g), flops, 1, True),
    ]
