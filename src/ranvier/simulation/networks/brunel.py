"""The random network of Brunel."""

import torch

from ranvier.equations.options import Clamp, ImpulseInput
from ranvier.neurons.lif import LIF
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import FixedInDegree
from ranvier.units import Dimensionless, Time, Voltage, ms, mV


def brunel(
    *,
    n_exc: int = 10_000,
    n_inh: int = 2_500,
    c_exc: int = 1_000,
    c_inh: int = 250,
    g: Dimensionless = 5.0,
    eta: Dimensionless = 2.0,
    j: Voltage = 0.1 * mV,
    delay: Time = 1.5 * ms,
    tau_mem: Time = 20 * ms,
    v_threshold: Voltage = 20 * mV,
    v_reset: Voltage = 10 * mV,
    t_ref: Time = 2 * ms,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Brunel's sparsely connected network of excitatory and inhibitory LIF neurons (model A).

    Populations E and I; a spike moves v by j, or by -g j from I, and each neuron gets Poisson impulses of j at the rate c_exc nu_ext with
    nu_ext = eta v_threshold / (j c_exc tau_mem): for eta = 1 their mean alone would take v to the threshold.

    (g, eta) choose the state: (3, 2) synchronous regular; (6, 4) fast oscillation, irregular; (5, 2) asynchronous irregular; (4.5, 0.9) slow
    oscillation. `ranvier.analysis.siegert` gives the stationary rates. NEST's example resets to 0 (v_reset=0.0), which fires far more regularly.

    Args:
        n_exc, n_inh: neurons.
        c_exc, c_inh: synapses that each neuron has from E and from I, drawn with replacement.
        g: inhibitory weight over the excitatory one.
        eta: external rate over the one that reaches the threshold.
        j: jump of v at an excitatory spike [V].
        delay: of every synapse [s].
        tau_mem, v_threshold, v_reset, t_ref: of the LIF, v_leak being 0 [s, V].
        dt, seed, dtype: of the network.

    Source: Brunel (2000), "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons", Journal of Computational
    Neuroscience 8, section 2 and fig. 8.
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = LIF(
        dt=dt, tau_mem=tau_mem, v_threshold=v_threshold, v_reset=v_reset, refractory=Clamp(t_ref), input=ImpulseInput()
    )
    e, i = net.add(n_exc, cell, "E", excitatory=True), net.add(n_inh, cell, "I", excitatory=False)
    external = eta * v_threshold / (j * tau_mem)  # c_exc nu_ext
    for post in (e, i):
        net.connect(e, post, FixedInDegree(c_exc), weight=j, delay=delay)
        net.connect(i, post, FixedInDegree(c_inh), weight=-g * j, delay=delay)
        net.drive(post, external, j)
    return Built(net, (e, i))
