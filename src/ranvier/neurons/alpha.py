"""Alpha neuron: an impulse moves the membrane along a difference of exponentials."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Time, Voltage, ms


class Alpha(Neuron):
    """Alpha neuron: each impulse x moves the membrane by x tau_mem/(tau_mem - tau_syn) (exp(-t/tau_mem) - exp(-t/tau_syn)).

    tau_mem dv/dt = -(v - v_leak) + (tau_mem/tau_syn) s;  tau_syn ds/dt = -s;  an input x raises s by x.
    Spike where v >= v_threshold;  v <- v_reset.

    The charge of an impulse is fixed: a slow synapse spreads the kick of x that a LIF would take at once, and tau_syn -> 0 is that
    LIF. Nothing divides by tau_mem - tau_syn: for equal time constants the response is x t/tau exp(-t/tau), the alpha function.

    Input: impulses added to s [V]; they reach v from the next step on. Comparison: v >= v_threshold, after the decay of the step.
    Order: decay, input, compare, reset (of v alone), in one step. Gradient through the reset: none, unless reset=ToValue(detach=False).
    snnTorch's `Alpha` is this neuron where it does not reset; its reset to zero empties the synapse too.

    Source: Rall (1967), "Distinguishing theoretical synaptic potentials"; the kernel of Gerstner and Kistler (2002), chapter 4.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant: decay of the response
    tau_syn: Time = parameter(5 * ms, positive=True)  # synaptic time constant: its rise
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    s: Voltage = state(0.0)  # synaptic trace, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"v": (self.v_leak - s.v) / self.tau_mem + s.s / self.tau_syn, "s": -s.s / self.tau_syn}

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"s": s.s + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}
