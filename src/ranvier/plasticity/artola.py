"""The rule of Artola, Broecher and Singer."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.equations.functions import maximum
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Frequency, Hz, Time, Voltage, ms, mV


class ABS(Rule):
    """Artola-Broecher-Singer rule: a moderately depolarised neuron weakens its active synapses, a strongly depolarised one strengthens them.

    dw/dt = eta x phi(v);  phi(v) = -a [v - theta_minus]+ + b [v - theta_plus]+,  b > a.

    x is a trace of presynaptic spikes, tau_x, that jumps by 1: without them nothing changes. phi is 0 below theta_minus, negative from there to
    (b theta_plus - a theta_minus) / (b - a), and positive above. Both thresholds are fixed, other than in `BCM`. v: potential at the end of a step.

    Raises ValueError where theta_minus does not lie below theta_plus, where b does not exceed a (it would never potentiate), and for bounds at
    infinity: potential and weight drive each other.

    Source: Artola, Broecher and Singer (1990), Nature 347; Artola and Singer (1993), Trends in Neurosciences 16, figure 1.
    """

    tau_x: Time = parameter(15 * ms, positive=True)  # of x
    eta: Frequency = parameter(1 * Hz, nonnegative=True)  # learning rate
    theta_minus: Voltage = parameter(-60 * mV)  # above it synapses are weakened
    theta_plus: Voltage = parameter(-50 * mV)  # above it they are strengthened as well
    a: float = parameter(1 / (100 * mV), nonnegative=True)  # slope of weakening, 1/V
    b: float = parameter(3 / (100 * mV), nonnegative=True)  # slope of strengthening, 1/V
    x: float = trace("tau_x")  # of presynaptic spikes

    def phi(self, v: Any) -> Any:
        """Rate and direction of change at a potential."""
        return self.b * maximum(v - self.theta_plus, 0) - self.a * maximum(v - self.theta_minus, 0)

    def on_pre(self, s: Any) -> Any:
        return {"x": s.x + 1}

    def each_step(self, s: Any, post: Any) -> Any:
        return {"w": s.w + self.dt * self.eta * s.x * self.phi(post.v)}

    def validate(self) -> None:
        self._thresholds(self.theta_minus, self.theta_plus)
        self._bounded()
        if self.b <= self.a:
            raise ValueError(
                f"ABS: b must exceed a, or the rule never potentiates, got b={self.b:g} and a={self.a:g}. Write b={3 * self.a or 1:g}."
            )
