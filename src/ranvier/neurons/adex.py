"""Adaptive exponential integrate-and-fire."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import exp, minimum
from ranvier.neurons.eif import check_upswing
from ranvier.neurons.neuron import Neuron
from ranvier.units import Capacitance, Conductance, Current, Time, Voltage, ms, mV, nS, pA, pF


class AdEx(Neuron):
    """Adaptive exponential integrate-and-fire neuron.

    c_mem dv/dt = -g_leak (v - v_leak) + g_leak delta_t exp((v - v_t)/delta_t) - w + i;  tau_w dw/dt = a (v - v_leak) - w;
    spike where v >= v_peak;  v <- v_reset, w <- w + b.

    Input: a current i [A], divided by c_mem; with `input=ImpulseInput()` a jump of v [V], unscaled. Comparison: v >= v_peak, after
    the step's dynamics. Order: dynamics and input, compare, reset v and raise w, in one step. Above v_peak the right-hand sides are held,
    so that no stage of an integrator overflows or carries the upswing into w. Gradient through the jump of w: yes; through the reset of v:
    none, unless reset=ToValue(detach=False).

    Rheobase: (g_leak + a)(v_t - v_leak - delta_t + delta_t ln(1 + a/g_leak)) where a/g_leak < tau_m/tau_w, tau_m = c_mem/g_leak (Touboul and
    Brette 2008). v_reset may lie above v_t: the neuron then bursts.
    Raises ValueError for v_reset at or above v_peak, and where exp((v_peak - v_t)/delta_t) would overflow.

    Source: Brette and Gerstner (2005), "Adaptive exponential integrate-and-fire model as an effective description of neuronal
    activity", and its default parameters; Naud et al. (2008), "Firing patterns in the adaptive exponential integrate-and-fire
    model".

    >>> import torch
    >>> int(AdEx()(torch.full((1000, 1, 1), 1e-9, dtype=torch.float64)).sum())    # 100 ms at 1 nA
    5
    """

    c_mem: Capacitance = parameter(281 * pF, positive=True)  # membrane capacitance
    g_leak: Conductance = parameter(30 * nS, positive=True)  # leak conductance
    v_leak: Voltage = parameter(-70.6 * mV)  # leak reversal potential
    v_t: Voltage = parameter(-50.4 * mV)  # where a slow depolarisation starts a spike
    delta_t: Voltage = parameter(2 * mV, positive=True)  # sharpness of its start
    tau_w: Time = parameter(144 * ms, positive=True)  # time constant of the adaptation
    a: Conductance = parameter(4 * nS)  # adaptation to the membrane
    b: Current = parameter(80.5 * pA)  # adaptation to a spike
    v_peak: Voltage = parameter(20 * mV)  # fires when v >= v_peak
    v_reset: Voltage = parameter(-70.6 * mV)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    w: Current = state(0.0)  # adaptation current, [B, *N]

    default_dt = 0.1 * ms

    def dynamics(self, s: Any, i: Any) -> Any:
        v = minimum(s.v, self.v_peak)
        upswing = self.g_leak * self.delta_t * exp((v - self.v_t) / self.delta_t)
        return {
            "v": (self.g_leak * (self.v_leak - v) + upswing - s.w + i) / self.c_mem,
            "w": (self.a * (v - self.v_leak) - s.w) / self.tau_w,
        }

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_peak

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset, "w": s.w + self.b}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, and an exponential that overflows before v_peak."""
        super().validate()
        check_upswing(type(self).__name__, self.v_t, self.delta_t, self.v_peak)
