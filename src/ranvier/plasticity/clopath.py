"""Voltage-based plasticity."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.equations.functions import maximum
from ranvier.plasticity.rule import Post, Rule, trace
from ranvier.units import Time, Voltage, ms, mV


class Clopath(Rule):
    """Voltage-based STDP with homeostasis left out: the postsynaptic potential, not its spikes, decides.

    At a presynaptic spike  w <- w - a_ltd [u_minus - theta_minus]+;  all the time  dw/dt = a_ltp x [v - theta_plus]+ [u_plus - theta_minus]+.

    u_minus, u_plus follow the potential v with tau_minus, tau_plus; x is a trace of presynaptic spikes, tau_x, that jumps by 1/tau_x. [z]+ = max(z, 0).

    Neurons that reset, such as LIF and AdEx, do not draw their spikes. `spike` is what is missing, the area of a spike above v [V s]: it potentiates as
    that area would, by a_ltp x spike [u_plus - theta_minus]+ with u_plus from before, and moves u_minus and u_plus. Set it to 0 for a neuron that draws
    its own, as `HodgkinHuxley`. The default is 2 ms at 33 mV, over theta_plus.

    Raises ValueError where theta_minus does not lie below theta_plus, and for bounds at infinity: the rule is unstable without.

    Source: Clopath, Buesing, Vasilaki and Gerstner (2010), "Connectivity reflects coding: a model of voltage-based STDP with homeostasis", Nature
    Neuroscience 13, eq. 1-3 and table 1 (visual cortex).
    """

    tau_x: Time = parameter(15 * ms, positive=True)  # of x
    tau_minus: Time = parameter(10 * ms, positive=True)  # of u_minus
    tau_plus: Time = parameter(7 * ms, positive=True)  # of u_plus
    theta_minus: Voltage = parameter(-70.6 * mV)  # above it there is plasticity
    theta_plus: Voltage = parameter(-45.3 * mV)  # above it there is potentiation
    a_ltd: float = parameter(0.14, nonnegative=True)  # depression, 1/V
    a_ltp: float = parameter(80.0, nonnegative=True)  # potentiation, 1/V^2
    spike: float = parameter(2 * ms * (33 + 45.3) * mV, nonnegative=True)  # area of a spike that v does not show, V s
    x: float = trace("tau_x")  # of presynaptic spikes, 1/s
    u_minus: float = trace("tau_minus", rest=Post("v"))
    u_plus: float = trace("tau_plus", rest=Post("v"))

    def lifted(self, s: Any) -> Any:
        """How far u_plus lies above theta_minus."""
        return maximum(s.u_plus - self.theta_minus, 0)

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - self.a_ltd * maximum(s.u_minus - self.theta_minus, 0), "x": s.x + 1 / self.tau_x}

    def on_post(self, s: Any) -> Any:
        grown = s.w + self.a_ltp * s.x * self.spike * self.lifted(s)
        return {
            "w": grown,
            "u_minus": s.u_minus + self.spike / self.tau_minus,
            "u_plus": s.u_plus + self.spike / self.tau_plus,
        }

    def each_step(self, s: Any, post: Any) -> Any:
        return {"w": s.w + self.a_ltp * self.dt * s.x * maximum(post.v - self.theta_plus, 0) * self.lifted(s)}

    def validate(self) -> None:
        self._thresholds(self.theta_minus, self.theta_plus)
        self._bounded()
