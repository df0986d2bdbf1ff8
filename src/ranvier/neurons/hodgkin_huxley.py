"""The model of Hodgkin and Huxley."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.equations.functions import clip, exp, linoid
from ranvier.equations.integrators import RungeKutta4
from ranvier.neurons.sodium_potassium import LONGEST_STEP, SodiumPotassium
from ranvier.units import (
    CapacitanceDensity,
    ConductanceDensity,
    CurrentDensity,
    Voltage,
    cm,
    mS,
    ms,
    mV,
    uF,
)

LONGEST_RUNGE_KUTTA = 0.05 * ms


class HodgkinHuxley(SodiumPotassium):
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
    in nerve", Journal of Physiology 117, eq. 7, 15, 16 and 26, with the rates and constants that its part II fits.

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

    default_dt = 0.025 * ms
    default_integrator = RungeKutta4()
    lowest: Voltage = -55 * mV  # of v - v_rest in the rates: below, a step of `RungeKutta4` would be too long for m
    highest: Voltage = 165 * mV

    def rates(self, v: Any) -> Any:
        u = clip(v - self.v_rest, self.lowest, self.highest) / self.unit
        return {
            "m": (self.pace * linoid((u - 25) / 10), self.pace * 4 * exp(-u / 18)),
            "h": (self.pace * 0.07 * exp(-u / 20), self.pace / (1 + exp((30 - u) / 10))),
            "n": (self.pace * 0.1 * linoid((u - 10) / 10), self.pace * 0.125 * exp(-u / 80)),
        }

    def dynamics(self, s: Any, i: CurrentDensity) -> Any:
        return self.flow(s, i)

    def start(self) -> Any:
        return self.v_rest

    def validate(self) -> None:
        """Refuses what `SodiumPotassium.validate` refuses, and steps that are too long for `RungeKutta4`."""
        if isinstance(self.options.integrator, RungeKutta4) and self.dt > LONGEST_RUNGE_KUTTA:
            hint = ", or integrator=ExponentialMidpoint()" if self.dt <= LONGEST_STEP else ""
            raise ValueError(
                f"{type(self).__name__}: dt must not exceed {LONGEST_RUNGE_KUTTA / ms:g} ms with {self.options.integrator}, "
                f"got dt={self.dt:g} s. Write dt=0.025 * ms{hint}."
            )
        super().validate()
