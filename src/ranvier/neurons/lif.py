"""Leaky integrate-and-fire."""

import math
from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Resistance, Time, Voltage, ms


class LIF(Neuron):
    """Leaky integrate-and-fire neuron.

    tau_mem dv/dt = -(v - v_leak) + r i;  spike where v >= v_threshold;  v <- v_reset.

    Input: a current i [A], scaled by r*(1 - exp(-dt/tau_mem)); with `input=ImpulseInput()` it is added to v [V] unscaled.
    Comparison: v >= v_threshold, after the step's decay and input. Order: decay and input, compare, reset, in one step.
    Gradient through the reset: none, unless reset=ToValue(detach=False).

    Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3; exact step as in Rotter and Diesmann (1999).

    >>> import torch
    >>> int(LIF(tau_mem=10e-3, dt=0.1e-3)(torch.full((240, 1, 1), 1.1)).sum())    # T = tau*ln(1.1/0.1) = 23.979 ms
    1
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # membrane time constant
    r: Resistance = parameter(1.0)  # input resistance
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"v": (self.v_leak - s.v + self.r * i) / self.tau_mem}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}

    @classmethod
    def from_beta(cls, beta: float, *, dt: float = 1 * ms, **options: Any) -> "LIF":
        """A LIF whose membrane keeps the share `beta` each step and adds its input unscaled: v <- beta*v + x.

        For users of snnTorch's `Leaky(beta)`; tau_mem = -dt/ln(beta).
        """
        if not 0 < beta < 1:
            raise ValueError(f"LIF.from_beta: beta must lie between 0 and 1, got {beta}. Use IF() for beta = 1.")
        return cls(tau_mem=-dt / math.log(beta), dt=dt, **{"input": ImpulseInput(), **options})
