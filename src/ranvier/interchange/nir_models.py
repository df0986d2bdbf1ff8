"""Neurons of NIR that the zoo has not in this form: LI and LIF driven by charges, CubaLI and CubaLIF driven by a current, Threshold.

The zoo's `LIF` adds an impulse to v whole, without r; its `CubaLIF` takes impulses, where NIR's current is itself a leaky integral of the input
(Pedersen et al. 2024, table 1).
"""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Current, Dimensionless, Resistance, Time, Voltage, ms


class NIRLI(Neuron):
    """Leaky integrator that takes the charge of a step at its end. Its output is the membrane potential v [T, B, *N].

    tau_mem dv/dt = -(v - v_leak);  an input x of this step raises v by r x dt/tau_mem.

    Input: x [A], times the step, after the decay. There is no comparison and no reset. The output is v at the end of the step.

    Source: NIR's LI (Pedersen et al. 2024, table 1), as Sinabs and Rockpool step it.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"v": (self.v_leak - s.v) / self.tau_mem}

    def receive(self, s: Any, x: Current) -> Any:
        return {"v": s.v + self.r * x * self.dt / self.tau_mem}


class NIRLIF(Neuron):
    """Leaky integrate-and-fire neuron that takes the charge of a step at its end.

    tau_mem dv/dt = -(v - v_leak);  an input x of this step raises v by r x dt/tau_mem.  Spike where v >= v_threshold;  v <- v_reset.

    Input: x [A], times the step, after the decay. Comparison: v >= v_threshold (NIR says >), after the step's input. Order: decay, input,
    compare, reset, in one step. Gradient through the reset: none, unless reset=ToValue(detach=False).

    Source: NIR's LIF (Pedersen et al. 2024, table 1), as Sinabs and Rockpool step it.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"v": (self.v_leak - s.v) / self.tau_mem}

    def receive(self, s: Any, x: Current) -> Any:
        return {"v": s.v + self.r * x * self.dt / self.tau_mem}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}


class NIRCubaLI(Neuron):
    """Leaky integrator with an exponential synapse, as NIR's CubaLI. Its output is the membrane potential v [T, B, *N].

    tau_syn di/dt = -i + w_in x;  tau_mem dv/dt = -(v - v_leak) + r i

    Input: a current x [A], constant during the step. There is no comparison and no reset. The output is v at the end of the step.
    State i is declared first: with `integrator=SemiImplicitEuler()` v takes the current of this step.

    Source: J. E. Pedersen et al., Nature Communications 15, 8122 (2024), table 1.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_syn: Time = parameter(5 * ms, positive=True)  # synaptic time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    w_in: Dimensionless = parameter(1.0)  # weight of the input
    i: Current = state(0.0)  # synaptic current, [B, *N]
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    def dynamics(self, s: Any, x: Current) -> Any:
        return {"i": (self.w_in * x - s.i) / self.tau_syn, "v": (self.v_leak - s.v + self.r * s.i) / self.tau_mem}


class NIRCubaLIF(Neuron):
    """Leaky integrate-and-fire neuron with an exponential synapse, as NIR's CubaLIF.

    tau_syn di/dt = -i + w_in x;  tau_mem dv/dt = -(v - v_leak) + r i;  spike where v >= v_threshold;  v <- v_reset.

    Input: a current x [A], constant during the step. Comparison: v >= v_threshold (NIR says >, which `load_nir` asks for), after the
    step's input. Order: decay and input, compare, reset (of v alone), in one step. Gradient through the reset: none, unless
    reset=ToValue(detach=False). State i is declared first: with `integrator=SemiImplicitEuler()` v takes the current of this step, as in
    snnTorch's `Synaptic`.

    Source: J. E. Pedersen et al., Nature Communications 15, 8122 (2024), table 1.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    tau_syn: Time = parameter(5 * ms, positive=True)  # synaptic time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    w_in: Dimensionless = parameter(1.0)  # weight of the input
    i: Current = state(0.0)  # synaptic current, [B, *N]
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    def dynamics(self, s: Any, x: Current) -> Any:
        return {"i": (self.w_in * x - s.i) / self.tau_syn, "v": (self.v_leak - s.v + self.r * s.i) / self.tau_mem}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}


class NIRThreshold(Neuron):
    """A step function with a pseudo-derivative, as NIR's Threshold: a spike where the input exceeds v_threshold, and no memory.

    Input: the value v of this step itself. Comparison: v >= v_threshold (NIR says >). There is no reset.

    Source: J. E. Pedersen et al., Nature Communications 15, 8122 (2024), table 1.
    """

    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v: Voltage = state(0.0)  # the input of the last step, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"v": 0 * s.v / self.dt}

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"v": x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold
