"""Norse: its box LIF, cell by cell in a loop over time; the recurrent network in its modules that run over time themselves.

Its step is v <- v + 0.1 (x - v): membranes are a tenth of the definition's, and so is the threshold.
"""

from typing import Any

import norse.torch as nt
import torch
from norse.torch.functional.leaky_integrator import LIParameters
from norse.torch.functional.lif_box import LIFBoxParameters
from norse.torch.functional.reset import reset_subtract
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

DT = 1e-3  # its default [s]


def rate(decay: float) -> Tensor:
    """Inverse time constant [1/s] that leaves the share `decay` in a step."""
    return torch.as_tensor((1 - decay) / DT)


def parts(layers: list[Layer]) -> list[nn.Module]:
    found: list[Any] = []
    for layer in layers:
        match layer:
            case Dense():
                found.append(linear(layer))
            case Convolution():
                found.append(convolution(layer))
            case MaxPool():
                found.append(nn.MaxPool2d(layer.size))
            case Flatten():
                found.append(nn.Flatten(1))
            case LIF():
                threshold = torch.as_tensor(THRESHOLD * (1 - DECAY))
                box = LIFBoxParameters(tau_mem_inv=rate(DECAY), v_th=threshold, reset_method=reset_subtract)
                found.append(nt.LIFBoxCell(box))
            case Recurrent():
                entry = found.pop()  # the module holds the weights of its input too
                cuba = nt.LIFParameters(
                    tau_syn_inv=rate(SYNAPTIC_DECAY), tau_mem_inv=rate(DECAY), v_th=torch.as_tensor(THRESHOLD * (1 - DECAY))
                )  # fmt: skip
                weights = {
                    "input_weights": entry.weight,
                    "recurrent_weights": nn.Parameter(torch.from_numpy(layer.weight.copy())),
                }
                found.append(nt.LIFRecurrent(entry.in_features, entry.out_features, p=cuba, autapses=True, **weights))
            case LI():
                found.append(nt.LI(LIParameters(tau_syn_inv=rate(0.0), tau_mem_inv=rate(DECAY))))
    return found


class CellByCell(nn.Module):
    """Cells at each step of a loop, Norse's own pattern."""

    def __init__(self, cells: nn.Module) -> None:
        super().__init__()
        self.cells, self.state = cells, None

    def step(self, x: Tensor) -> Tensor:
        output, self.state = self.cells(x, self.state)
        return output

    def forward(self, x: Tensor) -> Tensor:
        self.state = None
        return torch.stack([self.step(x_t) for x_t in x.unbind(0)])


class OverTime(nn.Module):
    """Modules that run over all steps."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)[0]


def case(problem: Problem) -> TorchCase | TorchStream:
    network = nt.SequentialState(*parts(problem.layers))
    if any(isinstance(layer, Recurrent) for layer in problem.layers):
        return TorchCase(problem, OverTime(network))
    cells = CellByCell(network)
    return TorchStream(problem, cells.step) if problem.workload.streamed else TorchCase(problem, cells)
