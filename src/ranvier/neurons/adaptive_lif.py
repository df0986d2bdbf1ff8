"""Leaky integrate-and-fire with an adaptive threshold."""

import warnings
from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.neurons.neuron import Neuron
from ranvier.units import Resistance, Time, Voltage, ms


class AdaptiveLIF(Neuron):
    """Leaky integrate-and-fire neuron whose threshold rises with each spike (two-dimensional LIF).

    tau_mem dv/dt = -(v - v_leak) + r i;  tau_adapt db/dt = -b;  spike where v >= v_threshold + b;  v <- v_reset, b <- b + jump.

    Input: a current i [A] scaled by r*(1 - exp(-dt/tau_mem)), or impulses added to v. Comparison: with the decayed threshold,
    after the step's input. Order: decay and input, compare, reset v and raise b (the rise acts from the next step on).
    The threshold never falls below v_threshold. Gradient through the rise: yes; through the reset: none,
    unless reset=ToValue(detach=False).

    A threshold that hardly falls (tau_adapt of 1e7 steps and more, the homeostasis of Diehl and Cook 2015) decays in a step by less than float32
    can hold: let such a network run in float64. `DiehlCookLIF` is that neuron.

    Source: as given in the adaptive threshold example of Brian2 (Goodman's Cosyne tutorial), with any resting threshold.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_adapt: Time = parameter(100 * ms, positive=True)  # time constant of the threshold
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # threshold at rest
    v_reset: Voltage = parameter(0.0)  # value after a spike
    jump: Voltage = parameter(0.1, nonnegative=True)  # rise of the threshold at a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    b: Voltage = state(0.0)  # threshold above rest, [B, *N]

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"v": (self.v_leak - s.v + self.r * i) / self.tau_mem, "b": -s.b / self.tau_adapt}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - (self.v_threshold + s.b)

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset, "b": s.b + self.jump}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses; warns where the adaptation is too fast to be seen."""
        super().validate()
        slow, fast = (float(torch.as_tensor(v).detach().min()) for v in (self.tau_adapt, self.tau_mem))
        if slow < fast:
            warnings.warn(
                f"{type(self).__name__}: tau_adapt={slow:g} s is shorter than tau_mem={fast:g} s, so the adaptation is hardly visible.",
                stacklevel=3,
            )
