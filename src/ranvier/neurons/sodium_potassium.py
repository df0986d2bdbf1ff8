"""What neurons with the currents of Hodgkin and Huxley share; a model adds its numbers and its rates."""

from typing import Any

import torch

from ranvier.equations.declaration import ModelError, state
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimensionless, Frequency, Voltage, ms, mV

LONGEST_STEP = 0.1 * ms


class SodiumPotassium(Neuron, abstract=True):
    """Base of models with sodium, potassium and leak currents and the gates m, h, n.

    A subclass declares the parameters below; `dynamics`, which is `flow` with the dimension of its input; `rates(v)`, gate -> opening and
    closing rate [1/s]; and `start()`, the potential at which v starts, with its gates settled there. A spike is an upward crossing of
    v_threshold, and none follows before v has come down to v_rearm.

    Raises ValueError for dt > 0.1 ms, and for v_rearm at or above v_threshold; `ModelError` for a model without `rates` or `start`.
    """

    c_mem: Any  # membrane capacitance
    g_na: Any  # largest sodium conductance
    g_k: Any  # largest potassium conductance
    g_leak: Any  # leak conductance
    e_na: Any  # sodium reversal potential
    e_k: Any  # potassium reversal potential
    e_leak: Any  # leak reversal potential
    v_threshold: Any  # a spike is its upward crossing
    v_rearm: Any  # v must come down to it before the next spike
    v: Voltage = state("start")  # membrane potential, [B, *N]
    m: Dimensionless = state("m_start")  # sodium activation, [B, *N]
    h: Dimensionless = state("h_start")  # sodium inactivation, [B, *N]
    n: Dimensionless = state("n_start")  # potassium activation, [B, *N]

    unit: Voltage = 1 * mV
    pace: Frequency = 1 / ms

    def rates(self, v: Any) -> Any:
        """Opening and closing rate of each gate [1/s] at a potential v."""
        raise ModelError(
            "A model of sodium and potassium currents needs `def rates(self, v): return {gate: (opens, closes)}`."
        )

    def start(self) -> Any:
        """The potential at which v starts."""
        raise ModelError("A model of sodium and potassium currents needs `def start(self): return self.e_leak`.")

    def flow(self, s: Any, i: Any) -> Any:
        """The derivatives of all states under an input i."""
        sodium = self.g_na * s.m**3 * s.h * (self.e_na - s.v)
        potassium = self.g_k * s.n**4 * (self.e_k - s.v)
        leak = self.g_leak * (self.e_leak - s.v)
        gates = {"m": s.m, "h": s.h, "n": s.n}
        return {
            "v": (sodium + potassium + leak + i) / self.c_mem,
            **{x: opens * (1 - gates[x]) - closes * gates[x] for x, (opens, closes) in self.rates(s.v).items()},
        }

    def m_start(self) -> Any:
        return self.settled("m")

    def h_start(self) -> Any:
        return self.settled("h")

    def n_start(self) -> Any:
        return self.settled("n")

    def settled(self, gate: str) -> Any:
        """Where a gate settles at the potential at which v starts."""
        opens, closes = self.rates(self.start())[gate]
        return opens / (opens + closes)

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def rearm(self, s: Any) -> Any:
        return self.v_rearm - s.v

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, steps that are too long, and a v_rearm at or above v_threshold."""
        super().validate()
        name = type(self).__name__
        if self.dt > LONGEST_STEP * (1 + 1e-6):
            raise ValueError(
                f"{name}: dt must not exceed {LONGEST_STEP / ms:g} ms, got dt={self.dt:g} s. Write dt={self.default_dt / ms:g} * ms."
            )
        gap = torch.as_tensor(self.v_threshold) - torch.as_tensor(self.v_rearm)
        if float(gap.detach().min()) <= 0:
            default = self.declaration.parameters["v_rearm"].default / mV
            raise ValueError(
                f"{name}: v_rearm must lie below v_threshold, or one crossing counts as many spikes. Write v_rearm={default:g} * mV."
            )
