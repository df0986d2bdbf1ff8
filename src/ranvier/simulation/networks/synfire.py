"""The synfire chain of Diesmann, Gewaltig and Aertsen."""

from typing import Any

import numpy as np
import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.integrators import Euler
from ranvier.equations.options import Clamp, ImpulseInput
from ranvier.kernels.cpu.noise import key_of
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.distributions import Uniform
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import AllToAll
from ranvier.simulation.sources import SpikeSource
from ranvier.units import Frequency, Time, Voltage, VoltageRate, ms, mV


class SynfireLIF(Neuron):
    """Leaky integrate-and-fire neuron whose potentials are alpha functions, of the synfire chain of Diesmann et al.

    tau_mem dv/dt = -(v - v_leak) + x;  dx/dt = alpha (y - x);  dy/dt = -alpha y + background;  an input raises y.  Spike where
    v >= v_threshold;  v <- v_reset.

    Input: impulses to y [V], unscaled; noise added to y makes the step that of Euler and Maruyama. Comparison: v >= v_threshold, after the step.
    Order: Euler step, input, compare, reset (of v alone).

    Source: Diesmann, Gewaltig and Aertsen (1999), Nature 402; in the form of Brian2's example of it.
    """

    tau_mem: Time = parameter(10 * ms, positive=True)  # membrane time constant
    alpha: Frequency = parameter(1 / (0.325 * ms), positive=True)  # rate of the alpha function
    background: VoltageRate = parameter(25.27 * mV / ms)  # mean of the background's drive of y
    v_leak: Voltage = parameter(-70 * mV)  # resting potential
    v_threshold: Voltage = parameter(-55 * mV)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(-70 * mV)  # value after a spike
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]
    x: Voltage = state(0.0)  # synaptic drive of v, [B, *N]
    y: Voltage = state(0.0)  # its source, [B, *N]

    default_drive = ImpulseInput()
    default_dt = 0.1 * ms
    default_integrator = Euler()

    def dynamics(self, s: Any) -> Any:
        return {
            "v": (self.v_leak - s.v + s.x) / self.tau_mem,
            "x": self.alpha * (s.y - s.x),
            "y": self.background - self.alpha * s.y,
        }

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"y": s.y + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset}


def synfire(
    *,
    groups: int = 10,
    size: int = 100,
    spikes: int = 85,
    sigma: Time = 1 * ms,
    at: Time = 50 * ms,
    weight: Voltage = 4.86 * mV,
    delay: Time = 0.1 * ms,
    background: VoltageRate = 25.27 * mV / ms,
    noise: Voltage = 39.24 * mV,
    tau_mem: Time = 10 * ms,
    tau_psp: Time = 0.325 * ms,
    v_leak: Voltage = -70 * mV,
    v_threshold: Voltage = -55 * mV,
    v_reset: Voltage = -70 * mV,
    t_ref: Time = 1 * ms,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Synfire chain: groups of neurons, each connected all-to-all to the next, and a packet of spikes for the first.

    Populations: the groups in order, then the source of the packet. A packet of few or dispersed spikes dies out on the way; one of many settles at
    some 100 spikes that fall within half a millisecond and travel on (at sigma = 1 ms the border lies between 45 and 55 spikes).

    Args:
        groups, size: groups, and neurons of each.
        spikes, sigma, at: spikes of the packet, one a source, normally distributed about `at` with that standard deviation [s].
        weight: jump of y at a spike [V].
        delay: from each group to the next [s].
        background: mean drive of y [V/s]; noise: its standard deviation over a millisecond [V] (it grows with the root of time).
        tau_mem, v_leak, v_threshold, v_reset: of `SynfireLIF` [s, V]; tau_psp: rise time of a potential, 1/alpha [s].
        t_ref: refractory period [s]: v is held for round(t_ref/dt) steps after that of the spike.
        dt, seed, dtype: of the network. v starts anywhere between v_leak and v_threshold, x and y at 0.

    Source: Diesmann, Gewaltig and Aertsen (1999), "Stable propagation of synchronous spiking in cortical neural networks", Nature 402; numbers as in
    Brian2's example of it.
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = SynfireLIF(
        dt=dt, tau_mem=tau_mem, alpha=1 / tau_psp, background=background, v_leak=v_leak, v_threshold=v_threshold,
        v_reset=v_reset, refractory=Clamp(t_ref),
    )  # fmt: skip
    chain = [net.add(size, cell, f"group {k + 1}", excitatory=True) for k in range(groups)]
    rng = np.random.Generator(np.random.Philox(key=key_of(seed, "synfire/packet")))
    times = np.maximum(at + sigma * rng.standard_normal(spikes), 0.0)
    packet = net.add(spikes, SpikeSource(times, np.arange(spikes)), "packet", excitatory=True)
    for pre, post in zip((packet, *chain), chain, strict=False):
        net.connect(pre, post, AllToAll(), weight=weight, delay=delay)
    for group in chain:
        group.initialize(v=Uniform(v_leak, v_threshold))
        net.noise(group, sd=noise / ms**0.5)
    return Built(net, (*chain, packet))
