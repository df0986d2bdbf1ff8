"""Long short-term memory spiking network: regular and adaptive neurons, all connected with all."""

from typing import Any

import torch

from ranvier.equations.options import BlockSpikes
from ranvier.layers.recurrent import Recurrent
from ranvier.neurons.alif import ALIF
from ranvier.surrogates import Triangle
from ranvier.units import ms


class LSNN(Recurrent):
    """Long short-term memory spiking network: `regular` LIF and `adaptive` ALIF neurons, all connected with all. x: [T, B, size].

    size = regular + adaptive; the regular neurons come first. It is `Recurrent` with one `ALIF` population whose beta is 0 for the
    regular neurons, which leaves a LIF that is reset by subtraction; so it has that layer's weights, state and compiled kernels, and
    stands behind a `Linear` as any population does.

    beta: rise of the threshold of the adaptive neurons (see `ALIF`: the normalisation of 2018). Only beta/v_threshold matters: 170 is
    1.7 at a threshold of 0.01, as in the authors' code, so that a neuron at 20 Hz has more than four times its threshold at rest.
    refractory: 5 ms without spikes by default, as there; surrogate: a triangle of height 0.3. Other options are those of `ALIF`.
    Recurrent delay: one step.
    The spread of results between seeds is large: report the mean of several, not the best. A surrogate much higher than 0.3 lets the
    gradient grow through the adaptation.

    Source: Bellec et al. (NeurIPS 2018), "Long short-term memory and learning-to-learn in networks of spiking neurons".

    >>> LSNN(10, 10, tau_adapt=1200 * ms).size
    20
    """

    def __init__(
        self,
        regular: int,
        adaptive: int,
        *,
        beta: float = 170.0,
        generator: torch.Generator | None = None,
        **options: Any,
    ) -> None:
        if regular < 0 or adaptive < 0 or regular + adaptive < 1:
            raise ValueError(
                f"LSNN: regular and adaptive count neurons, at least one together; got {regular} and {adaptive}. Write LSNN(10, 10)."
            )
        rises = torch.tensor([0.0] * regular + [beta] * adaptive)
        options = {"surrogate": Triangle(0.3), "refractory": BlockSpikes(5 * ms), **options}
        super().__init__(ALIF(beta=rises, **options), regular + adaptive, generator=generator)
        self.regular, self.adaptive = regular, adaptive

    def extra_repr(self) -> str:
        return f"regular={self.regular}, adaptive={self.adaptive}"
