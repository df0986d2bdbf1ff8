"""Spike-timing-dependent plasticity of triplets of spikes."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Time, ms


class TripletSTDP(Rule):
    """Triplet STDP, all-to-all: potentiation grows with the postsynaptic rate, as in visual cortex.

    At a presynaptic spike: w <- w - o1 (a2_minus + a3_minus r2);  at a postsynaptic spike: w <- w + r1 (a2_plus + a3_plus o2). r1, r2 are
    traces of presynaptic spikes (tau_plus, tau_x), o1, o2 of postsynaptic ones (tau_minus, tau_y), read just before their own jumps. The
    defaults are the minimal model; the full one is a2_plus=5e-10, a3_plus=6.2e-3, a2_minus=7e-3, a3_minus=2.3e-4, tau_y=125 ms.

    Source: Pfister and Gerstner (2006), Journal of Neuroscience 26, eq. 2-4 and table 4.
    """

    tau_plus: Time = parameter(16.8 * ms, positive=True)  # of r1
    tau_x: Time = parameter(101 * ms, positive=True)  # of r2
    tau_minus: Time = parameter(33.7 * ms, positive=True)  # of o1
    tau_y: Time = parameter(114 * ms, positive=True)  # of o2
    a2_plus: float = parameter(0.0)  # potentiation of a pair
    a3_plus: float = parameter(6.5e-3)  # potentiation of a triplet
    a2_minus: float = parameter(7.1e-3)  # depression of a pair
    a3_minus: float = parameter(0.0)  # depression of a triplet
    r1: float = trace("tau_plus")
    r2: float = trace("tau_x")
    o1: float = trace("tau_minus")
    o2: float = trace("tau_y")

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - s.o1 * (self.a2_minus + self.a3_minus * s.r2), "r1": s.r1 + 1, "r2": s.r2 + 1}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + s.r1 * (self.a2_plus + self.a3_plus * s.o2), "o1": s.o1 + 1, "o2": s.o2 + 1}
