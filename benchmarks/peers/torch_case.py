"""What the peers built on torch share: layers with given weights, and the training step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from workloads import LEARNING_RATE, Array, Convolution, Dense, Loss, Problem


def set_weights(module: Any, weight: Array, bias: Array | None = None) -> Any:
    """The module, which has `weight` and perhaps `bias`, with these numbers."""
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weight))
        if bias is not None:
            module.bias.copy_(torch.from_numpy(bias))
    return module


def linear(layer: Dense, kind: Callable[..., Any] = nn.Linear, **options: Any) -> Any:
    """A module `kind(inputs, outputs, bias=...)` with the layer's numbers."""
    outputs, inputs = layer.weight.shape
    return set_weights(kind(inputs, outputs, bias=layer.bias is not None, **options), layer.weight, layer.bias)


def convolution(layer: Convolution, kind: Callable[..., Any] = nn.Conv2d, **options: Any) -> Any:
    """A module `kind(inputs, outputs, size)` with the layer's numbers."""
    outputs, inputs, size, _ = layer.weight.shape
    return set_weights(kind(inputs, outputs, size, **options), layer.weight, layer.bias)


class TorchCase:
    """A module from x to its output, both [T, B, *N], or [B, T, *N] where the library has the batch first."""

    def __init__(self, problem: Problem, model: nn.Module, *, batch_first: bool = False) -> None:
        self.model, self.loss, self.time = model, problem.workload.loss, 1 if batch_first else 0
        self.x = self._given(problem.x)
        self.target = self._target(problem)
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        if self.loss is Loss.GIVEN:
            self.x.requires_grad_()
        trained = self.loss in (Loss.COUNT, Loss.MEAN)
        self.optimizer = torch.optim.Adam(self.weights, lr=LEARNING_RATE, fused=True) if trained else None

    def _given(self, values: Array) -> Tensor:
        tensor = torch.from_numpy(values)
        return tensor.transpose(0, 1).contiguous() if self.time == 1 else tensor

    def _target(self, problem: Problem) -> Tensor | None:
        if problem.target is None:
            return None
        return self._given(problem.target) if self.loss is Loss.GIVEN else torch.from_numpy(problem.target)

    def forward(self) -> Tensor:
        with torch.no_grad():
            return self.model(self.x)

    def training(self) -> None:
        for tensor in (self.x, *self.weights):
            tensor.grad = None
        output = self.model(self.x)
        match self.loss:
            case Loss.COUNT:
                F.cross_entropy(output.sum(self.time), self.target).backward()
            case Loss.MEAN:
                F.cross_entropy(output.mean(self.time), self.target).backward()
            case Loss.SUM:
                output.sum().backward()
            case Loss.GIVEN:
                output.backward(self.target)
        if self.optimizer is not None:
            self.optimizer.step()

    def rate(self) -> float:
        return float(self.forward().abs().mean())

    def gradient(self) -> float:
        self.training()
        found = self.x.grad if self.loss is Loss.GIVEN else self.weights[0].grad
        assert found is not None
        return float(found.norm())


class TorchStream:
    """A function from the input of one step to its output, which keeps its state. x_t: [1, N], or [N] where `single`."""

    def __init__(self, problem: Problem, step: Callable[[Tensor], Tensor], *, single: bool = False) -> None:
        self.step, x = step, torch.from_numpy(problem.x)
        self.inputs = list((x[:, 0] if single else x).contiguous().unbind(0))

    def forward(self) -> None:
        with torch.no_grad():
            for x_t in self.inputs:
                self.step(x_t)

    def rate(self) -> float:
        with torch.no_grad():  # each output at once: the next step may write over it
            return sum(float(self.step(x_t).abs().mean()) for x_t in self.inputs) / len(self.inputs)
