"""Delta synapse."""

from typing import Any

from ranvier.equations.declaration import state
from ranvier.synapses.synapse import Synapse
from ranvier.units import Voltage


class DeltaSynapse(Synapse):
    """Delta synapse: an impulse reaches the membrane at once and leaves nothing behind.

    jump(t) = sum_k x_k delta(t - t_k)

    Input: impulses x [V], the jumps that they make. Output: the jump of this step [V], [T, B, *N]; feed it to a neuron with
    `input=ImpulseInput()`, which adds it to v unscaled. There is no parameter; `dt` does not matter. The sum of the output is the sum of
    the input. It says in a chain what is true without it: weights act as delta synapses on a neuron that takes impulses.

    Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3.2 (pulse input).

    >>> import torch
    >>> DeltaSynapse()(torch.tensor([0.0, 0.4, 0.0]).view(3, 1, 1)).flatten()
    tensor([0.0000, 0.4000, 0.0000])
    """

    jump: Voltage = state(0.0)  # of this step, [B, *N]

    membrane = "jump"

    def dynamics(self, s: Any) -> Any:
        return {"jump": 0}

    def receive(self, s: Any, x: Voltage) -> Any:
        return {"jump": x}
