"""Alpha synapse."""

import math
from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.synapses.synapse import Synapse
from ranvier.units import Current, Time, ms


class AlphaSynapse(Synapse):
    """Alpha current synapse: a spike of weight x makes the current x (t/tau) exp(1 - t/tau).

    tau di/dt = -i + e rise;  tau d(rise)/dt = -rise;  an input x raises rise by x.

    Input: impulses added to rise [A], after the decay of the step; they reach i from the next step on. The peak of i is x, tau after the
    spike; the area is e tau x. Output: the current i [A] at the end of the step, [T, B, *N]. The step is exact for any dt, by a matrix
    exponential. It is `DoubleExponentialSynapse` with two equal time constants.

    Raises ValueError for tau <= 0 and for dt > tau.

    Source: Rall (1967), "Distinguishing theoretical synaptic potentials"; exact step as in Rotter and Diesmann (1999).

    >>> import torch
    >>> x = torch.zeros(20, 1, 1)
    >>> x[0] = 2.0
    >>> AlphaSynapse(tau=5e-3)(x).flatten().argmax().item()    # tau = 5 steps
    5
    """

    tau: Time = parameter(5 * ms, positive=True)  # time from the spike to the peak
    i: Current = state(0.0)  # synaptic current, [B, *N]
    rise: Current = state(0.0)  # what drives it, [B, *N]

    def dynamics(self, s: Any) -> Any:
        return {"i": (math.e * s.rise - s.i) / self.tau, "rise": -s.rise / self.tau}

    def receive(self, s: Any, x: Current) -> Any:
        return {"rise": s.rise + x}
