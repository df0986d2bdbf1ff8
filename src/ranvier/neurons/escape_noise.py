"""Leaky integrate-and-fire with escape noise: it fires by chance, the likelier the nearer it is to its threshold."""

import math
from typing import Any

import torch
from torch import Tensor

from ranvier.equations.declaration import draw, parameter
from ranvier.equations.functions import log
from ranvier.neurons.lif import LIF
from ranvier.units import Dimensionless, Frequency, Voltage, ms


class EscapeLIF(LIF):
    """Leaky integrate-and-fire neuron with a stochastic threshold (escape noise, a generalised linear model with reset).

    Membrane, input and reset are those of `LIF`. It fires with the hazard rho(v) = rate exp((v - v_threshold)/width), that is with
    probability 1 - exp(-rho dt) in a step. In each step a number u is drawn, uniform in (0, 1), and a spike falls where
    v >= v_threshold + width (log(-log u) - log(rate dt)): the threshold itself is drawn anew, and no exponential can overflow.
    width = 0 is the deterministic LIF. The surrogate sees the distance to the drawn threshold.

    Randomness: the noise is a function of the state (`stream`, which of 2^24 random streams a neuron reads, and `drawn`, how far), so a run
    from a state repeats, a run can be cut anywhere, and results do not depend on threads, float type or backend. `seed` decides where a
    run from rest starts; give two populations two seeds, and assign `neuron.seed` where each batch shall have other noise. A stream
    repeats after 2^24 steps; probabilities below 6e-8 a step are zero.

    `log_likelihood` judges a spike train. Training on it alone tends to raise rates: add a term that holds them.

    Raises ValueError for a negative width or a rate that is not positive; TypeError for a float type that cannot count (bfloat16).

    Source: Gerstner et al., Neuronal Dynamics (2014), section 9.1; Pfister, Toyoizumi, Barber and Gerstner (2006), "Optimal
    spike-timing-dependent plasticity for precise action potential firing in supervised learning".

    >>> import torch
    >>> neuron = EscapeLIF(width=0.1, seed=7)
    >>> bool((neuron(torch.ones(50, 1, 3)) == neuron(torch.ones(50, 1, 3))).all())    # the noise is the seed's
    True
    """

    rate: Frequency = parameter(1 / (10 * ms), positive=True)  # hazard at the threshold
    width: Voltage = parameter(0.2, nonnegative=True)  # of the soft threshold: the hazard grows e-fold over it
    noise: Dimensionless = draw()

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold - self.width * (log(-log(s.noise)) - log(self.rate * self.dt))

    def hazard(self, v: Tensor) -> Tensor:
        """The rate [1/s] of firing at membrane potential v, of any shape that meets the parameters'; for width 0, infinite from the threshold on."""
        above, width = v - self.v_threshold, torch.as_tensor(self.width, dtype=v.dtype)
        return torch.where((width == 0) & (above == 0), math.inf, self.rate * torch.exp(above / width))

    def log_likelihood(self, v: Tensor, spikes: Tensor) -> Tensor:
        """Log-likelihood of a spike train, sum over spikes of log rho(v) - integral of rho(v) dt: [B, *N] for v and spikes [T, B, *N].

        v: the membrane in front of the threshold, as it is before the reset. Its gradient by v is spikes/width - rho dt/width
        (Pfister et al. 2006). Raises ValueError where shapes differ, and for a width of 0, at which a train is certain or impossible.
        """
        if v.shape != spikes.shape:
            raise ValueError(
                f"{type(self).__name__}: v and spikes must have one shape [T, B, *N], got {tuple(v.shape)} and {tuple(spikes.shape)}."
            )
        if not bool((torch.as_tensor(self.width) > 0).all()):
            raise ValueError(
                f"{type(self).__name__}: a likelihood needs noise, got width=0, at which a train is certain or impossible. Write width=0.2."
            )
        log_hazard = torch.as_tensor(self.rate, dtype=v.dtype).log() + (v - self.v_threshold) / self.width
        return (spikes * log_hazard - torch.exp(log_hazard) * self.dt).sum(0)
