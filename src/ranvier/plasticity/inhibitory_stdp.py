"""Plasticity of inhibitory synapses that balances excitation."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Frequency, Hz, Time, ms


class InhibitorySTDP(Rule):
    """Inhibitory plasticity: near coincidences strengthen, lone presynaptic spikes weaken, until the postsynaptic neuron fires at `rate`.

    With the strength W = sign * w: at a presynaptic spike  W <- W + eta (y - 2 rate tau);  at a postsynaptic spike  W <- W + eta x.

    x, y are traces of pre- and postsynaptic spikes, both with tau. sign -1, the default, is for weights below zero (w_min -1, w_max 0), as of impulses that
    lower a potential; +1 for weights above zero, as of a synapse with an inhibitory reversal potential; give it w_min and w_max.

    Raises ValueError for another sign and for bounds on the other side of zero.

    Source: Vogels, Sprekeler, Zenke, Clopath and Gerstner (2011), "Inhibitory plasticity balances excitation and inhibition in sensory pathways and memory
    networks", Science 334, methods: alpha = 2 rho_0 tau.
    """

    tau: Time = parameter(20 * ms, positive=True)  # of both traces
    eta: float = parameter(0.01, nonnegative=True)  # learning rate, in units of the weight
    rate: Frequency = parameter(5 * Hz, nonnegative=True)  # that the postsynaptic neuron is led to
    sign: float = parameter(-1.0)  # of the weights
    w_min: float = parameter(-1.0)  # lower bound of the weight
    w_max: float = parameter(0.0)  # upper bound of the weight
    x: float = trace("tau")  # of presynaptic spikes
    y: float = trace("tau")  # of postsynaptic spikes

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w + self.sign * self.eta * (s.y - 2 * self.rate * self.tau), "x": s.x + 1}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + self.sign * self.eta * s.x, "y": s.y + 1}

    def validate(self) -> None:
        if self.sign not in (-1, 1):
            raise ValueError(
                f"InhibitorySTDP: sign must be -1 or 1, got {self.sign:g}. Write sign=-1 for weights below zero."
            )
        if (self.w_max > 0) if self.sign < 0 else (self.w_min < 0):
            want = "w_max=0" if self.sign < 0 else "w_min=0, w_max=1"
            raise ValueError(
                f"InhibitorySTDP: weights of sign {self.sign:g} cannot lie in [{self.w_min:g}, {self.w_max:g}]. Write {want}."
            )
