"""The balanced network of Vogels and Abbott with conductances."""

import torch

from ranvier.equations.options import Clamp
from ranvier.neurons.conductance_lif import ConductanceLIF
from ranvier.simulation.distributions import Uniform
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import FixedProbability
from ranvier.units import Capacitance, Conductance, Current, Dimensionless, Time, Voltage, ms, mV, nS, pA, pF


def coba(
    *,
    n_exc: int = 3200,
    n_inh: int = 800,
    p: Dimensionless = 0.02,
    w_exc: Conductance = 6 * nS,
    w_inh: Conductance = 67 * nS,
    delay: Time = 0.1 * ms,
    current: Current = 200 * pA,
    c_mem: Capacitance = 200 * pF,
    g_leak: Conductance = 10 * nS,
    tau_exc: Time = 5 * ms,
    tau_inh: Time = 10 * ms,
    v_leak: Voltage = -60 * mV,
    v_exc: Voltage = 0.0,
    v_inh: Voltage = -80 * mV,
    v_threshold: Voltage = -50 * mV,
    v_reset: Voltage = -60 * mV,
    t_ref: Time = 5 * ms,
    v_low: Voltage = -60 * mV,
    v_high: Voltage = -50 * mV,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Vogels-Abbott network with conductances (COBA), driven: benchmark 1 of Brette et al. with a constant current in place of a kick.

    Populations E and I of `ConductanceLIF`; every pair is connected with probability p. The network of the benchmark has no drive and keeps
    itself active, or not, by seed and convention; with 200 pA (r i = 20 mV) it fires for every seed, at about 21 Hz and in bursts (CV 1.6).

    Args:
        n_exc, n_inh: neurons.
        p: chance of each pair to be connected.
        w_exc, w_inh: rise of the conductance at a spike [S], both >= 0.
        delay: of every synapse [s].
        current: into every neuron [A].
        c_mem, g_leak, tau_exc, tau_inh, v_leak, v_exc, v_inh, v_threshold, v_reset: of `ConductanceLIF` [F, S, s, V].
        t_ref: refractory period [s]: v is held for round(t_ref/dt) steps after that of the spike.
        v_low, v_high: v starts anywhere between [V].
        dt, seed, dtype: of the network.

    Source: Vogels and Abbott (2005), Journal of Neuroscience 25; Brette et al. (2007), Journal of Computational Neuroscience 23, benchmark 1 (cells,
    weights and wiring). The constant current is that of later speed benchmarks (20 mV times the leak conductance).

    >>> from ranvier.simulation.networks import coba
    >>> net, (e, i) = coba(n_exc=80, n_inh=20, p=0.1, seed=1)
    >>> net.run(0.1).rate(e) > 1
    True
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = ConductanceLIF(
        dt=dt, c_mem=c_mem, g_leak=g_leak, tau_exc=tau_exc, tau_inh=tau_inh, v_leak=v_leak, v_exc=v_exc, v_inh=v_inh,
        v_threshold=v_threshold, v_reset=v_reset, refractory=Clamp(t_ref),
    )  # fmt: skip
    e, i = net.add(n_exc, cell, "E", excitatory=True), net.add(n_inh, cell, "I", excitatory=False)
    for population in (e, i):
        population.initialize(v=Uniform(v_low, v_high)).inject(current)
    for pre, weight in ((e, w_exc), (i, -w_inh)):
        for post in (e, i):
            net.connect(pre, post, FixedProbability(p), weight=weight, delay=delay)
    return Built(net, (e, i))
