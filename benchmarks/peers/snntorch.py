"""snnTorch: all layers at each step of a loop over time, as in its tutorials."""

from typing import Any, NamedTuple

import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn
from workloads import (
    DECAY,
    LI,
    LIF,
    SYNAPTIC_DECAY,
    THRESHOLD,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Problem,
    Recurrent,
)

from peers.torch_case import TorchCase, TorchStream, convolution, linear


class Part(NamedTuple):
    """A layer. output, state: which of the values that it returns is its output, and from which on is its state."""

    module: Any
    output: int = 0
    state: int | None = None  # None: it returns its output alone

    def rest(self) -> Any:
        if self.state is None:
            return ()
        found = self.module.reset_mem()
        return found if isinstance(found, tuple) else (found,)


def part(layer: Layer) -> Part:
    neuron = {"beta": DECAY, "threshold": THRESHOLD}
    fires = {"spike_grad": surrogate.atan(alpha=2.0), "reset_mechanism": "subtract", **neuron}
    match layer:
        case Dense():
            return Part(linear(layer))
        case Convolution():
            return Part(convolution(layer))
        case MaxPool():
            return Part(nn.MaxPool2d(layer.size))
        case Flatten():
            return Part(nn.Flatten(1))
        case LIF():
            return Part(snntorch.Leaky(**fires), output=0, state=1)
        case Recurrent():
            module = snntorch.RSynaptic(alpha=SYNAPTIC_DECAY, linear_features=len(layer.weight), **fires)
            module.recurrent = linear(Dense(layer.weight))
            return Part(module, output=0, state=0)
        case LI():
            return Part(snntorch.Leaky(reset_mechanism="none", **neuron), output=1, state=1)


class Network(nn.Module):
    def __init__(self, parts: list[Part]) -> None:
        super().__init__()
        self.parts = parts
        self.modules_of_parts = nn.ModuleList(p.module for p in parts)
        self.states = [p.rest() for p in parts]

    def step(self, x: Tensor) -> Tensor:
        for k, (module, output, state) in enumerate(self.parts):
            if state is None:
                x = module(x)
            else:
                found = module(x, *self.states[k])
                x, self.states[k] = found[output], found[state:]
        return x

    def forward(self, x: Tensor) -> Tensor:
        self.states = [p.rest() for p in self.parts]
        return torch.stack([self.step(x_t) for x_t in x.unbind(0)])


def case(problem: Problem) -> TorchCase | TorchStream:
    network = Network([part(layer) for layer in problem.layers])
    return TorchStream(problem, network.step) if problem.workload.streamed else TorchCase(problem, network)
