"""Conductance-based synapse with a reversal potential."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import maximum
from ranvier.synapses.synapse import Synapse
from ranvier.units import Conductance, Current, Time, Voltage, ms, mV


class ConductanceSynapse(Synapse):
    """Conductance-based synapse: a spike of weight x opens a conductance x exp(-t/tau), whose current pulls v to v_rev.

    i = g (v_rev - v);  tau dg/dt = -g;  an input x > 0 raises g by x.

    Input: impulses added to g [S], after the decay of the step. A conductance is never negative: inhibition is a synapse whose v_rev lies
    below v. Behind a layer x is a sum of signed weights, which training moves through 0: a sum below 0 opens nothing and has no gradient, on
    every backend. In a `Network` a weight is one synapse's own, and `build` refuses those below 0. Output: the current i [A] into the neuron at
    the end of the step, [T, B, *N]; it is linear in g for a given v.

    v is the postsynaptic potential, a state: it stays at `v_hold`, as in a voltage clamp, unless a loop of one's own writes it. With
    `ConductanceSynapse.onto(LIF)` it is the membrane of that neuron, and the step is `ExponentialEuler`: v then stays between the leak and
    v_rev for any conductance. A neuron with excitation and inhibition is `ConductanceLIF`.

    Raises ValueError for tau <= 0 and for dt > tau.

    Source: Dayan and Abbott (2001), Theoretical Neuroscience, section 5.8; Gerstner et al., Neuronal Dynamics (2014), section 3.1.

    >>> import torch
    >>> synapse = ConductanceSynapse(v_rev=0.0, v_hold=-0.065)
    >>> round(synapse(torch.full((1, 1, 1), 1e-9)).item() * 1e12)    # 1 nS at 65 mV: 65 pA
    65
    """

    tau: Time = parameter(5 * ms, positive=True)  # synaptic time constant
    v_rev: Voltage = parameter(0.0)  # reversal potential: 0 excites, -70 mV and below inhibits
    v_hold: Voltage = parameter(-65 * mV)  # postsynaptic potential where nothing else says it
    g: Conductance = state(0.0)  # conductance, [B, *N]
    v: Voltage = state("v_hold")  # postsynaptic potential, [B, *N]

    membrane = "g"

    def dynamics(self, s: Any) -> Any:
        return {"g": -s.g / self.tau, "v": 0}

    def receive(self, s: Any, x: Conductance) -> Any:
        return {"g": s.g + maximum(x, 0)}

    def output(self, s: Any) -> Current:
        return s.g * (self.v_rev - s.v)
