"""Reward-modulated STDP from policy gradients, without and with eligibility."""

import math
from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.rule import Rule, modulator, trace
from ranvier.units import Time, ms


class MSTDP(Rule):
    """Modulated STDP: each pair changes the weight by the reward that there is in its step.

    dw = gamma r zeta;  zeta = a_plus x at a postsynaptic spike, -a_minus y at a presynaptic one.

    r is a modulator that by default stays as it is: `Network.reward(1)` adds 1 for good, `reward(-1, at=...)` ends it; a finite tau_r makes it decay.

    Source: Florian (2007), "Reinforcement learning through modulation of spike-timing-dependent synaptic plasticity", Neural Computation 19, eq. 4.
    """

    tau_plus: Time = parameter(20 * ms, positive=True)  # of x
    tau_minus: Time = parameter(20 * ms, positive=True)  # of y
    tau_r: Time = parameter(math.inf, positive=True)  # of the reward
    a_plus: float = parameter(1.0)  # potentiation of a pair without distance
    a_minus: float = parameter(1.0)  # depression of a pair without distance
    gamma: float = parameter(0.01)  # learning rate
    x: float = trace("tau_plus")  # of presynaptic spikes
    y: float = trace("tau_minus")  # of postsynaptic spikes
    zeta: float = trace("tau_plus")  # what the pairs of this step ask for
    r: float = modulator("tau_r")  # reward

    def on_pre(self, s: Any) -> Any:
        return {"zeta": s.zeta - self.a_minus * s.y, "x": s.x + 1}

    def on_post(self, s: Any) -> Any:
        return {"zeta": s.zeta + self.a_plus * s.x, "y": s.y + 1}

    def each_step(self, s: Any, post: Any) -> Any:
        return {"w": s.w + self.gamma * s.r * s.zeta, "zeta": 0}


class MSTDPET(Rule):
    """Modulated STDP with eligibility trace: as `MSTDP`, but pairs are remembered with tau_z.

    tau_z dz/dt = -z + zeta;  dw/dt = gamma r z.  z is in 1/s: a pair adds zeta / tau_z. Pairs of a step count in the same step.

    Source: Florian (2007), eq. 5-6.
    """

    tau_plus: Time = parameter(20 * ms, positive=True)  # of x
    tau_minus: Time = parameter(20 * ms, positive=True)  # of y
    tau_z: Time = parameter(25 * ms, positive=True)  # of eligibility
    tau_r: Time = parameter(math.inf, positive=True)  # of the reward
    a_plus: float = parameter(1.0)  # potentiation of a pair without distance
    a_minus: float = parameter(1.0)  # depression of a pair without distance
    gamma: float = parameter(0.01)  # learning rate
    x: float = trace("tau_plus")  # of presynaptic spikes
    y: float = trace("tau_minus")  # of postsynaptic spikes
    z: float = trace("tau_z")  # eligibility
    r: float = modulator("tau_r")  # reward

    def on_pre(self, s: Any) -> Any:
        return {"z": s.z - self.a_minus * s.y / self.tau_z, "x": s.x + 1}

    def on_post(self, s: Any) -> Any:
        return {"z": s.z + self.a_plus * s.x / self.tau_z, "y": s.y + 1}

    def each_step(self, s: Any, post: Any) -> Any:
        return {"w": s.w + self.gamma * self.dt * s.r * s.z}
