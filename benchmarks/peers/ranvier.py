"""Ranvier."""

import math
from typing import Any

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

import ranvier as rv
from peers.torch_case import TorchCase, TorchStream, convolution, linear, set_weights
from ranvier.units import Current, Resistance

FIRES = {"v_threshold": THRESHOLD, "surrogate": rv.Arctan(alpha=2.0), "reset": rv.Subtract()}
TAU_MEM, TAU_SYN = -1 * rv.ms / math.log(DECAY), -1 * rv.ms / math.log(SYNAPTIC_DECAY)


class PromptCubaLIF(rv.CubaLIF):
    """A CubaLIF whose input moves the membrane in the step in which it arrives; that of `rv.CubaLIF` does so from the next step on."""

    r_input: Resistance = rv.parameter(1.0)

    def receive(self, s: Any, x: Current) -> Any:
        return {"v": s.v + self.r_input * x, "i": s.i + x}


def part(layer: Layer) -> Any:
    match layer:
        case Dense():
            return linear(layer, rv.Linear)
        case Convolution():
            return convolution(layer, rv.Conv2d)
        case MaxPool():
            return rv.MaxPool2d(layer.size)
        case Flatten():
            return rv.Flatten()
        case LIF():
            return rv.LIF.from_beta(DECAY, **FIRES)
        case Recurrent():
            # v <- 0.9 v + (0.8 i + x), where exactly integrated currents give v <- 0.9 v + gain r i: r makes that factor 0.8
            gain = (DECAY - SYNAPTIC_DECAY) / (TAU_MEM / TAU_SYN - 1)
            neuron = PromptCubaLIF(tau_mem=TAU_MEM, tau_syn=TAU_SYN, r=SYNAPTIC_DECAY / gain, **FIRES)
            return set_weights(rv.Recurrent(neuron, len(layer.weight)), layer.weight)
        case LI():
            return rv.LI(tau_mem=TAU_MEM, input=rv.ImpulseInput())


def case(problem: Problem) -> TorchCase | TorchStream:
    network = rv.Sequential(*(part(layer) for layer in problem.layers), rate=None)
    if not problem.workload.streamed:
        return TorchCase(problem, network)
    return TorchStream(problem, network.stream().step, single=True)
