"""The model of Hodgkin and Huxley."""

from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import clip, exp, linoid
from ranvier.equations.integrators import RungeKutta4
from ranvier.neurons.neuron import Neuron
from ranvier.units import (
    CapacitanceDensity,
    ConductanceDensity,
    CurrentDensity,
    Dimensionless,
    Frequency,
    Voltage,
    cm,
    mS,
    ms,
    mV,
    uF,
)

LONGEST_STEP, LONGEST_RUNGE_KUTTA = 0.1 * ms, 0.05 * ms


class HodgkinHuxley(Neuron):
    """Hodgkin-Huxley neuron: the squid axon's sodium, potassium and leak currents through one patch of membrane.

    c_mem dv/dt = g_na m^3 h (e_na - v) + g_k n^4 (e_k - v) + g_leak (e_leak - v) + i;  dx/dt = alpha_x (1 - x) - beta_x x for m, h, n;
    with u = (v - v_rest)/mV, in 1/ms:
    alpha_m = L((u - 25)/10), beta_m = 4 exp(-u/18);  alpha_h = 0.07 exp(-u/20), beta_h = 1/(1 + exp((30 - u)/10));
    alpha_n = 0.1 L((u - 10)/10), beta_n = 0.125 exp(-u/80);  L(x) = x/(1 - exp(-x)), which is 1 at 0.

    Input: a current density i [A/m^2], unscaled: 10 uA/cm^2 is `10 * uA / cm**2` = 0.1. Comparison: a spike is the upward crossing of
    v_threshold: v >= v_threshold, and none before v has come down to v_rearm since the last. Order: dynamics and input, compare, in one
    step. There is no reset and so no gradient through one: the currents end the spike. The rates see u between -55 and 165 (v between
    -120 and 100 mV): beyond, the gates are shut or open already, and only the exponentials would grow.

    dt is 0.025 ms and the step `RungeKutta4`; `ExponentialMidpoint()` is stable for any input and needs about half the work.
    The convention of 1952, potentials from rest: HodgkinHuxley(v_rest=0.0, e_na=115 * mV, e_k=-12 * mV, e_leak=10.613 * mV,
    v_threshold=65 * mV, v_rearm=45 * mV); the paper itself also turns the sign of v.

    Raises ValueError for dt > 0.1 ms, for dt > 0.05 ms with `RungeKutta4`, and for v_rearm at or above v_threshold.

    Source: Hodgkin and Huxley (1952), "A quantitative description of membrane current and its application to conduction and excitation
    in nerve", eq. 7, 12, 13, 15, 16, 20, 21, 23, 24, 26 and table 3.

    >>> import torch
    >>> from ranvier.units import cm, uA
    >>> int(HodgkinHuxley()(torch.full((2000, 1, 1), 10 * uA / cm**2, dtype=torch.float64)).sum())    # 50 ms
    4
    """

    c_mem: CapacitanceDensity = parameter(1 * uF / cm**2, positive=True)  # membrane capacitance
    g_na: ConductanceDensity = parameter(120 * mS / cm**2, nonnegative=True)  # largest sodium conductance
    g_k: ConductanceDensity = parameter(36 * mS / cm**2, nonnegative=True)  # largest potassium conductance
    g_leak: ConductanceDensity = parameter(0.3 * mS / cm**2, nonnegative=True)  # leak conductance
    e_na: Voltage = parameter(50 * mV)  # sodium reversal potential
    e_k: Voltage = parameter(-77 * mV)  # potassium reversal potential
    e_leak: Voltage = parameter(-54.387 * mV)  # leak reversal potential
    v_rest: Voltage = parameter(-65 * mV)  # where v starts and from where the rates count
    v_threshold: Voltage = parameter(0.0)  # a spike is its upward crossing
    v_rearm: Voltage = parameter(-20 * mV)  # v must come down to it before the next spike
    v: Voltage = state("v_rest")  # membrane potential, [B, *N]
    m: Dimensionless = state("m_rest")  # sodium activation, [B, *N]
    h: Dimensionless = state("h_rest")  # sodium inactivation, [B, *N]
    n: Dimensionless = state("n_rest")  # potassium activation, [B, *N]

    default_dt = 0.025 * ms
    default_integrator = RungeKutta4()
    lowest: Voltage = -55 * mV  # of v - v_rest in the rates: below, a step of `RungeKutta4` would be too long for m
    highest: Voltage = 165 * mV
    unit: Voltage = 1 * mV
    pace: Frequency = 1 / ms

    def rates(self, v: Any) -> Any:
        """Opening and closing rate of each gate [1/s]."""
        u = clip(v - self.v_rest, self.lowest, self.highest) / self.unit
        return {
            "m": (self.pace * linoid((u - 25) / 10), self.pace * 4 * exp(-u / 18)),
            "h": (self.pace * 0.07 * exp(-u / 20), self.pace / (1 + exp((30 - u) / 10))),
            "n": (self.pace * 0.1 * linoid((u - 10) / 10), self.pace * 0.125 * exp(-u / 80)),
        }

    def dynamics(self, s: Any, i: CurrentDensity) -> Any:
        sodium = self.g_na * s.m**3 * s.h * (self.e_na - s.v)
        potassium = self.g_k * s.n**4 * (self.e_k - s.v)
        leak = self.g_leak * (self.e_leak - s.v)
        gates = {"m": s.m, "h": s.h, "n": s.n}
        return {
            "v": (sodium + potassium + leak + i) / self.c_mem,
            **{x: opens * (1 - gates[x]) - closes * gates[x] for x, (opens, closes) in self.rates(s.v).items()},
        }

    def m_rest(self) -> Any:
        return self.settled("m")

    def h_rest(self) -> Any:
        return self.settled("h")

    def n_rest(self) -> Any:
        return self.settled("n")

    def settled(self, gate: str) -> Any:
        """Where a gate settles at v_rest."""
        opens, closes = self.rates(self.v_rest)[gate]
        return opens / (opens + closes)

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def rearm(self, s: Any) -> Any:
        return self.v_rearm - s.v

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, steps that are too long, and a v_rearm at or above v_threshold."""
        super().validate()
        name, runge_kutta = type(self).__name__, isinstance(self.options.integrator, RungeKutta4)
        longest = LONGEST_RUNGE_KUTTA if runge_kutta else LONGEST_STEP
        if self.dt > longest:
            hint = ", or integrator=ExponentialMidpoint()" if runge_kutta and self.dt <= LONGEST_STEP else ""
            raise ValueError(
                f"{name}: dt must not exceed {longest / ms:g} ms with {self.options.integrator}, got dt={self.dt:g} s. "
                f"Write dt=0.025 * ms{hint}."
            )
        gap = torch.as_tensor(self.v_threshold) - torch.as_tensor(self.v_rearm)
        if float(gap.detach().min()) <= 0:
            raise ValueError(
                f"{name}: v_rearm must lie below v_threshold, or one crossing counts as many spikes. Write v_rearm=-20 * mV."
            )
