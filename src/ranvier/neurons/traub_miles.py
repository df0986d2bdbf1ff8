"""The neuron of Traub and Miles."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.equations.functions import clip, exp, linoid
from ranvier.equations.integrators import ExponentialMidpoint
from ranvier.neurons.sodium_potassium import SodiumPotassium
from ranvier.units import Capacitance, Conductance, Current, Voltage, ms, mV, nS, pF, uS


class TraubMiles(SodiumPotassium):
    """Traub-Miles neuron: sodium, potassium and leak currents of a hippocampal cell, in one compartment and in absolute units.

    c_mem dv/dt = g_na m^3 h (e_na - v) + g_k n^4 (e_k - v) + g_leak (e_leak - v) + i;  dx/dt = alpha_x (1 - x) - beta_x x for m, h, n;
    with u = (v - v_t)/mV, in 1/ms:
    alpha_m = 1.28 L((u - 13)/4), beta_m = 1.4 L((40 - u)/5);  alpha_h = 0.128 exp((17 - u)/18), beta_h = 4/(1 + exp((40 - u)/5));
    alpha_n = 0.16 L((u - 15)/5), beta_n = 0.5 exp((10 - u)/40);  L(x) = x/(1 - exp(-x)), which is 1 at 0.

    Input: a current i [A], unscaled. Comparison: a spike is the upward crossing of v_threshold: v >= v_threshold, and none before v has come down to
    v_rearm since the last. Order: dynamics and input, compare, in one step. There is no reset and so no gradient through one. The rates see u
    between -60 and 140 (v between -123 and 77 mV), beyond which the gates are shut or open already.

    The neuron starts at v = e_leak with its gates as they are there, which is close to its rest. dt is 0.05 ms and the step `ExponentialMidpoint`;
    benchmarks take `ExponentialEuler()` and 0.1 ms.

    Raises ValueError for dt > 0.1 ms, and for v_rearm at or above v_threshold.

    Source: Traub and Miles (1991), Neuronal Networks of the Hippocampus; in the form and with the numbers of Brette et al. (2007), "Simulation of
    networks of spiking neurons", Journal of Computational Neuroscience 23, appendix B, benchmark 3 (an area of 20,000 um^2).

    >>> import torch
    >>> int(TraubMiles()(torch.full((4000, 1, 1), 0.5e-9, dtype=torch.float64)).sum())    # 200 ms at 0.5 nA
    17
    """

    c_mem: Capacitance = parameter(200 * pF, positive=True)  # membrane capacitance
    g_na: Conductance = parameter(20 * uS, nonnegative=True)  # largest sodium conductance
    g_k: Conductance = parameter(6 * uS, nonnegative=True)  # largest potassium conductance
    g_leak: Conductance = parameter(10 * nS, nonnegative=True)  # leak conductance
    e_na: Voltage = parameter(50 * mV)  # sodium reversal potential
    e_k: Voltage = parameter(-90 * mV)  # potassium reversal potential
    e_leak: Voltage = parameter(-60 * mV)  # leak reversal potential, where v starts
    v_t: Voltage = parameter(-63 * mV)  # from where the rates count: it shifts the threshold
    v_threshold: Voltage = parameter(-20 * mV)  # a spike is its upward crossing
    v_rearm: Voltage = parameter(-30 * mV)  # v must come down to it before the next spike

    default_dt = 0.05 * ms
    default_integrator = ExponentialMidpoint()
    lowest: Voltage = -60 * mV  # of v - v_t in the rates
    highest: Voltage = 140 * mV

    def rates(self, v: Any) -> Any:
        u = clip(v - self.v_t, self.lowest, self.highest) / self.unit
        return {
            "m": (self.pace * 1.28 * linoid((u - 13) / 4), self.pace * 1.4 * linoid((40 - u) / 5)),
            "h": (self.pace * 0.128 * exp((17 - u) / 18), self.pace * 4 / (1 + exp((40 - u) / 5))),
            "n": (self.pace * 0.16 * linoid((u - 15) / 5), self.pace * 0.5 * exp((10 - u) / 40)),
        }

    def dynamics(self, s: Any, i: Current) -> Any:
        return self.flow(s, i)

    def start(self) -> Any:
        return self.e_leak
