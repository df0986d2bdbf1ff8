"""Second-order leaky integrate-and-fire in the discrete form of machine learning."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Current, Resistance, Time, Voltage, ms


class Synaptic(Neuron):
    """Second-order leaky integrate-and-fire: a synaptic current kicks the membrane in every step.

    i <- alpha i + x;  v <- v_leak + beta (v - v_leak) + r i, with the i of this step, alpha = exp(-dt/tau_syn), beta = exp(-dt/tau_mem).
    Spike where v >= v_threshold;  v <- v_reset.

    This is a recursion, not a differential equation: how far one impulse drives v depends on dt (by 1/((1 - alpha)(1 - beta))).
    `CubaLIF` is the neuron in continuous time, whose response does not.

    Input: impulses added to i [A] after its decay, unscaled; they reach v in the same step, through r. Comparison: v >= v_threshold,
    after the step's input. Order: decay, input, compare, reset (of v alone), in one step. The response to an impulse is
    r sum_k beta^(n - k) alpha^k; tau_mem = tau_syn is no special case. With `integrator=Euler()`: alpha = 1 - dt/tau_syn, beta alike.
    Gradient through the reset: none, unless reset=ToValue(detach=False).

    Source: Eshraghian et al. (2023), "Training spiking neural networks using lessons from deep learning"; Neftci, Mostafa and Zenke
    (2019), where the membrane takes the current of the step before.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_syn: Time = parameter(5 * ms, positive=True)  # synaptic time constant
    r: Resistance = parameter(1.0)  # kick of the membrane for a unit of current
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    i: Current = state(0.0)  # synaptic current, [B, *N]
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"i": -s.i / self.tau_syn, "v": (self.v_leak - s.v) / self.tau_mem}

    def receive(self, s: Any, x: Current) -> Any:
        return {"i": s.i + x, "v": s.v + self.r * (s.i + x)}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}
