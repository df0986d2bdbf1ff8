"""Perfect integrate-and-fire."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Capacitance, Voltage


class IF(Neuron):
    """Perfect (non-leaky) integrate-and-fire neuron.

    c dv/dt = i;  spike where v >= v_threshold;  v <- v_reset.

    Input: impulses added to v [V] (default), or with `input=CurrentInput()` a current [A] scaled by dt/c.
    Comparison: v >= v_threshold, after the step's input. Order: input, compare, reset, in one step.
    Gradient through the reset: none, unless reset=ToValue(detach=False). A step has one spike at the most: what a reset by subtraction leaves
    above the threshold fires in the steps that follow.

    One spike a sample, as in convolutional networks that learn from spike times: IF(reset=NoReset(), refractory=BlockSpikes(1e6)), whose
    membrane goes on to sum.

    Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3 without leak.
    """

    c: Capacitance = parameter(1.0, positive=True)  # capacitance
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike, and at the start
    v: Voltage = state("v_reset")  # membrane potential, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"v": i / self.c}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}
