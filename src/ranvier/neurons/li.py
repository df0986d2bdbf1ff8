"""Leaky integrator, the readout that does not fire."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.neurons.neuron import Neuron
from ranvier.units import Resistance, Time, Voltage, ms


class LI(Neuron):
    """Leaky integrator: a LIF without threshold. Its output is the membrane potential v [T, B, *N].

    tau_mem dv/dt = -(v - v_leak) + r i

    Input: a current i [A], scaled by r*(1 - exp(-dt/tau_mem)); with `input=ImpulseInput()` it is added to v [V] unscaled.
    There is no comparison and no reset. The output is v at the end of the step.

    Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"v": (self.v_leak - s.v + self.r * i) / self.tau_mem}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}
