"""Quadratic integrate-and-fire."""

from typing import Annotated, Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import minimum
from ranvier.neurons.neuron import Neuron
from ranvier.units import NAMED, Mohm, Resistance, Time, Voltage, ms, mV

PerVoltage = Annotated[Any, NAMED["dimensionless"] / NAMED["voltage"]]


class QIF(Neuron):
    """Quadratic integrate-and-fire neuron.

    tau_mem dv/dt = a_0 (v - v_leak)(v - v_critical) + r i;  spike where v >= v_peak;  v <- v_reset.

    Input: a current i [A], scaled by r; with `input=ImpulseInput()` it is added to v [V] unscaled. Comparison: v >= v_peak, after the
    step's dynamics. Order: dynamics and input, compare, reset, in one step. Above v_peak the parabola is held, so that no stage of an
    integrator runs away. Gradient through the reset: none, unless reset=ToValue(detach=False).

    Rheobase: r i = a_0 (v_critical - v_leak)^2/4. Above it, with w = v - (v_leak + v_critical)/2 and q^2 = (r i - rheobase)/a_0, the
    interval is tau_mem/(a_0 q) (atan(w_peak/q) - atan(w_reset/q)). With a_0 = 1/(v_critical - v_leak), the default, tau_mem is the time
    constant at rest. Raises ValueError for v_reset at or above v_peak.

    Source: Gerstner et al., Neuronal Dynamics (2014), section 5.3; Latham et al. (2000), "Intrinsic dynamics in neuronal networks".

    >>> import torch
    >>> int(QIF()(torch.full((1000, 1, 1), 0.2e-9, dtype=torch.float64)).sum())    # 100 ms at 0.2 nA: an interval of 19.1 ms
    5
    """

    tau_mem: Time = parameter(10 * ms, positive=True)  # membrane time constant
    r: Resistance = parameter(100 * Mohm)  # input resistance
    a_0: PerVoltage = parameter(1 / (15 * mV), positive=True)  # curvature
    v_leak: Voltage = parameter(-65 * mV)  # resting potential
    v_critical: Voltage = parameter(-50 * mV)  # from here on v runs away by itself
    v_peak: Voltage = parameter(0.0)  # fires when v >= v_peak
    v_reset: Voltage = parameter(-70 * mV)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    default_dt = 0.1 * ms

    def dynamics(self, s: Any, i: Any) -> Any:
        v = minimum(s.v, self.v_peak)
        return {"v": (self.a_0 * (v - self.v_leak) * (v - self.v_critical) + self.r * i) / self.tau_mem}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_peak

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}
