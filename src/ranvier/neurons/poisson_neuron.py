"""Poisson neuron: spikes at the rate that its input asks for."""

from typing import Any

from ranvier.equations.declaration import draw, state
from ranvier.equations.functions import log
from ranvier.equations.options import ImpulseInput
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimensionless, Frequency


class PoissonNeuron(Neuron):
    """Poisson neuron: it has no membrane, and fires in each step with probability 1 - exp(-rate dt).

    Input: the rate [1/s] of the step, from the layer before; a rate at or below 0 is silent. There is no rate that is too high:
    probabilities are exact for a Poisson process of which a step keeps one spike at most, and none exceeds one.
    Comparison: rate dt + log u >= 0 with u drawn anew, uniform in (0, 1); the surrogate sees that sum. There is no reset.
    Intervals have the coefficient of variation of a geometric law, sqrt(1 - p), counts the Fano factor 1 - p; both are 1 for dt -> 0.

    Randomness: as in `EscapeLIF`: `seed`, and the states `stream` and `drawn`. To turn values into spikes once, use an encoder.

    Raises TypeError for a float type that cannot count (bfloat16).

    Source: Gerstner et al., Neuronal Dynamics (2014), chapter 7; Dayan and Abbott (2001), section 1.4.

    >>> import torch
    >>> PoissonNeuron(seed=1)(torch.full((1000, 1, 100), 50.0)).mean().round(decimals=2)    # 50 Hz, 1 ms
    tensor(0.0500)
    """

    rate: Frequency = state(0.0)  # of this step, [B, *N]
    noise: Dimensionless = draw()

    membrane = "rate"
    default_drive = ImpulseInput()

    def dynamics(self, s: Any) -> Any:
        return {"rate": 0 * s.rate / self.dt}

    def receive(self, s: Any, x: Frequency) -> Any:
        return {"rate": x}

    def threshold(self, s: Any) -> Any:
        return s.rate * self.dt + log(s.noise)
