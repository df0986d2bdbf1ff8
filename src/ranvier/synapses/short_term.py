"""Short-term plasticity: depression and facilitation."""

from typing import Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.synapses.synapse import Synapse
from ranvier.units import Dimensionless, Frequency, Time, ms


class ShortTermPlasticity(Synapse):
    """Tsodyks-Markram short-term plasticity: how much each presynaptic spike releases, after the spikes before it.

    Between spikes   dx/dt = (1 - x)/tau_rec;  du/dt = -u/tau_facil.
    At a spike       u <- u + U (1 - u);  the release is u x, with this u;  x <- x - u x.

    x is the share of transmitter that is ready, u the share of it that a spike uses. tau_rec >> tau_facil depresses, tau_facil >> tau_rec
    with a small U facilitates, tau_facil = dt is depression alone (u = U at every spike).

    One state a presynaptic neuron: it stands before the weights, `Sequential(ShortTermPlasticity(), Linear(100, 20), ExponentialSynapse(),
    LIF())`, and weights are the absolute efficacies.

    Input: spikes, 0 or 1 a step, after the relaxation of the step. Output: the release u x in the step of a spike, else 0, [T, B, *N];
    for spikes at intervals D it is the recursion of Markram et al.: u' = U + u (1 - U) exp(-D/tau_facil),
    x' = 1 + (x - u x - 1) exp(-D/tau_rec), exactly. With `input=CurrentInput()`, the continuous form: the input is a rate [1/s], the output
    the released rate [1/s], and the jumps come at that rate (mean field of Poisson spikes, Tsodyks et al. 1998); its step is
    `ExponentialEuler`, right in the limit of a constant rate.

    A learned U stays above 0; nothing holds it below 1 while it is trained.

    Raises ValueError for U outside of (0, 1], for time constants <= 0 and for dt above one of them.

    Source: Markram, Wang and Tsodyks (1998), "Differential signaling via the same axon of neocortical pyramidal neurons", PNAS 95;
    Tsodyks, Pawelzik and Markram (1998), "Neural networks with dynamic synapses", Neural Computation 10. Defaults: excitatory to
    excitatory of Maass, Natschlaeger and Markram (2002).

    >>> import torch
    >>> spikes = torch.zeros(101, 1, 1)
    >>> spikes[[0, 50, 100]] = 1.0    # 20 Hz
    >>> ShortTermPlasticity()(spikes)[[0, 50, 100]].flatten()
    tensor([0.5000, 0.3091, 0.1510])
    """

    U: Dimensionless = parameter(0.5, positive=True)  # share that a first spike uses, in (0, 1]
    tau_rec: Time = parameter(1100 * ms, positive=True)  # recovery from depression
    tau_facil: Time = parameter(50 * ms, positive=True)  # decay of facilitation
    x: Dimensionless = state(1.0)  # ready transmitter, [B, *N]
    u: Dimensionless = state(0.0)  # facilitation left from spikes before, [B, *N]

    membrane = "x"

    def used(self, s: Any) -> Any:
        return s.u + self.U * (1 - s.u)

    def jump(self, s: Any, spikes: Any) -> Any:
        return {"x": -self.used(s) * s.x * spikes, "u": self.U * (1 - s.u) * spikes}

    def dynamics(self, s: Any, rate: Frequency) -> Any:
        jump = self.jump(s, rate)
        return {"x": (1 - s.x) / self.tau_rec + jump["x"], "u": -s.u / self.tau_facil + jump["u"]}

    def receive(self, s: Any, spikes: Dimensionless) -> Any:
        jump = self.jump(s, spikes)
        return {"x": s.x + jump["x"], "u": s.u + jump["u"]}

    def output(self, s: Any, spikes: Dimensionless) -> Any:
        return self.used(s) * s.x * spikes

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, and U above 1."""
        super().validate()
        largest = float(torch.as_tensor(self.U).detach().max())
        if largest > 1:
            raise ValueError(
                f"{type(self).__name__}: U must lie in (0, 1], got {largest:g}. Write U=0.5 for the default."
            )
