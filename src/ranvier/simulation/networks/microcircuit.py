"""The cortical microcircuit of Potjans and Diesmann."""

import numpy as np
import torch

from ranvier.equations.options import Clamp
from ranvier.kernels.cpu.noise import key_of
from ranvier.neurons.lif import LIF
from ranvier.simulation.distributions import Normal
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import FixedTotalNumber
from ranvier.simulation.sources import SpikeSource
from ranvier.synapses.exponential import ExponentialSynapse
from ranvier.units import Capacitance, Current, Dimensionless, Frequency, Hz, Time, Voltage, ms, mV, pA, pF

NAMES = ("L2/3E", "L2/3I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
NEURONS = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])  # synapses from outside, of a neuron
V_MEAN = np.array([-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]) * mV  # where v starts
V_SD = np.array([5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]) * mV
RATES = np.array(
    [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]
)  # Hz, of the full network: what a smaller one lacks
# Chance of at least one synapse of a pair: rows are targets, columns sources.
CHANCES = np.array([
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
])  # fmt: skip
THALAMIC = np.array([0.0, 0.0, 0.0983, 0.0619, 0.0, 0.0, 0.0512, 0.0196])
RELAY = 902  # thalamic neurons
SPREAD = 0.1  # standard deviation of weights over their mean


def microcircuit(
    *,
    scale: Dimensionless = 1.0,
    poisson: bool = True,
    thalamus: bool = False,
    rate_ext: Frequency = 8 * Hz,
    weight: Current = 87.81 * pA,
    g: Dimensionless = 4.0,
    delay_exc: Time = 1.5 * ms,
    delay_inh: Time = 0.75 * ms,
    tau_mem: Time = 10 * ms,
    tau_syn: Time = 0.5 * ms,
    c_mem: Capacitance = 250 * pF,
    v_leak: Voltage = -65 * mV,
    v_threshold: Voltage = -50 * mV,
    v_reset: Voltage = -65 * mV,
    t_ref: Time = 2 * ms,
    rate_thalamus: Frequency = 120 * Hz,
    thalamus_start: Time = 700 * ms,
    thalamus_duration: Time = 10 * ms,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Potjans and Diesmann's network under 1 mm^2 of cortex: 77,169 LIF neurons in four layers, 298.9 million synapses.

    Populations L2/3E, L2/3I, L4E, ..., L6I of `LIF` with an `ExponentialSynapse`, and, with thalamus=True, the relay cells. Of each two populations
    Q = ln(1 - C)/ln(1 - 1/(N_x N_y)) synapses are drawn with replacement. Weights are normal, 10 % about their mean, and keep their sign; those
    of L4E to L2/3E are doubled, inhibitory ones -g times as large. Delays are normal with half their mean as standard deviation, a step at the
    least. The full network takes about 3 GB.

    Args:
        scale: of the number of neurons and of the synapses of each. Weights grow by 1/sqrt(scale), and a constant current makes up for the mean
            input that is missing, from the rates of the full network; correlations, and so rates, still differ somewhat.
        poisson: impulses from outside are Poisson; False: their mean as a constant current.
        thalamus: 902 relay cells fire at `rate_thalamus` [Hz] for `thalamus_duration` from `thalamus_start` on [s].
        rate_ext: of each synapse from outside [Hz].
        weight: peak of the excitatory current [A]: 0.15 mV of potential; g: inhibitory weight over it.
        delay_exc, delay_inh: means [s].
        tau_mem, c_mem, v_leak, v_threshold, v_reset, t_ref: of the LIF, r being tau_mem/c_mem [s, F, V]; tau_syn: of the synapses [s].
        dt, seed, dtype: of the network.

    Source: Potjans and Diesmann (2014), "The cell-type specific cortical microcircuit", Cerebral Cortex 24, tables 4 and 5; starts ("optimized") and
    scaling as in the reference implementation, INM-6/microcircuit-PD14-model; the scaling after van Albada, Helias and Diesmann (2015).
    """
    if not 0 < scale <= 1:
        raise ValueError(f"microcircuit: scale must lie in (0, 1], got {scale}. Write scale=0.1.")
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = LIF(
        dt=dt,
        tau_mem=tau_mem,
        r=tau_mem / c_mem,
        v_leak=v_leak,
        v_threshold=v_threshold,
        v_reset=v_reset,
        refractory=Clamp(t_ref),
    )
    synapse = ExponentialSynapse(dt=dt, tau=tau_syn)
    layers = [
        net.add(max(1, round(n * scale)), cell, name, excitatory=k % 2 == 0)
        for k, (n, name) in enumerate(zip(NEURONS, NAMES, strict=True))
    ]
    root = scale**0.5
    for k, post in enumerate(layers):
        post.initialize(v=Normal(float(V_MEAN[k]), float(V_SD[k])))
        mean = 0.0  # of the full network's input a second, per neuron
        for j, pre in enumerate(layers):
            if not CHANCES[k, j]:
                continue
            full = synapses(CHANCES[k, j], NEURONS[j], NEURONS[k])
            w = weight * (-g if j % 2 else 2 if (k, j) == (0, 2) else 1)
            mean += w * full / NEURONS[k] * RATES[j]
            delay = delay_inh if j % 2 else delay_exc
            net.connect(
                pre, post, FixedTotalNumber(round(full * scale**2)), weight=_signed(w / root),
                delay=Normal(delay, delay / 2, low=dt / 2), synapse=synapse,
            )  # fmt: skip
        outside = weight * EXTERNAL[k] * rate_ext
        missing = (1 - root) * (mean + outside) if poisson else (1 - root) * mean + outside
        post.inject(float(tau_syn * missing))
        if poisson:
            net.drive(post, float(rate_ext * EXTERNAL[k] * scale), weight / root, synapse=synapse)
    if not thalamus:
        return Built(net, tuple(layers))
    rng = np.random.Generator(np.random.Philox(key=key_of(seed, "microcircuit/thalamus")))
    counts = rng.poisson(rate_thalamus * thalamus_duration, RELAY)
    times = thalamus_start + thalamus_duration * rng.random(counts.sum())
    relay = net.add(RELAY, SpikeSource(times, np.repeat(np.arange(RELAY), counts)), "thalamus", excitatory=True)
    for k, post in enumerate(layers):
        if THALAMIC[k]:
            total = round(synapses(THALAMIC[k], RELAY, NEURONS[k]) * scale**2)
            net.connect(
                relay, post, FixedTotalNumber(total), weight=_signed(weight / root),
                delay=Normal(delay_exc, delay_exc / 2, low=dt / 2), synapse=synapse,
            )  # fmt: skip
    return Built(net, (*layers, relay))


def synapses(chance: float, pre: int, post: int) -> float:
    """Synapses between two populations, drawn with replacement, for which a pair has at least one with that chance."""
    return float(np.log1p(-chance) / np.log1p(-1 / (float(pre) * float(post))))


def _signed(mean: float) -> Normal:
    """Weights about a mean, of its sign."""
    sd = SPREAD * abs(mean)
    return Normal(mean, sd, low=0.0) if mean > 0 else Normal(mean, sd, high=0.0)
