"""Plain PyTorch: synapses over all steps at once, then the neurons in a loop over time. What a careful user writes by hand."""

import math
from typing import Any

import torch
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


class ArctanSpike(torch.autograd.Function):
    """Step function whose derivative is taken to be 1 / (1 + (pi u)^2)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        return grads[0] / (1 + (math.pi * u).pow_(2))


class Population(nn.Module):
    """Steps `step(x_t, state) -> (output, state)` in a loop. state: a tuple; empty before the first step."""

    def forward(self, x: Tensor) -> Tensor:
        state: tuple[Any, ...] = ()
        outputs = []
        for x_t in x.unbind(0):  # not x[t]: its backward fills a tensor of all steps at each step
            output, state = self.step(x_t, state)
            outputs.append(output)
        return torch.stack(outputs)

    def step(self, x: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        raise NotImplementedError


class PlainLIF(Population):
    def step(self, x: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        (v,) = state or (0.0,)
        v = DECAY * v + x
        spikes = ArctanSpike.apply(v - THRESHOLD)
        return spikes, (v - THRESHOLD * spikes.detach(),)


class PlainRecurrent(Population):
    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        self.feedback = linear(Dense(layer.weight))

    def step(self, x: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        i, v, spikes = state or (0.0, 0.0, torch.zeros_like(x))
        i = SYNAPTIC_DECAY * i + (x + self.feedback(spikes))
        v = DECAY * v + i
        spikes = ArctanSpike.apply(v - THRESHOLD)
        return spikes, (i, v - THRESHOLD * spikes.detach(), spikes)


class PlainLI(Population):
    def step(self, x: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        (v,) = state or (0.0,)
        v = DECAY * v + x
        return v, (v,)


class PerFrame(nn.Module):
    """An image layer on all steps at once: [T, B, C, H, W] as [T * B, C, H, W]."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def part(layer: Layer) -> nn.Module:
    match layer:
        case Dense():
            return linear(layer)
        case Convolution():
            return PerFrame(convolution(layer))
        case MaxPool():
            return PerFrame(nn.MaxPool2d(layer.size))
        case Flatten():
            return nn.Flatten(2)
        case LIF():
            return PlainLIF()
        case Recurrent():
            return PlainRecurrent(layer)
        case LI():
            return PlainLI()


class Step:
    """The network a step at a time."""

    def __init__(self, parts: list[nn.Module]) -> None:
        self.parts, self.states = parts, [() for _ in parts]

    def __call__(self, x: Tensor) -> Tensor:
        for k, module in enumerate(self.parts):
            if isinstance(module, Population):
                x, self.states[k] = module.step(x, self.states[k])
            else:
                x = module(x)
        return x


def case(problem: Problem) -> TorchCase | TorchStream:
    parts = [part(layer) for layer in problem.layers]
    return TorchStream(problem, Step(parts)) if problem.workload.streamed else TorchCase(problem, nn.Sequential(*parts))
