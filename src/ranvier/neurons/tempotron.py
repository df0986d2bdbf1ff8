"""Tempotron: one decision, spike or none."""

from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.kinetics import rise_and_decay
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimensionless, Time, Voltage, ms


class Tempotron(Neuron):
    """Tempotron: it sums kernels of peak 1, fires once at the most, and shunts all input that comes after its spike.

    v(t) = v_leak + sum_j w_j sum_f K(t - t_j^f),  K(u) = V0 (exp(-u/tau_mem) - exp(-u/tau_syn)), with V0 such that the peak of K is 1: 2.1165
    for tau_mem = 4 tau_syn. Spike where v >= v_threshold for the first time; from then on input is lost and v decays to rest.

    As equations: dv/dt = -(v - v_leak)/tau_mem + gain s;  ds/dt = -s/tau_syn;  an input x raises s by x (1 - shut);  a spike sets shut to 1.
    Nothing divides by tau_mem - tau_syn: for equal time constants K is u/tau exp(1 - u/tau).

    Input: impulses x added to s [V]; they reach v from the next step on. Comparison: v >= v_threshold, after the decay of the step. Order:
    decay, input, compare, shut, in one step: the input of the spike's own step still counts. There is no reset of v, so none has a gradient.
    Whether it fired is the sum of its output over time. The learning rule moves weights by K(t_max - t_f), t_max the time of the largest v.

    Source: as given in Guetig and Sompolinsky (2006), "The tempotron: a neuron that learns spike timing-based decisions", Nature
    Neuroscience 9; its time constants, 15 ms and 3.75 ms, are the defaults.

    >>> import torch
    >>> x = torch.zeros(200, 1, 1)
    >>> x[[10, 12, 100, 102]] = 0.6
    >>> int(Tempotron()(x).sum())    # the second pair is shunted
    1
    """

    tau_mem: Time = parameter(15 * ms, positive=True)  # membrane time constant: decay of the kernel
    tau_syn: Time = parameter(3.75 * ms, positive=True)  # synaptic time constant: its rise
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    s: Voltage = state(0.0)  # what drives it, [B, *N]
    shut: Dimensionless = state(0.0)  # 1 from the spike on, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        v, drive = rise_and_decay(s.v - self.v_leak, s.s, self.tau_syn, self.tau_mem)
        return {"v": v, "s": drive, "shut": 0}

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"s": s.s + x * (1 - s.shut)}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"shut": 1}

    def rearm(self, s: Any) -> Any:
        return 0 * s.shut - 1  # never

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, and a threshold at or below rest."""
        super().validate()
        gap = torch.as_tensor(self.v_threshold) - torch.as_tensor(self.v_leak)
        if float(gap.detach().min()) <= 0:
            raise ValueError(
                f"{type(self).__name__}: v_threshold must lie above v_leak, or it fires without input. Write v_threshold=1.0 for v_leak=0."
            )
