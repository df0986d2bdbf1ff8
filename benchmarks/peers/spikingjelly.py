"""SpikingJelly in multi-step mode: a layer runs over all steps before the next one does. Streams use its single-step mode."""

import numpy as np
import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from spikingjelly.activation_based import layer as layers
from torch import Tensor, nn
from workloads import DECAY, LI, LIF, THRESHOLD, Convolution, Dense, Flatten, Layer, MaxPool, Problem, Recurrent

from peers.torch_case import TorchCase, TorchStream, convolution, linear, set_weights


class Readout(nn.Module):
    """Its multi-step readout returns a list of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.neurons = neuron.NonSpikingLIFNode(tau=1 / (1 - DECAY))
        self.neurons.step_mode = "m"

    def forward(self, x: Tensor) -> Tensor:
        found = self.neurons(x)
        return found if isinstance(found, Tensor) else torch.stack(found)


def lif(mode: str) -> nn.Module:
    return neuron.LIFNode(
        tau=1 / (1 - DECAY), decay_input=False, v_threshold=THRESHOLD, v_reset=None, detach_reset=True,
        surrogate_function=surrogate.ATan(alpha=2.0), step_mode=mode,
    )  # fmt: skip


def part(layer: Layer, mode: str) -> nn.Module:
    match layer:
        case Dense():
            return linear(layer, layers.Linear, step_mode=mode)
        case Convolution():
            return convolution(layer, layers.Conv2d, step_mode=mode)
        case MaxPool():
            return layers.MaxPool2d(layer.size, step_mode=mode)
        case Flatten():
            return layers.Flatten(step_mode=mode)
        case LIF():
            return lif(mode)
        case Recurrent():
            n = len(layer.weight)
            module = layers.LinearRecurrentContainer(lif("s"), n, n, bias=False, step_mode=mode)
            set_weights(module.rc, np.concatenate([np.eye(n, dtype=np.float32), layer.weight], 1))
            return module
        case LI():
            return Readout()


class Network(nn.Module):
    def __init__(self, parts: list[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        functional.reset_net(self.parts)
        return self.parts(x)


def case(problem: Problem) -> TorchCase | TorchStream:
    if problem.workload.streamed:
        return TorchStream(problem, nn.Sequential(*(part(layer, "s") for layer in problem.layers)))
    return TorchCase(problem, Network([part(layer, "m") for layer in problem.layers]))
