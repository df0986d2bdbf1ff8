"""Spike-timing-dependent plasticity of pairs of spikes."""

import math
import warnings
from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Time, ms


class PairSTDP(Rule):
    """Pair STDP: every presynaptic spike pairs with every postsynaptic one (all-to-all).

    dw = a_plus (w_max - w)^mu_plus exp(-s/tau_plus) for s = t_post - t_pre > 0,  dw = -a_minus (w - w_min)^mu_minus exp(s/tau_minus) for s < 0.

    mu 0: additive, with hard bounds; 1: multiplicative; between: Guetig et al. (2003). a_plus and a_minus are in units of the weight where mu
    is 0. t_pre is the time at which the spike arrives at the synapse, so the delay counts as axonal. A pair in one step changes nothing, unless
    simultaneous=PreFirst().

    Additive STDP drives weights to their bounds; w_min=-math.inf or w_max=math.inf asks for none, and then nothing holds them. Warns (UserWarning) where
    a_minus tau_minus < a_plus tau_plus in the additive all-to-all rule: spikes that have nothing to do with each other then strengthen every synapse. Raises
    ValueError for a soft bound (mu > 0) at infinity.

    Source: Song, Miller and Abbott (2000), Nature Neuroscience 3, eq. 1; Guetig et al. (2003), Journal of Neuroscience 23; traces: Morrison,
    Diesmann and Gerstner (2008), Biological Cybernetics 98, section 4.
    """

    tau_plus: Time = parameter(20 * ms, positive=True)  # of potentiation
    tau_minus: Time = parameter(20 * ms, positive=True)  # of depression
    a_plus: float = parameter(0.01)  # potentiation of a pair without distance
    a_minus: float = parameter(0.0105)  # depression of a pair without distance
    mu_plus: float = parameter(0.0, nonnegative=True)  # 0: hard bound; 1: proportional to what is left to w_max
    mu_minus: float = parameter(0.0, nonnegative=True)  # 0: hard bound; 1: proportional to w - w_min
    x: float = trace("tau_plus")  # of presynaptic spikes
    y: float = trace("tau_minus")  # of postsynaptic spikes

    def depression(self, s: Any) -> Any:
        """How much a trace of 1 takes from the weight."""
        return self.a_minus * (s.w - self.w_min) ** self.mu_minus

    def potentiation(self, s: Any) -> Any:
        """How much a trace of 1 adds to the weight."""
        return self.a_plus * (self.w_max - s.w) ** self.mu_plus

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - self.depression(s) * s.y, "x": s.x + 1}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + self.potentiation(s) * s.x, "y": s.y + 1}

    def validate(self) -> None:
        self._soft_bounds(self.mu_plus, self.mu_minus)
        up, down = self.a_plus * self.tau_plus, self.a_minus * self.tau_minus
        if type(self).on_post is PairSTDP.on_post and self.mu_plus == self.mu_minus == 0 and down < up:
            warnings.warn(
                f"{type(self).__name__}: a_minus tau_minus = {down:g} s is below a_plus tau_plus = {up:g} s, so that unrelated spikes strengthen "
                f"every synapse. Write a_minus={1.05 * up / self.tau_minus:g}.",
                stacklevel=3,
            )

    def _soft_bounds(self, to_max: float, to_min: float) -> None:
        for name, mu in (("w_max", to_max), ("w_min", to_min)):
            if mu > 0 and math.isinf(self.values[name]):
                raise ValueError(
                    f"{type(self).__name__}: a soft bound, mu = {mu:g}, needs a finite {name}, got {self.values[name]:g}. Write mu=0 for none."
                )


class NearestSTDP(PairSTDP):
    """Pair STDP in which a spike pairs with the last spike of the other side alone (nearest neighbour, symmetric): traces jump to 1."""

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - self.depression(s) * s.y, "x": 1}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + self.potentiation(s) * s.x, "y": 1}


class RestrictedSTDP(PairSTDP):
    """Pair STDP in which each spike is used once in each direction: a pair uses up the trace of its earlier spike.

    The scheme that finds repeating patterns (Masquelier, Guyonneau and Thorpe 2008, PLoS ONE 3; Hathway and Goodman 2018).
    """

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - self.depression(s) * s.y, "x": 1, "y": 0}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + self.potentiation(s) * s.x, "y": 1, "x": 0}


class CentredSTDP(PairSTDP):
    """Pair STDP centred on presynaptic spikes: each pairs with the last postsynaptic spike before it and with the next one after it.

    A spike that coincides with a postsynaptic one is used up by it. The scheme that gives BCM's threshold between
    independent trains (Izhikevich and Desai 2003, Neural Computation 15).

    Source: Morrison, Diesmann and Gerstner (2008), figure 7C.
    """

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - self.depression(s) * s.y, "x": s.x + 1}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + self.potentiation(s) * s.x, "y": 1, "x": 0}
