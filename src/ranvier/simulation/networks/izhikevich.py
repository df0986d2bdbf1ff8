"""The network of Izhikevich's paper of 2003."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
import torch

from ranvier.equations.integrators import Dynamics, Integrated
from ranvier.equations.program import DT, Assign
from ranvier.kernels.cpu.noise import key_of
from ranvier.neurons.izhikevich import Izhikevich
from ranvier.simulation.distributions import Uniform
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import AllToAll
from ranvier.units import Time, Voltage, VoltageRate, ms, mV


@dataclass(frozen=True)
class HalfSteps:
    """Euler: the first state in two steps of dt/2, then each other one in a step of dt, from the new values of those before it."""

    def integrate(self, name: str, dynamics: Dynamics, states: Mapping[str, sympy.Symbol]) -> Integrated:
        """See `Integrator`."""
        now = dict(states)
        lines: list[Assign] = []
        first, *others = states
        for k, part in ((first, 1), (first, 2), *((k, 0) for k in others)):
            slope, length = sympy.sympify(dynamics(now)[k]), DT / 2 if part else DT
            symbol = sympy.Symbol(f"{k}.half" if part == 1 else f"{k}.int", real=True)
            lines.append(Assign(symbol, now[k] + length * slope))
            now[k] = symbol
        return Integrated(tuple(lines), now)


class Izhikevich2003(Izhikevich):
    """The neuron of the script in the paper: v in two half steps, then u once, with the square as it is.

    v may shoot far beyond the peak within a step, where it raises u before the reset; `Izhikevich` holds the square there.
    """

    default_dt = 1 * ms
    default_integrator = HalfSteps()

    def dynamics(self, s: Any, i: VoltageRate) -> Any:
        return {
            "v": self.k * s.v**2 + self.slope * s.v + self.offset - s.u + i,
            "u": self.a * (self.b * s.v - s.u),
        }


def izhikevich(
    *,
    n_exc: int = 800,
    n_inh: int = 200,
    w_exc: VoltageRate = 0.5 * mV / ms,
    w_inh: VoltageRate = 1.0 * mV / ms,
    noise_exc: VoltageRate = 5.0 * mV / ms,
    noise_inh: VoltageRate = 2.0 * mV / ms,
    v_start: Voltage = -65 * mV,
    dt: Time = 1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """Izhikevich's network of 1,000 randomly coupled neurons, all-to-all, which shows alpha and gamma rhythms.

    Populations E and I with r drawn from U(0, 1) for each neuron: E a = 0.02, b = 0.2, c = -65 + 15 r^2, d = 8 - 6 r^2; I a = 0.02 + 0.08 r,
    b = 0.25 - 0.05 r, c = -65, d = 2 (in mV and ms).

    The script tests for spikes at the start of a step and adds their columns to the input of the same step. Here a spike is found at the end of
    a step and reaches the next one, which is the same sequence of operations with the cut between two steps elsewhere: nothing changes but the
    spike's number of step, smaller by one, and that v after a step has been reset already.

    About 7,500 spikes a second with peaks of the population rate near 8 and 37 Hz.

    Args:
        n_exc, n_inh: neurons.
        w_exc, w_inh: weights are drawn from U(0, w_exc) and U(-w_inh, 0): a current for one step [V/s].
        noise_exc, noise_inh: standard deviation of the normal current in each step [V/s].
        v_start: where v starts, and u at b v [V].
        dt, seed, dtype: of the network; the equations are those of the paper for 1 ms alone.

    Source: Izhikevich (2003), "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14, the script on its last page.
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    rng = np.random.Generator(np.random.Philox(key=key_of(seed, "izhikevich/r")))
    r_exc, r_inh = rng.random(n_exc), rng.random(n_inh)

    def each(values: np.ndarray, unit: float) -> torch.Tensor:
        return torch.as_tensor(values * unit, dtype=torch.float32)

    e = net.add(
        n_exc,
        Izhikevich2003(dt=dt, v_start=v_start, c=each(-65 + 15 * r_exc**2, mV), d=each(8 - 6 * r_exc**2, mV / ms)),
        "E",
        excitatory=True,
    )
    i = net.add(
        n_inh,
        Izhikevich2003(
            dt=dt,
            v_start=v_start,
            a=each(0.02 + 0.08 * r_inh, 1 / ms),
            b=each(0.25 - 0.05 * r_inh, 1 / ms),
            d=2 * mV / ms,
        ),
        "I",
        excitatory=False,
    )
    for post, noise in ((e, noise_exc), (i, noise_inh)):
        net.connect(e, post, AllToAll(), weight=Uniform(0.0, w_exc))
        net.connect(i, post, AllToAll(), weight=Uniform(-w_inh, 0.0))
        net.noise(post, sd=noise * dt**0.5)
    return Built(net, (e, i))
