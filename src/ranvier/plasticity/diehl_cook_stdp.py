"""The rule of Diehl and Cook's networks."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Time, ms


class DiehlCookSTDP(Rule):
    """The triplet rule with which Diehl and Cook learn digits: potentiation needs a postsynaptic spike before.

    At a presynaptic spike  w <- w - nu_pre y;  x <- 1.  At a postsynaptic spike  w <- w + nu_post x y2;  y <- 1;  y2 <- 1.

    x is a trace of presynaptic spikes, y and y2 of postsynaptic ones; they jump to 1 and are read just before.

    Source: Diehl and Cook (2015), Frontiers in Computational Neuroscience 9; numbers as given in the authors' code.
    """

    tau_pre: Time = parameter(20 * ms, positive=True)  # of x
    tau_post: Time = parameter(20 * ms, positive=True)  # of y
    tau_post2: Time = parameter(40 * ms, positive=True)  # of y2
    nu_pre: float = parameter(1e-4, nonnegative=True)  # depression
    nu_post: float = parameter(1e-2, nonnegative=True)  # potentiation
    x: float = trace("tau_pre")
    y: float = trace("tau_post")
    y2: float = trace("tau_post2")

    def on_pre(self, s: Any) -> Any:
        return {"w": s.w - self.nu_pre * s.y, "x": 1}

    def on_post(self, s: Any) -> Any:
        return {"w": s.w + self.nu_post * s.x * s.y2, "y": 1, "y2": 1}
