"""Exponential integrate-and-fire."""

from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import exp, minimum
from ranvier.neurons.neuron import Neuron
from ranvier.units import Mohm, Resistance, Time, Voltage, ms, mV

STEEPEST = 50  # largest exponent: exp(50) squared is still a float32


class EIF(Neuron):
    """Exponential integrate-and-fire neuron.

    tau_mem dv/dt = -(v - v_leak) + delta_t exp((v - v_t)/delta_t) + r i;  spike where v >= v_peak;  v <- v_reset.

    Input: a current i [A], scaled by r; with `input=ImpulseInput()` it is added to v [V] unscaled. Comparison: v >= v_peak, after the
    step's dynamics. Order: dynamics and input, compare, reset, in one step. Above v_peak leak and exponential are held, so that no
    stage of an integrator overflows. Gradient through the reset: none, unless reset=ToValue(detach=False).

    Rheobase: r i = v_t - v_leak - delta_t. As delta_t goes to 0 the model becomes a LIF with threshold v_t.
    Raises ValueError for v_reset at or above v_peak, and where exp((v_peak - v_t)/delta_t) would overflow.

    Source: Fourcaud-Trocme et al. (2003), "How spike generation mechanisms determine the neuronal response to fluctuating inputs";
    Gerstner et al., Neuronal Dynamics (2014), section 5.2.

    >>> import torch
    >>> int(EIF()(torch.full((1000, 1, 1), 0.8e-9, dtype=torch.float64)).sum())    # 100 ms at twice the rheobase of 0.4 nA
    7
    """

    tau_mem: Time = parameter(12 * ms, positive=True)  # membrane time constant
    r: Resistance = parameter(20 * Mohm)  # input resistance
    v_leak: Voltage = parameter(-65 * mV)  # resting potential
    v_t: Voltage = parameter(-55 * mV)  # where a slow depolarisation starts a spike
    delta_t: Voltage = parameter(2 * mV, positive=True)  # sharpness of its start
    v_peak: Voltage = parameter(-30 * mV)  # fires when v >= v_peak
    v_reset: Voltage = parameter(-60 * mV)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    default_dt = 0.1 * ms

    def dynamics(self, s: Any, i: Any) -> Any:
        v = minimum(s.v, self.v_peak)
        upswing = self.delta_t * exp((v - self.v_t) / self.delta_t)
        return {"v": (self.v_leak - v + upswing + self.r * i) / self.tau_mem}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_peak

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, and an exponential that overflows before v_peak."""
        super().validate()
        check_upswing(type(self).__name__, self.v_t, self.delta_t, self.v_peak)


def check_upswing(name: str, v_t: Any, delta_t: Any, v_peak: Any) -> None:
    """Refuses an exponential that overflows before v_peak."""
    exponent = (torch.as_tensor(v_peak) - torch.as_tensor(v_t)) / torch.as_tensor(delta_t)
    if float(exponent.detach().max()) > STEEPEST:
        raise ValueError(
            f"{name}: (v_peak - v_t)/delta_t must not exceed {STEEPEST}, got {float(exponent.detach().max()):g}: the exponential overflows. "
            "Lower v_peak; from v_t + 10 * delta_t on, it hardly changes a spike's time."
        )
