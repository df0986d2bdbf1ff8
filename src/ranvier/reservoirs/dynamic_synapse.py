"""Dynamic synapses whose use, recovery and facilitation differ from synapse to synapse."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Time, ms


class DynamicSynapse(Rule):
    """Short-term plasticity as Markram, Wang and Tsodyks wrote it, every synapse with its own U, D and F.

        u_1 = U,  R_1 = 1;  spike k adds  w u_k R_k;
        u_{k+1} = U + u_k (1 - U) exp(-t_k/F);   R_{k+1} = 1 + (R_k - u_k R_k - 1) exp(-t_k/D),   t_k the time between spikes k and k + 1.

    `TsodyksMarkram` has one U, D and F for a whole projection. Here they stand beside the weight: `use` is U, `recovery` is clock/D, `facilitation` is
    clock/F, and `since` falls from 1 at a spike to exp(-t/clock), so that exp(-t/D) = since ** recovery.

    Source: Markram, Wang and Tsodyks (1998), PNAS 95, equations 1 and 2.
    """

    w_min: float = parameter(-1.0)
    clock: Time = parameter(100 * ms, positive=True)  # what `since` is measured by
    never: Time = parameter(float("inf"), positive=True)  # time constant of what stays
    use: float = trace("never")  # U
    recovery: float = trace("never")  # clock / D
    facilitation: float = trace("never")  # clock / F
    used: float = trace("never")  # u of the last spike, 0 before the first
    left: float = trace("never")  # 1 - R just after the last spike
    since: float = trace("clock")  # exp(-t/clock) since the last spike, 0 before the first

    def share(self, s: Any) -> Any:
        """u of a spike now."""
        return s.use + s.used * (1 - s.use) * s.since**s.facilitation

    def ready(self, s: Any) -> Any:
        """R of a spike now."""
        return 1 - s.left * s.since**s.recovery

    def transmit(self, s: Any) -> Any:
        return s.w * self.share(s) * self.ready(s)

    def on_pre(self, s: Any) -> Any:
        u, r = self.share(s), self.ready(s)
        return {"used": u, "left": 1 - r + u * r, "since": 1.0}
