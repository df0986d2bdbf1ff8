"""The neurons of Diehl and Cook: conductances, and a threshold that keeps each neuron from winning always."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import Clamp
from ranvier.neurons.conductance_lif import ConductanceLIF
from ranvier.units import Capacitance, Conductance, Time, Voltage, ms, mV, nS, pF


class DiehlCookLIF(ConductanceLIF):
    """Leaky integrate-and-fire neuron with conductances and a threshold that rises with each spike and hardly falls (homeostasis).

    As `ConductanceLIF`, with  spike where v >= v_threshold - offset + theta;  theta <- theta + jump at a spike;
    tau_theta dtheta/dt = -theta;  theta starts at `offset`.

    `excitatory()` and `inhibitory()` are the two populations of the paper: rest -65 and -60 mV, reset -65 and -45, threshold -52 and -40, membrane
    time constant 100 and 10 ms, inhibitory reversal potential -100 and -85 mV, 5 and 2 ms of rest after a spike; theta in the first alone.
    The class itself is the excitatory one without its refractory period.

    Input: impulses of conductance x [S], x > 0 excitatory and x < 0 inhibitory; `run_ports` takes both at once. The paper's weights are
    multiples of the leak conductance: times g_leak. Comparison, order and gradients are those of `ConductanceLIF`; gradient through the rise
    of theta: yes.

    theta decays by 5e-8 of itself in a step of 0.5 ms, which float32 cannot hold (its finest step below 1 is 6e-8): let it learn in float64. To test
    with the threshold as it was learned, begin with the state's theta and jump=0. A theta that grows without end is a dead neuron.

    Raises ValueError for a negative jump, and what `ConductanceLIF` raises.

    Source: Diehl and Cook (2015), "Unsupervised learning of digit recognition using spike-timing-dependent plasticity", Frontiers in
    Computational Neuroscience 9; numbers as given in the authors' code, which the paper does not print in full.

    >>> DiehlCookLIF.inhibitory().jump, DiehlCookLIF.excitatory().options.refractory
    (0.0, Clamp(duration=0.005))
    """

    c_mem: Capacitance = parameter(100 * pF, positive=True)  # membrane capacitance: 100 ms with g_leak
    g_leak: Conductance = parameter(1 * nS, positive=True)  # leak conductance, the unit of the paper's weights
    tau_exc: Time = parameter(1 * ms, positive=True)  # time constant of the excitatory conductance
    tau_inh: Time = parameter(2 * ms, positive=True)  # time constant of the inhibitory conductance
    tau_theta: Time = parameter(1e7 * ms, positive=True)  # time constant of the threshold
    v_leak: Voltage = parameter(-65 * mV)  # leak reversal potential
    v_inh: Voltage = parameter(-100 * mV)  # inhibitory reversal potential
    v_threshold: Voltage = parameter(-52 * mV)  # threshold at the start
    v_reset: Voltage = parameter(-65 * mV)  # value after a spike
    offset: Voltage = parameter(20 * mV)  # where theta starts, and what is taken off it
    jump: Voltage = parameter(0.05 * mV, nonnegative=True)  # rise of theta at a spike
    theta: Voltage = state("offset")  # threshold above v_threshold - offset, [B, *N]

    default_dt = 0.5 * ms

    def dynamics(self, s: Any, i: Any) -> Any:
        return {**ConductanceLIF.dynamics(self, s, i), "theta": -s.theta / self.tau_theta}

    def threshold(self, s: Any) -> Any:
        return s.v - (self.v_threshold - self.offset + s.theta)

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset, "theta": s.theta + self.jump}

    @classmethod
    def excitatory(cls, **options: Any) -> "DiehlCookLIF":
        """A neuron of the excitatory population, with 5 ms of rest after a spike. options: as for any neuron."""
        return cls(**{"refractory": Clamp(5 * ms), **options})

    @classmethod
    def inhibitory(cls, **options: Any) -> "DiehlCookLIF":
        """A neuron of the inhibitory population, whose threshold stays. options: as for any neuron."""
        own = {"v_leak": -60 * mV, "v_reset": -45 * mV, "v_threshold": -40 * mV, "v_inh": -85 * mV, "c_mem": 10 * pF}
        return cls(**{**own, "offset": 0.0, "jump": 0.0, "refractory": Clamp(2 * ms), **options})
