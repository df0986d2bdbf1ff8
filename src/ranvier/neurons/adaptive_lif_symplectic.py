"""Adaptive leaky integrate-and-fire with a subthreshold coupling, in the symplectic scheme (SE-adLIF)."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import exp
from ranvier.equations.integrators import ExponentialEuler
from ranvier.neurons.neuron import Neuron
from ranvier.units import Conductance, Current, Resistance, Time, Voltage, ms


class SEAdLIF(Neuron):
    """Adaptive leaky integrate-and-fire neuron: an adaptation current that follows the membrane and rises with each spike.

    tau_mem dv/dt = -(v - v_leak) + r (i - w);  tau_adapt dw/dt = -w + a (v - v_leak);  spike where v >= v_threshold;
    v <- v_reset, w <- w + b (exp(dt/tau_adapt) - 1).

    One step: w first, from the v that the last step left; then v, with the new w, each solved exactly with the other held
    (`ExponentialEuler(in_turn=True)`). The oscillation of the pair then decays by exp(-dt/tau_mem - dt/tau_adapt) in the square of its
    modulus, as it does in the equations; taken from the old values of each other, a strong coupling a makes it grow. With
    `integrator=Exact()` the pair is solved as one.

    Input: a current i [A], scaled by r*(1 - exp(-dt/tau_mem)). Comparison: v >= v_threshold, after the step's input. Order: decay and
    input, compare, reset v and raise w, in one step. The recorded w is that of the end of the step before its decay in the next: the
    paper's w of the same step is exp(-dt/tau_adapt) w + (1 - exp(-dt/tau_adapt)) a (v - v_leak).
    Gradient through the rise of w: yes; through the reset of v: none, unless reset=ToValue(detach=False).

    The paper multiplies its a and b by q = 120: `from_paper(a, b)` does, and fires on v > v_threshold as its code does.

    Raises ValueError for negative a or b.

    Source: Baronig, Ferrand, Sabathiel and Legenstein (2025), "Advancing spatio-temporal processing through adaptation in spiking neural
    networks", Nature Communications: the symplectic Euler form of adLIF.
    """

    tau_mem: Time = parameter(10 * ms, positive=True)  # membrane time constant
    tau_adapt: Time = parameter(100 * ms, positive=True)  # time constant of the adaptation
    r: Resistance = parameter(1.0)  # input resistance
    a: Conductance = parameter(10.0, nonnegative=True)  # coupling of the adaptation to the membrane
    b: Current = parameter(10.0, nonnegative=True)  # rise of the adaptation for a neuron that fires in every step
    v_leak: Voltage = parameter(0.0)  # resting potential
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    v_reset: Voltage = parameter(0.0)  # value after a spike
    w: Current = state(0.0)  # adaptation, [B, *N]
    v: Voltage = state("v_leak")  # membrane potential, [B, *N]

    default_integrator = ExponentialEuler(in_turn=True)

    def dynamics(self, s: Any, i: Any) -> Any:
        return {
            "w": (self.a * (s.v - self.v_leak) - s.w) / self.tau_adapt,
            "v": (self.v_leak - s.v + self.r * (i - s.w)) / self.tau_mem,
        }

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": self.v_reset, "w": s.w + self.b * (exp(self.dt / self.tau_adapt) - 1)}

    @classmethod
    def from_paper(cls, a: Any = 0.5, b: Any = 1.0, *, q: float = 120.0, **options: Any) -> "SEAdLIF":
        """The neuron of the paper's a (0 to 1) and b (0 to 2), both times q, that fires on v > v_threshold."""
        return cls(a=q * a, b=q * b, **{"fire_on": ">", **options})
