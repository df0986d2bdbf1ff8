"""Adaptive leaky integrate-and-fire of the long short-term memory spiking network (LSNN)."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import exp
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimensionless, Resistance, Time, Voltage, ms


class ALIF(Neuron):
    """Adaptive leaky integrate-and-fire neuron of the LSNN, in the normalisation of 2018.

    tau_mem dv/dt = -v + r i;  b follows the spike train as a moving average, b <- rho b + (1 - rho) z with
    rho = exp(-dt/tau_adapt);  B = v_threshold + beta b;  spike where (v - B)/B >= 0;  v <- v - B.

    Input: a current i [A], scaled by r*(1 - exp(-dt/tau_mem)). Comparison: v >= B, with the decayed b; the surrogate sees (v - B)/B.
    Order: decay and input, compare, reset v by the adaptive threshold and raise b, in one step (the authors' code compares
    the old v: order=("fire", "integrate", "reset")). Gradient through the rise: yes; through the reset: none,
    unless reset=ToValue(detach=False).
    The e-prop paper of 2020 writes b <- rho b + z and scales beta by about 1.7*(1 - rho)/(1 - alpha): beta is not portable.

    Source: Bellec et al. (2018), "Long short-term memory and learning-to-learn in networks of spiking neurons",
    its main equations and the authors' code; the order of compare and reset is ours unless told.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_adapt: Time = parameter(200 * ms, positive=True)  # time constant of the adaptation
    r: Resistance = parameter(1.0)  # input resistance
    v_threshold: Voltage = parameter(1.0, positive=True)  # threshold at rest
    beta: Voltage = parameter(1.7, nonnegative=True)  # rise of the threshold for a neuron that fires in every step
    v: Voltage = state(0.0)  # membrane potential, [B, *N]
    b: Dimensionless = state(0.0)  # moving average of the spike train, [B, *N]

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"v": (-s.v + self.r * i) / self.tau_mem, "b": -s.b / self.tau_adapt}

    def threshold(self, s: Any) -> Any:
        barrier = self.v_threshold + self.beta * s.b
        return (s.v - barrier) / barrier

    def reset(self, s: Any) -> Any:
        return {"v": s.v - (self.v_threshold + self.beta * s.b), "b": s.b + 1 - exp(-self.dt / self.tau_adapt)}
