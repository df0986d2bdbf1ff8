"""Short-term plasticity as a rule of a projection, alone and together with STDP."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.pair_stdp import PairSTDP
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Dimensionless, Time, ms


class TsodyksMarkram(Rule):
    """Short-term plasticity: a spike adds w u ready, and the weight stays.

    Between spikes  d(ready)/dt = (1 - ready)/tau_rec;  du/dt = -u/tau_facil.  At a spike  u <- u + U (1 - u);  it releases u ready, with this u;
    ready <- ready - u ready.

    The same equations as the synapse `ShortTermPlasticity` (where `ready` is x), for every synapse by itself, after its own delay.

    Raises ValueError for U outside of (0, 1].

    Source: Markram, Wang and Tsodyks (1998), PNAS 95; defaults: excitatory to excitatory of Maass, Natschlaeger and Markram (2002).
    """

    U: Dimensionless = parameter(0.5, positive=True)  # share that a first spike uses, in (0, 1]
    tau_rec: Time = parameter(1100 * ms, positive=True)  # recovery from depression
    tau_facil: Time = parameter(50 * ms, positive=True)  # decay of facilitation
    u: float = trace("tau_facil")  # facilitation left from spikes before
    ready: float = trace("tau_rec", rest=1.0)  # share of transmitter that is ready

    def used(self, s: Any) -> Any:
        """Share of the ready transmitter that a spike uses."""
        return s.u + self.U * (1 - s.u)

    def transmit(self, s: Any) -> Any:
        return s.w * self.used(s) * s.ready

    def on_pre(self, s: Any) -> Any:
        return {"u": self.used(s), "ready": s.ready - self.used(s) * s.ready}

    def validate(self) -> None:
        if self.U > 1:
            raise ValueError(
                f"{type(self).__name__}: U must lie in (0, 1], got {self.U:g}. Write U=0.5 for the default."
            )


class TsodyksMarkramSTDP(TsodyksMarkram, PairSTDP):
    """Short-term plasticity of what a spike releases, and pair STDP of the weight (the absolute efficacy) that it is multiplied with.

    Spikes pair as in `PairSTDP`, whether they release much or little.
    """

    def on_pre(self, s: Any) -> Any:
        return {**PairSTDP.on_pre(self, s), **TsodyksMarkram.on_pre(self, s)}

    def validate(self) -> None:
        TsodyksMarkram.validate(self)
        PairSTDP.validate(self)
