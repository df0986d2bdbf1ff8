"""Leaky integrate-and-fire with conductance-based synapses."""

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import maximum
from ranvier.equations.options import BlockInput, ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Run, State
from ranvier.units import Capacitance, Conductance, Time, Voltage, ms, mV, nS, pF


class ConductanceLIF(Neuron):
    """Leaky integrate-and-fire neuron with excitatory and inhibitory conductances (COBA).

    c_mem dv/dt = g_leak (v_leak - v) + g_exc (v_exc - v) + g_inh (v_inh - v) + i;  tau_exc dg_exc/dt = -g_exc, tau_inh dg_inh/dt = -g_inh;
    spike where v >= v_threshold;  v <- v_reset.

    Input: impulses of conductance x [S], unscaled; x > 0 raises g_exc by x, x < 0 raises g_inh by -x. A conductance is never negative:
    inhibition comes from v_inh < v. They reach v from the next step on. Where both arrive at a neuron in one step, their sum x is all
    that it sees: so it is behind one layer of signed weights. `run_ports(excitatory, inhibitory)` has an input for each, and both count.
    With `input=CurrentInput()`, a current i [A].
    Comparison: v >= v_threshold, after the step's dynamics. Order: decay, input, compare, reset (of v alone), in one step. The step is
    `ExponentialEuler`: v moves towards a mean of the reversal potentials and never beyond them, whatever the step and the conductance.
    Gradient through the reset: none, unless reset=ToValue(detach=False).

    It is `ConductanceSynapse(tau=tau_exc, v_rev=v_exc)` and `ConductanceSynapse(tau=tau_inh, v_rev=v_inh)` on the membrane of a LIF with
    tau_mem = c_mem/g_leak and r = 1/g_leak, in one model.

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

    def run_ports(
        self, excitatory: Tensor, inhibitory: Tensor, state: State | None = None, record: Sequence[str] = ()
    ) -> Run:
        """As `run`, with an input of its own for each conductance: impulses >= 0 that raise g_exc and g_inh, [T, B, *N] each.

        Stretches of time in which no neuron gets both in one step are one run of signed impulses each; what such a step has besides is added
        to g_inh behind it, since a conductance reaches the membrane in the step after. So it is exact, and slower the more often both meet.

        Raises ValueError for an input below 0, for inputs of different shapes, and for a neuron with `input=CurrentInput()` or
        `refractory=BlockInput(...)`.

        >>> import torch
        >>> both = torch.full((1, 1, 1), 1e-9)
        >>> sorted(k for k, g in ConductanceLIF().run_ports(both, both).state.items() if g.item() > 0)
        ['g_exc', 'g_inh']
        """
        name = type(self).__name__
        if not isinstance(self.options.drive, ImpulseInput) or isinstance(self.options.refractory, BlockInput):
            raise ValueError(
                f"{name}.run_ports: ports take impulses, and all of them; got input={self.options.drive}, refractory={self.options.refractory}. "
                "Write input=ImpulseInput() and refractory=Clamp(2 * ms)."
            )
        for port, x in (("excitatory", excitatory), ("inhibitory", inhibitory)):
            self._check_input(x)
            if not bool((x >= 0).all()):
                raise ValueError(
                    f"{name}.run_ports: {port} impulses open conductances and must be >= 0, got a minimum of {float(x.min()):g} S. "
                    "Give each port its own, without sign."
                )
        if excitatory.shape != inhibitory.shape:
            raise ValueError(
                f"{name}.run_ports: excitatory has shape {tuple(excitatory.shape)}, inhibitory {tuple(inhibitory.shape)}. "
                "Both must be [T, B, *N] of the same neurons."
            )
        both = (excitatory > 0) & (inhibitory > 0)
        late = torch.where(both, inhibitory, 0)  # of the steps in which both meet
        x = excitatory - (inhibitory - late)
        ends = [int(t) + 1 for t in both.flatten(1).any(1).nonzero().flatten()]
        parts: list[Run] = []
        for first, last in pairwise(sorted({0, *ends, len(x)})):
            done = self.run(x[first:last], state, record)
            raised = done.state["g_inh"] + late[last - 1]
            state = {**done.state, "g_inh": raised}
            records = dict(done.records)
            if "g_inh" in records:
                records["g_inh"] = torch.cat([records["g_inh"][:-1], raised.unsqueeze(0)])
            parts.append(Run(done.output, state, records))
        return Run(
            torch.cat([part.output for part in parts]),
            state,
            {key: torch.cat([part.records[key] for part in parts]) for key in record},
        )

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses; warns of inhibition that excites."""
        super().validate()
        gap = torch.as_tensor(self.v_threshold) - torch.as_tensor(self.v_inh)
        if float(gap.detach().min()) < 0:
            warnings.warn(
                f"{type(self).__name__}: v_inh lies above v_threshold, so inhibition makes the neuron fire. Lower v_inh.",
                stacklevel=3,
            )
