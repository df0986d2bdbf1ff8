"""Spike response model, with its kernels as linear states."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import Clamp, ImpulseInput, NoReset
from ranvier.neurons.neuron import Neuron
from ranvier.units import Resistance, Time, Voltage, ms


class SRM0(Neuron):
    """Spike response model SRM0: the potential is a sum of kernels over all input spikes, all own spikes, and the input current.

    v(t) = sum_f eta(t - t_f) + sum_j w_j sum_f epsilon(t - t_j^f) + int kappa(u) i(t - u) du, spike where v >= v_threshold, with
    eta(u) = -depth exp(-u/tau_refractory), kappa(u) = r/tau_mem exp(-u/tau_mem) and
    epsilon(u) = tau_mem/(tau_mem - tau_syn) (exp(-u/tau_mem) - exp(-u/tau_syn)); u/tau exp(-u/tau) for equal time constants, which is
    the kernel of Bohte, Kok and La Poutre (2002) divided by e.

    The kernels are solutions of d eta/dt = -eta/tau_refractory, d s/dt = -s/tau_syn and
    tau_mem dv/dt = -(v - eta) + (tau_mem/tau_syn) s + r i - (tau_mem/tau_refractory) eta, so no list of spikes is kept. A spike lowers eta
    and v by `depth`: that is the reset, and what earlier spikes left is kept (a sum over the last spike alone is wrong in a burst).
    With tau_refractory = tau_mem and depth = v_threshold this is the LIF with reset by subtraction.

    Input: impulses w added to s [V] (default), which reach v from the next step on; or with `input=CurrentInput()` a current i [A].
    Comparison: v >= v_threshold, after the decay of the step. Order: decay, input, compare, after-potential, in one step.
    Gradient through the after-potential in v: none, unless reset=ToValue(detach=False); through eta: yes.

    Raises ValueError for reset=NoReset() (write depth=0) and for refractory=Clamp(...): its refractoriness is the after-potential.

    Source: Gerstner and Kistler, Spiking Neuron Models (2002), section 4.2; the sum over all own spikes: Gerstner et al., Neuronal
    Dynamics (2014), section 6.4.
    """

    tau_mem: Time = parameter(20 * ms, positive=True)  # decay of epsilon and of kappa
    tau_syn: Time = parameter(5 * ms, positive=True)  # rise of epsilon
    tau_refractory: Time = parameter(20 * ms, positive=True)  # decay of the after-potential
    r: Resistance = parameter(1.0)  # input resistance
    v_threshold: Voltage = parameter(1.0)  # fires when v >= v_threshold
    depth: Voltage = parameter(1.0, nonnegative=True)  # by which a spike lowers the potential
    v: Voltage = state(0.0)  # membrane potential, [B, *N]
    s: Voltage = state(0.0)  # synaptic trace, [B, *N]
    eta: Voltage = state(0.0)  # after-potential, [B, *N]

    default_drive = ImpulseInput()

    def dynamics(self, s: Any, i: Any) -> Any:
        potential = (self.r * i - (s.v - s.eta)) / self.tau_mem + s.s / self.tau_syn
        recovery = -s.eta / self.tau_refractory
        return {"v": potential + recovery, "s": -s.s / self.tau_syn, "eta": recovery}

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"s": s.s + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": s.v - self.depth, "eta": s.eta - self.depth}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, and options that would take v and the after-potential apart."""
        super().validate()
        name = type(self).__name__
        if isinstance(self.options.reset, NoReset):
            raise ValueError(f"{name}: its reset is the after-potential, got reset=NoReset(). Write depth=0 for none.")
        if isinstance(self.options.refractory, Clamp):
            raise ValueError(
                f"{name}: its potential is a sum of kernels and cannot be held, got refractory={self.options.refractory}. "
                "Use BlockSpikes(...), or a larger depth."
            )


class SRM(SRM0):
    """Spike response model with kernels that know the last own spike: what came before it is forgotten.

    v(t) = eta(t - t_last) + sum_j w_j sum_f epsilon(t - t_last, t - t_j^f) + ..., the kernels of `SRM0` cut at t_last: a spike sets the
    sum of epsilon and kappa to zero and eta to -depth. The synaptic trace s goes on. With tau_refractory = tau_mem this is the LIF
    with reset to -depth (0 for depth = 0). Everything else is as in `SRM0`.

    Source: Gerstner and Kistler, Spiking Neuron Models (2002), section 4.2, with the LIF as its example.
    """

    def reset(self, s: Any) -> Any:
        return {"v": -self.depth, "eta": -self.depth}
