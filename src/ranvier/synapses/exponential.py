"""Exponential synapse."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.synapses.synapse import Synapse
from ranvier.units import Current, Time, ms


class ExponentialSynapse(Synapse):
    """Exponential current synapse: a spike of weight x makes the current x exp(-t/tau).

    tau di/dt = -i;  an input x raises i by x.

    Input: impulses added to i [A], unscaled, after the decay of the step: the peak x is reached in the step of the spike, the area is
    x tau. Output: the current i [A] at the end of the step, [T, B, *N]. The step is exact for any dt.

    Raises ValueError for tau <= 0 and for dt > tau.

    Source: exact step as in Rotter and Diesmann (1999); Gerstner et al., Neuronal Dynamics (2014), section 3.1.

    >>> import torch
    >>> ExponentialSynapse(tau=5e-3)(torch.tensor([1.0, 0, 0, 0, 0, 0]).view(6, 1, 1))[-1].item()    # exp(-1)
    0.3678794...
    """

    tau: Time = parameter(5 * ms, positive=True)  # synaptic time constant
    i: Current = state(0.0)  # synaptic current, [B, *N]

    def dynamics(self, s: Any) -> Any:
        return {"i": -s.i / self.tau}

    def receive(self, s: Any, x: Current) -> Any:
        return {"i": s.i + x}
