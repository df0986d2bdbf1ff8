"""Leaky integrate-and-fire with conductance-based synapses."""

import warnings
from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import maximum
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Capacitance, Conductance, Time, Voltage, ms, mV, nS, pF


class ConductanceLIF(Neuron):
    """Leaky integrate-and-fire neuron with excitatory and inhibitory conductances (COBA).

    c_mem dv/dt = g_leak (v_leak - v) + g_exc (v_exc - v) + g_inh (v_inh - v) + i;  tau_exc dg_exc/dt = -g_exc, tau_inh dg_inh/dt = -g_inh;
    spike where v >= v_threshold;  v <- v_reset.

    Input: impulses of conductance x [S], unscaled; x > 0 raises g_exc by x, x < 0 raises g_inh by -x. A conductance is never negative:
    inhibition comes from v_inh < v. They reach v from the next step on. Where both arrive at a neuron in one step, their sum x is all
    that it sees; a loop of one's own can raise both states (`state["g_exc"] += ...`). With `input=CurrentInput()`, a current i [A].
    Comparison: v >= v_threshold, after the step's dynamics. Order: decay, input, compare, reset (of v alone), in one step. The step is
    `ExponentialEuler`: v moves towards a mean of the reversal potentials and never beyond them, whatever the step and the conductance.
    Gradient through the reset: none, unless reset=ToValue(detach=False).

    Raises ValueError for v_reset at or above v_threshold; warns where v_inh lies above v_threshold, so that inhibition excites.

    Source: Vogels and Abbott (2005), "Signal propagation and logic gating in networks of integrate-and-fire neurons"; parameters of
    Brette et al. (2007), "Simulation of networks of spiking neurons", benchmark 1 (a refractory period of 5 ms: refractory=Clamp(5 * ms)).

    >>> import torch
    >>> int(ConductanceLIF()(torch.full((1000, 1, 1), 0.1e-9)).sum())    # 100 ms at 0.1 nS a step of 0.1 ms
    10
    """

    c_mem: Capacitance = parameter(200 * pF, positive=True)  # membrane capacitance
    g_leak: Conductance = parameter(10 * nS, positive=True)  # leak conductance
    tau_exc: Time = parameter(5 * ms, positive=True)  # time constant of the excitatory conductance
    tau_inh: Time = parameter(10 * ms, positive=True)  # time constant of the inhibitory conductance
    v_leak: Voltage = parameter(-60 * mV)  # leak reversal potential
    v_exc: Voltage = parameter(0.0)  # excitatory reversal potential
    v_inh: Voltage = parameter(-80 * mV)  # inhibitory reversal potential
    v_threshold: Voltage = parameter(-50 * mV)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(-60 * mV)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    g_exc: Conductance = state(0.0)  # excitatory conductance, [B, *N]
    g_inh: Conductance = state(0.0)  # inhibitory conductance, [B, *N]

    default_drive = ImpulseInput()
    default_dt = 0.1 * ms

    def dynamics(self, s: Any, i: Any) -> Any:
        synaptic = s.g_exc * (self.v_exc - s.v) + s.g_inh * (self.v_inh - s.v)
        return {
            "v": (self.g_leak * (self.v_leak - s.v) + synaptic + i) / self.c_mem,
            "g_exc": -s.g_exc / self.tau_exc,
            "g_inh": -s.g_inh / self.tau_inh,
        }

    def receive(self, s: Any, x: Conductance) -> Any:
        return {"g_exc": s.g_exc + maximum(x, 0), "g_inh": s.g_inh + maximum(-x, 0)}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses; warns of inhibition that excites."""
        super().validate()
        gap = torch.as_tensor(self.v_threshold) - torch.as_tensor(self.v_inh)
        if float(gap.detach().min()) < 0:
            warnings.warn(
                f"{type(self).__name__}: v_inh lies above v_threshold, so inhibition makes the neuron fire. Lower v_inh.",
                stacklevel=3,
            )
