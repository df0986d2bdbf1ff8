"""Leaky integrate-and-fire with a current-based synapse."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Current, Resistance, Time, Voltage, ms


class CubaLIF(Neuron):
    """Leaky integrate-and-fire neuron with exponential current-based synapse (second-order LIF).

    tau_mem dv/dt = -(v - v_leak) + r i;  tau_syn di/dt = -i;  an input x raises i by x.  Spike where v >= v_threshold;  v <- v_reset.

    Input: impulses added to the synaptic current i [A]; they reach v from the next step on. Comparison: v >= v_threshold,
    after the decay of the step. Order: decay, input, compare, reset (of v alone), in one step. tau_mem = tau_syn is exact
    too: the step is a matrix exponential. Gradient through the reset: none, unless reset=ToValue(detach=False).

    Source: as given in Neftci, Mostafa and Zenke (2019), "Surrogate gradient learning in spiking neural networks"; exact step as in Rotter and
    Diesmann (1999), "Exact digital simulation of time-invariant linear systems with applications to neuronal modeling".
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_syn: Time = parameter(5 * ms, positive=True)  # synaptic time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    i: Current = state(0.0)  # synaptic current, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"v": (self.v_leak - s.v + self.r * s.i) / self.tau_mem, "i": -s.i / self.tau_syn}

    def receive(self, s: Any, x: Current) -> Any:
        return {"i": s.i + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}
