"""Perfect integrator, the readout that forgets nothing."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Capacitance, Voltage


class Accumulator(Neuron):
    """Perfect integrator: an IF without threshold. Its output is the membrane potential v [T, B, *N], the sum of its input.

    c dv/dt = i

    Input: impulses added to v [V] (default), or with `input=CurrentInput()` a current [A] scaled by dt/c. There is no comparison
    and no reset. The output is v at the end of the step; the last one is the decision.

    Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3 without leak and threshold.
    """

    c: Capacitance = parameter(1.0, positive=True)  # capacitance
    v: Voltage = state(0.0)  # membrane potential, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any, i: Any) -> Any:
        return {"v": i / self.c}

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}
