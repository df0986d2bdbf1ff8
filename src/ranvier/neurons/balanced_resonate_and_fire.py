"""Balanced resonate-and-fire (BRF): an oscillation with a smooth reset, damped enough never to diverge."""

import math
from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import sqrt
from ranvier.equations.integrators import Euler
from ranvier.neurons.neuron import Neuron
from ranvier.units import Capacitance, Dimensionless, Frequency, Time, Voltage, ms


class BalancedResonateAndFire(Neuron):
    """Balanced resonate-and-fire neuron (BRF): z = v + j u turns with omega; a spike damps it and raises its threshold for a while.

    dz/dt = (b + j omega) z + i/c by Euler's rule, with b = boundary - damping - pull q and boundary = (sqrt(1 - (dt omega)^2) - 1)/dt, at
    which the modulus of z neither grows nor shrinks;  q <- (1 - dt/tau_refractory) q + spike.
    Spike where v >= v_threshold + rise q, with the q that earlier spikes left. There is no other reset.

    Input: a current i [A] into v, scaled by dt/c; with `input=ImpulseInput()` it is added to v [V]. Comparison: after the step's
    input, with q as it stood before the step. Order: turn, damp and input, compare, raise q, in one step. Gradient through q: yes.

    Units: omega in rad/s, damping and pull in 1/s. The paper counts time in units of 100 steps (its dt is 0.01): with dt = 1 ms its omega of
    10, offset of 1 and q of 1 are 100 rad/s, 10/s and pull = 10/s here, and c = 0.1: the defaults.

    Raises ValueError for dt*omega >= 1, where Euler's rule diverges whatever the damping.

    Source: Higuchi, Kairat, Bohte and Otte (2024), "Balanced resonate-and-fire neurons", ICML.
    """

    omega: Frequency = parameter(100.0, positive=True)  # angular frequency [rad/s]
    damping: Frequency = parameter(10.0, nonnegative=True)  # decay beyond the boundary [1/s]
    pull: Frequency = parameter(10.0, nonnegative=True)  # decay that a spike adds [1/s]
    rise: Voltage = parameter(1.0, nonnegative=True)  # of the threshold that a spike adds
    tau_refractory: Time = parameter(10 * ms, positive=True)  # time constant of what a spike adds
    c: Capacitance = parameter(0.1, positive=True)  # capacitance: a unit of current moves v by dt/c
    v_threshold: Voltage = parameter(1.0, positive=True)  # threshold at rest
    v: Voltage = state(0.0)  # real part: the membrane potential, [B, *N]
    u: Voltage = state(0.0)  # imaginary part, [B, *N]
    q: Dimensionless = state(0.0)  # refractoriness, [B, *N]

    default_integrator = Euler()

    def dynamics(self, s: Any, i: Any) -> Any:
        boundary = (sqrt(1 - (self.dt * self.omega) ** 2) - 1) / self.dt
        b = boundary - self.damping - self.pull * s.q
        return {
            "v": b * s.v - self.omega * s.u + i / self.c,
            "u": self.omega * s.v + b * s.u,
            "q": -s.q / self.tau_refractory,
        }

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        before = s.q / (1 - self.dt / self.tau_refractory)  # of the step
        return s.v - self.v_threshold - self.rise * before

    def reset(self, s: Any) -> Any:
        return {"q": s.q + 1}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, and steps that turn by a radian or more, or forget q at once."""
        super().validate()
        name = type(self).__name__
        turn = self.dt * float(torch.as_tensor(self.omega, dtype=torch.float64).detach().max())
        if turn >= 1:
            raise ValueError(
                f"{name}: dt * omega must be below 1, got {turn:g} (dt={self.dt:g} s, {turn / self.dt / (2 * math.pi):g} Hz). "
                "Use a smaller dt or a lower omega."
            )
        shortest = float(torch.as_tensor(self.tau_refractory, dtype=torch.float64).detach().min())
        if shortest <= self.dt * (1 + 1e-6):
            raise ValueError(
                f"{name}: tau_refractory must exceed dt, got {shortest:g} s and dt={self.dt:g} s. Use a smaller dt."
            )
