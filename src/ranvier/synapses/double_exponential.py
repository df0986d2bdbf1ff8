"""Double exponential synapse."""

from typing import Any

from ranvier.equations.declaration import parameter, state
from ranvier.neurons.kinetics import rise_and_decay
from ranvier.synapses.synapse import Synapse
from ranvier.units import Current, Time, ms


class DoubleExponentialSynapse(Synapse):
    """Double exponential current synapse: a spike of weight x makes a difference of two exponentials with peak x.

    i(t) = x (exp(-t/tau_decay) - exp(-t/tau_rise)) / (exp(-t*/tau_decay) - exp(-t*/tau_rise)),
    with its peak at t* = tau_rise tau_decay/(tau_decay - tau_rise) ln(tau_decay/tau_rise).

    As equations: di/dt = -i/tau_decay + gain rise;  d(rise)/dt = -rise/tau_rise;  an input x raises rise by x. For equal time constants this is the alpha
    function, with t* = tau: the gain is written without a division by their difference. Which of the two is longer does not matter.

    Input: impulses added to rise [A], after the decay of the step; they reach i from the next step on. The area is
    x tau_rise tau_decay gain, with gain = exp(t*/tau_rise)/tau_decay. Output: the current i [A] at the end of the step, [T, B, *N]. The
    step is exact for any dt, by a matrix exponential.

    Raises ValueError for time constants <= 0 and for dt above one of them.

    Source: Dayan and Abbott (2001), Theoretical Neuroscience, section 5.8; Roth and van Rossum (2009), "Modeling synapses".

    >>> import torch
    >>> x = torch.zeros(20, 1, 1)
    >>> x[0] = 1.0
    >>> DoubleExponentialSynapse(tau_rise=2e-3, tau_decay=8e-3)(x).flatten().argmax().item()    # t* = 8/3 ln 4 = 3.7 ms
    4
    """

    tau_rise: Time = parameter(1 * ms, positive=True)  # rise time constant
    tau_decay: Time = parameter(5 * ms, positive=True)  # decay time constant
    i: Current = state(0.0)  # synaptic current, [B, *N]
    rise: Current = state(0.0)  # what drives it, [B, *N]

    def dynamics(self, s: Any) -> Any:
        i, rise = rise_and_decay(s.i, s.rise, self.tau_rise, self.tau_decay)
        return {"i": i, "rise": rise}

    def receive(self, s: Any, x: Current) -> Any:
        return {"rise": s.rise + x}
