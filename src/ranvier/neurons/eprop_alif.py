"""Adaptive leaky integrate-and-fire in the normalisation of e-prop (2020)."""

import math
from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimensionless, Time, Voltage, ms


class EPropALIF(Neuron):
    """Adaptive leaky integrate-and-fire neuron of the e-prop paper, where a spike raises the adaptation by one.

    v <- alpha v + x with alpha = exp(-dt/tau_mem);  b <- rho b + z with rho = exp(-dt/tau_adapt);  A = v_threshold + beta b;
    spike where (v - A)/v_threshold >= 0;  v <- v - v_threshold, by the baseline and not by A.

    `ALIF` is the same neuron in the normalisation of 2018: b is an average (its jump is 1 - rho), input is scaled by 1 - alpha, the
    reset is by A. beta is not portable between the two: `beta_of_2018` converts it. A class, not a flag, so that they cannot be mixed.

    Input: impulses added to v [V], unscaled, after its decay. Comparison: v >= A, with the decayed b; the surrogate sees
    (v - A)/v_threshold. Order: decay and input, compare, reset v and raise b, in one step; the paper subtracts in the step after:
    order=("integrate", "reset", "fire"). Gradient through the rise: yes; through the reset: none, unless reset=ToValue(detach=False).

    Source: Bellec et al. (2020), "A solution to the learning dilemma for recurrent networks of spiking neurons", Nature Communications 11, methods.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_adapt: Time = parameter(2000 * ms, positive=True)  # time constant of the adaptation
    v_threshold: Voltage = parameter(0.6, positive=True)  # threshold at rest
    beta: Voltage = parameter(0.0174, nonnegative=True)  # rise of the threshold at a spike
    v: Voltage = state(0.0)  # membrane potential, [B, *N]
    b: Dimensionless = state(0.0)  # spikes, each forgotten with tau_adapt, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"v": -s.v / self.tau_mem, "b": -s.b / self.tau_adapt}

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return (s.v - self.v_threshold - self.beta * s.b) / self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": s.v - self.v_threshold, "b": s.b + 1}

    @staticmethod
    def beta_of_2018(beta: float, *, tau_mem: float, tau_adapt: float, dt: float = 1 * ms) -> float:
        """The beta that raises this threshold, whose membrane is not scaled by 1 - alpha, as `ALIF(beta=...)` raises its own.

        beta (1 - rho)/(1 - alpha): 0.0174 for 1.7 with 20 ms, 2 s and 1 ms. The threshold at rest scales by 1/(1 - alpha).
        """
        return beta * math.expm1(-dt / tau_adapt) / math.expm1(-dt / tau_mem)
