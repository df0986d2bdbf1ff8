"""NMDA synapse with magnesium block."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import exp, maximum
from ranvier.neurons.kinetics import rise_and_decay
from ranvier.synapses.synapse import Synapse
from ranvier.units import Conductance, Current, Dimensionless, Time, Voltage, ms, mV


class NMDASynapse(Synapse):
    """NMDA synapse: a slow conductance that magnesium blocks at rest and depolarisation frees.

    i = g B(v) (v_rev - v);  B(v) = 1/(1 + exp(-0.062 v/mV) magnesium/3.57);
    dg/dt = -g/tau_decay + gain rise;  d(rise)/dt = -rise/tau_rise;  an input x > 0 raises rise by x.

    Alone, a spike of weight x opens a difference of exponentials with peak x, as in `DoubleExponentialSynapse`. With 1 mM of magnesium the
    factor B is 0.78 at 0 mV, 0.5 at -20.5 mV, 0.06 at -65 mV; without magnesium it is 1.

    Input: impulses added to rise [S], after the decay of the step; they reach g from the next step on. An input below 0 opens nothing, as in
    `ConductanceSynapse`. Output: the current i [A] into the neuron at the end of the step, [T, B, *N].

    v is the postsynaptic potential, a state: it stays at `v_hold`, as in a voltage clamp, unless a loop of one's own writes it. With
    `NMDASynapse.onto(LIF)` it is the membrane of that neuron, and the step is `RungeKutta4`, since B bends the equation of v: it is stable for
    dt (1 + r g) < 2.7 tau_mem alone, half a microsiemens for 100 Mohm, 20 ms and 1 ms. Weights before it are scaled on a trial of 60 steps, in
    which a conductance of 100 ms does not settle: a longer run fires about three times as often, and `Sequential.calibrate(x)` sets the rate.
    There is no saturation: conductances of spikes add up.

    Raises ValueError for time constants <= 0, dt above one of them, and magnesium < 0.

    Source: Jahr and Stevens (1990), "Voltage dependence of NMDA-activated macroscopic conductances predicted by single-channel kinetics",
    Journal of Neuroscience 10; time constants of Wang (1999), "Synaptic basis of cortical persistent activity", Journal of Neuroscience 19.

    >>> [round(NMDASynapse().block(v), 4) for v in (-0.065, 0.0)]
    [0.0597, 0.7812]
    """

    tau_rise: Time = parameter(2 * ms, positive=True)  # rise time constant
    tau_decay: Time = parameter(100 * ms, positive=True)  # decay time constant
    v_rev: Voltage = parameter(0.0)  # reversal potential
    magnesium: Dimensionless = parameter(1.0, nonnegative=True)  # concentration outside of the cell [mM]
    v_hold: Voltage = parameter(-65 * mV)  # postsynaptic potential where nothing else says it
    g: Conductance = state(0.0)  # conductance without the block, [B, *N]
    rise: Conductance = state(0.0)  # what drives it, [B, *N]
    v: Voltage = state("v_hold")  # postsynaptic potential, [B, *N]

    membrane = "g"
    width: Voltage = 1 * mV / 0.062  # depolarisation that frees e times as much
    half_block: Dimensionless = 3.57  # magnesium that blocks half at 0 mV [mM]

    def block(self, v: Any) -> Any:
        """The share B(v) that magnesium leaves open at a potential v [V]."""
        return 1 / (1 + exp(-v / self.width) * self.magnesium / self.half_block)

    def dynamics(self, s: Any) -> Any:
        g, rise = rise_and_decay(s.g, s.rise, self.tau_rise, self.tau_decay)
        return {"g": g, "rise": rise, "v": 0}

    def receive(self, s: Any, x: Conductance) -> Any:
        return {"rise": s.rise + maximum(x, 0)}

    def output(self, s: Any) -> Current:
        return s.g * self.block(s.v) * (self.v_rev - s.v)
