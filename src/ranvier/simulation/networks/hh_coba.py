"""The balanced network of Vogels and Abbott with neurons of Hodgkin and Huxley's kind."""

import torch

from ranvier.equations.integrators import ExponentialEuler
from ranvier.equations.options import BlockSpikes
from ranvier.neurons.traub_miles import TraubMiles
from ranvier.simulation.distributions import Normal
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import FixedProbability
from ranvier.synapses.conductance import ConductanceSynapse
from ranvier.units import Conductance, Dimensionless, Time, Voltage, ms, mV, nS


def hh_coba(
    *,
    n_exc: int = 3200,
    n_inh: int = 800,
    p: Dimensionless = 0.02,
    w_exc: Conductance = 6 * nS,
    w_inh: Conductance = 67 * nS,
    delay: Time = 0.1 * ms,
    tau_exc: Time = 5 * ms,
    tau_inh: Time = 10 * ms,
    v_exc: Voltage = 0.0,
    v_inh: Voltage = -80 * mV,
    t_ref: Time = 3 * ms,
    v_mean: Voltage = -65 * mV,
    v_sd: Voltage = 5 * mV,
    g_exc_mean: Conductance = 40 * nS,
    g_exc_sd: Conductance = 15 * nS,
    g_inh_mean: Conductance = 200 * nS,
    g_inh_sd: Conductance = 120 * nS,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Vogels-Abbott network of `TraubMiles` neurons with conductances (HH-COBA), benchmark 3 of Brette et al.

    Populations E and I. There is no drive: the conductances with which it starts set it going, and it keeps itself active at some 37 Hz. The step is
    exponential Euler, as in Brian2's script; with 0.1 ms it is coarse for the sodium current, so compare rates of one dt and one integrator.

    Args:
        n_exc, n_inh: neurons.
        p: chance of each pair to be connected.
        w_exc, w_inh: rise of the conductance at a spike [S], both >= 0.
        delay: of every synapse [s].
        tau_exc, tau_inh, v_exc, v_inh: of the synapses [s, V].
        t_ref: no second spike is counted within it [s]; the membrane is not touched.
        v_mean, v_sd, g_exc_mean, g_exc_sd, g_inh_mean, g_inh_sd: of the normal distributions of v and of both conductances at the start [V, S].
            A conductance is drawn again where it is below zero.
        dt, seed, dtype: of the network.

    Source: Brette et al. (2007), Journal of Computational Neuroscience 23, benchmark 3; start as in Brian2's example COBAHH (which draws
    conductances below zero as well).
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = TraubMiles(dt=dt, integrator=ExponentialEuler(), refractory=BlockSpikes(t_ref))
    e, i = net.add(n_exc, cell, "E", excitatory=True), net.add(n_inh, cell, "I")
    excitation = ConductanceSynapse(dt=dt, tau=tau_exc, v_rev=v_exc)
    inhibition = ConductanceSynapse(dt=dt, tau=tau_inh, v_rev=v_inh)
    for population in (e, i):
        population.initialize(
            v=Normal(v_mean, v_sd),
            g_conductance=Normal(g_exc_mean, g_exc_sd, low=0.0),
            g_conductance2=Normal(g_inh_mean, g_inh_sd, low=0.0),
        )
    for pre, weight, synapse in ((e, w_exc, excitation), (i, w_inh, inhibition)):
        for post in (e, i):
            net.connect(pre, post, FixedProbability(p), weight=weight, delay=delay, synapse=synapse)
    return Built(net, (e, i))
