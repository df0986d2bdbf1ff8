"""Resonate-and-fire: a damped oscillation that prefers input of its own frequency."""

import math
from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.neurons.neuron import Neuron
from ranvier.units import Capacitance, Frequency, Voltage


class ResonateAndFire(Neuron):
    """Resonate-and-fire neuron: z = u + j v turns with the angular frequency omega and decays.

    dz/dt = (-damping + j omega) z + i/c, that is du/dt = -damping u - omega v + i/c and dv/dt = omega u - damping v.
    Spike where v >= v_threshold;  z <- j v_threshold (u <- 0, v <- v_threshold).

    Input: a current i [A] into u, solved exactly with the turn of the step; with `input=ImpulseInput()` it is added to u [V]. It reaches
    v a quarter of a period later, so pulses a whole period apart add up, and half a period apart cancel. Comparison: v >= v_threshold,
    after the step's input. Order: turn and input, compare, reset, in one step. A neuron just reset lies on the threshold and falls from
    it in the next step, for any damping > 0. Gradient through the reset of v: none, unless reset=ToValue(detach=False); of u: yes.

    Units: omega in rad/s (2 pi times the frequency), damping in 1/s.

    Source: Izhikevich (2001), "Resonate-and-fire neurons", Neural Networks 14.
    """

    omega: Frequency = parameter(2 * math.pi * 40, positive=True)  # angular frequency [rad/s]
    damping: Frequency = parameter(20.0, positive=True)  # decay of the oscillation [1/s]
    c: Capacitance = parameter(1e-3, positive=True)  # capacitance: a unit of current moves u by dt/c
    v_threshold: Voltage = parameter(1.0, positive=True)  # fires when v >= v_threshold
    u: Voltage = state(0.0)  # current-like part, [B, *N]
    v: Voltage = state(0.0)  # voltage-like part, [B, *N]

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"u": i / self.c - self.damping * s.u - self.omega * s.v, "v": self.omega * s.u - self.damping * s.v}

    def receive(self, s: Any, x: Any) -> Any:
        return {"u": s.u + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"u": 0 * s.u, "v": self.v_threshold}
