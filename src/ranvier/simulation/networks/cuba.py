"""The balanced network of Vogels and Abbott with currents."""

import torch

from ranvier.equations.options import Clamp
from ranvier.neurons.lif import LIF
from ranvier.simulation.distributions import Uniform
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import FixedProbability
from ranvier.synapses.exponential import ExponentialSynapse
from ranvier.units import Dimensionless, Time, Voltage, ms, mV


def cuba(
    *,
    n_exc: int = 3200,
    n_inh: int = 800,
    p: Dimensionless = 0.02,
    w_exc: Voltage = 1.62 * mV,
    w_inh: Voltage = 9 * mV,
    delay: Time = 0.1 * ms,
    tau_mem: Time = 20 * ms,
    tau_exc: Time = 5 * ms,
    tau_inh: Time = 10 * ms,
    v_leak: Voltage = -49 * mV,
    v_threshold: Voltage = -50 * mV,
    v_reset: Voltage = -60 * mV,
    t_ref: Time = 5 * ms,
    v_low: Voltage = -60 * mV,
    v_high: Voltage = -50 * mV,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Vogels-Abbott network with currents (CUBA), benchmark 2 of Brette et al.

    Populations E and I of `LIF` with an `ExponentialSynapse` for each sign; currents are in volts (r = 1). The resting potential lies above the
    threshold, so the network needs no drive. It fires at about 6 Hz.

    Inhibition of 9 mV is 20 times 4.5/10 mV, as in Brian2's script; NEST's takes the driving force from -49 mV instead of -60 mV, which is
    w_inh=13.95 * mV and gives about 4 Hz.

    Args:
        n_exc, n_inh: neurons.
        p: chance of each pair to be connected.
        w_exc, w_inh: size of the current at a spike [V], both >= 0.
        delay: of every synapse [s].
        tau_mem, v_leak, v_threshold, v_reset: of the LIF [s, V]; tau_exc, tau_inh: of the synapses [s].
        t_ref: refractory period [s]: v is held for round(t_ref/dt) steps after that of the spike.
        v_low, v_high: v starts anywhere between [V].
        dt, seed, dtype: of the network.

    Source: Vogels and Abbott (2005), Journal of Neuroscience 25; Brette et al. (2007), Journal of Computational Neuroscience 23, benchmark 2.
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = LIF(
        dt=dt, tau_mem=tau_mem, r=1.0, v_leak=v_leak, v_threshold=v_threshold, v_reset=v_reset, refractory=Clamp(t_ref)
    )
    e, i = net.add(n_exc, cell, "E", excitatory=True), net.add(n_inh, cell, "I", excitatory=False)
    excitation, inhibition = ExponentialSynapse(dt=dt, tau=tau_exc), ExponentialSynapse(dt=dt, tau=tau_inh)
    for population in (e, i):
        population.initialize(v=Uniform(v_low, v_high))
    for pre, weight, synapse in ((e, w_exc, excitation), (i, -w_inh, inhibition)):
        for post in (e, i):
            net.connect(pre, post, FixedProbability(p), weight=weight, delay=delay, synapse=synapse)
    return Built(net, (e, i))
