"""Sinabs: layers that run over all steps, batch first; image layers on samples and steps folded together."""

import math
from typing import Any

import sinabs.layers as layers
import torch
from sinabs.activation import SingleSpike
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

TAU_MEM, TAU_SYN = -1 / math.log(DECAY), -1 / math.log(SYNAPTIC_DECAY)  # in steps


def neurons() -> dict[str, Any]:
    threshold = torch.tensor(THRESHOLD)
    return {"tau_mem": TAU_MEM, "norm_input": False, "spike_fn": SingleSpike, "spike_threshold": threshold}


def parts(given: list[Layer], batch: int) -> list[nn.Module]:
    folded = any(isinstance(layer, Convolution) for layer in given)
    found: list[Any] = []
    for layer in given:
        match layer:
            case Dense():
                found.append(linear(layer))
            case Convolution():
                found.append(convolution(layer))
            case MaxPool():
                found.append(nn.MaxPool2d(layer.size))
            case Flatten():
                found.append(nn.Flatten(1 if folded else 2))
            case LIF():
                found.append(layers.LIFSqueeze(batch_size=batch, **neurons()) if folded else layers.LIF(**neurons()))
            case Recurrent():  # i <- 0.8 (i + x): what enters it is scaled
                found[-1].weight.data /= SYNAPTIC_DECAY
                feedback = linear(Dense(layer.weight / SYNAPTIC_DECAY))
                found.append(layers.LIFRecurrent(rec_connect=feedback, tau_syn=TAU_SYN, **neurons()))
            case LI():
                found.append(layers.ExpLeak(tau_mem=TAU_MEM))
    return [nn.Flatten(0, 1), *found, nn.Unflatten(0, (batch, -1))] if folded else found


class Network(nn.Module):
    def __init__(self, modules: list[nn.Module]) -> None:
        super().__init__()
        self.network = nn.Sequential(*modules)
        self.stateful = [m for m in self.network.modules() if isinstance(m, layers.StatefulLayer)]

    def forward(self, x: Tensor) -> Tensor:
        for module in self.stateful:  # sinabs.reset_states passes over LIFRecurrent, which has a child
            module.reset_states()
        return self.network(x)

    def step(self, x: Tensor) -> Tensor:
        """x: [1, N], one sample."""
        return self.network(x[None])[0]


def case(problem: Problem) -> TorchCase | TorchStream:
    network = Network(parts(problem.layers, problem.workload.batch))
    if problem.workload.streamed:
        return TorchStream(problem, network.step)
    return TorchCase(problem, network, batch_first=True)
