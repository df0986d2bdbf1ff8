"""Reward-modulated plasticity with eligibility and dopamine."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.equations.functions import exp
from ranvier.plasticity.rule import Rule, modulator, trace
from ranvier.units import Time, ms


class RewardSTDP(Rule):
    """STDP writes into an eligibility trace, dopamine carries it into the weight: rewards may come a second late.

    dc/dt = -c/tau_c + STDP;  dw/dt = c d;  dd/dt = -d/tau_d + rewards.

    STDP: a_plus x at a postsynaptic spike, -a_minus y at a presynaptic one, x and y traces with tau_plus and tau_minus (all-to-all). d is the
    modulator: `Network.reward(amount)` adds to it. The integral of c d over a step is exact. What arrives more than about 3 tau_c after the spikes teaches
    nothing; where rewards are not zero on the mean, subtract their mean, or the mean of the STDP drifts into the weights (Fremaux et al. 2010).

    Source: Izhikevich (2007), "Solving the distal reward problem through linkage of STDP and dopamine signaling", Cerebral Cortex 17, eq. 1-3.
    """

    tau_plus: Time = parameter(20 * ms, positive=True)  # of potentiation
    tau_minus: Time = parameter(20 * ms, positive=True)  # of depression
    tau_c: Time = parameter(1000 * ms, positive=True)  # of eligibility
    tau_d: Time = parameter(200 * ms, positive=True)  # of dopamine
    a_plus: float = parameter(0.01)  # potentiation of a pair without distance
    a_minus: float = parameter(0.015)  # depression of a pair without distance
    x: float = trace("tau_plus")  # of presynaptic spikes
    y: float = trace("tau_minus")  # of postsynaptic spikes
    c: float = trace("tau_c")  # eligibility
    d: float = modulator("tau_d")  # dopamine

    def on_pre(self, s: Any) -> Any:
        return {"c": s.c - self.a_minus * s.y, "x": s.x + 1}

    def on_post(self, s: Any) -> Any:
        return {"c": s.c + self.a_plus * s.x, "y": s.y + 1}

    def each_step(self, s: Any, post: Any) -> Any:
        tau = 1 / (1 / self.tau_c + 1 / self.tau_d)  # of the product of two decays
        return {"w": s.w + s.c * s.d * (tau * (1 - exp(-self.dt / tau)))}
