"""Liquid time-constant cell: an equation whose time constant follows the input."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ranvier import kernels
from ranvier.kernels.cpu import liquid
from ranvier.layers.cell import TimedCell
from ranvier.neurons.verbs import Run, State


class LTC(TimedCell):
    """Liquid time-constant cell. x: [T, B, in_features] -> v [T, B, size].

    cm dv/dt = gleak (vleak - v) + sum_j w_j sigmoid(sigma_j (u_j - mu_j)) (erev_j - v),  u: the inputs x and the cell's own units v.

    With f = sum_j w_j sigmoid(...)/cm, tau = cm/gleak and A the mean of erev: dv/dt = -(1/tau + f) v + f A + vleak/tau. The time constant
    tau/(1 + tau f) so lies between tau and tau/(1 + tau W), W the sum of w/cm, and v never leaves the range of vleak and erev.
    These are conductances: no training adapts it while it runs, all its parameters are trained by backpropagation through time.

    Integrator: `unfolds` semi-implicit (fused) steps, v <- (cm/h v + gleak vleak + sum w s erev)/(cm/h + gleak + sum w s) with h = dt/unfolds;
    of first order, and stable for any w, where an explicit Euler step diverges. dt: time of a step in the unit of cm/gleak, 1 by
    default; `elapsed` gives other times (see `TimedCell`). Gradients fade on long sequences; `PhasedLSTM` and `LSNN` reach farther.
    backend: "auto", "cpu" (compiled) or "eager" (reference, which alone has a gradient of `elapsed`).

    Drawn: gleak U(0.001, 1), vleak U(-0.2, 0.2), cm U(0.4, 0.6), w U(0.001, 1), sigma U(3, 8), mu U(0.3, 0.8), erev -1 or 1.
    Shapes: [size], of synapses [in_features + size, size], the inputs first. w, gleak, cm are stored as their logarithms. State: `v` [B, size].

    Source: Hasani, Lechner, Amini, Rus and Grosu (AAAI 2021), "Liquid time-constant networks", its fused solver; draws and
    synapses as in Lechner et al. (2020), "Neural circuit policies".
    """

    state_names = ("v",)

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        unfolds: int = 6,
        dt: float = 1.0,
        backend: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_features, size, dt)
        if unfolds < 1:
            raise ValueError(f"LTC: unfolds must be at least 1 (steps of the integrator a step), got {unfolds}.")
        if backend not in kernels.BACKENDS:
            raise ValueError(f"LTC: backend must be one of {kernels.BACKENDS}, got {backend!r}.")
        self.unfolds, self.backend = unfolds, backend

        def drawn(low: float, high: float, *shape: int) -> Tensor:
            return torch.empty(shape).uniform_(low, high, generator=generator)

        synapses = (in_features + size, size)
        self.log_gleak = nn.Parameter(drawn(0.001, 1, size).log())
        self.vleak = nn.Parameter(drawn(-0.2, 0.2, size))
        self.log_cm = nn.Parameter(drawn(0.4, 0.6, size).log())
        self.log_w = nn.Parameter(drawn(0.001, 1, *synapses).log())
        self.sigma = nn.Parameter(drawn(3, 8, *synapses))
        self.mu = nn.Parameter(drawn(0.3, 0.8, *synapses))
        self.erev = nn.Parameter(drawn(-1, 1, *synapses).sign())

    @property
    def cm(self) -> Tensor:
        """Capacitances, [size]."""
        return self.log_cm.exp()

    @property
    def gleak(self) -> Tensor:
        """Leak conductances, [size]."""
        return self.log_gleak.exp()

    @property
    def w(self) -> Tensor:
        """Conductances of the open synapses, [in_features + size, size]."""
        return self.log_w.exp()

    def _scan(self, x: Tensor, state: State, record: Sequence[str], elapsed: Tensor | None) -> Run:
        assert elapsed is not None
        if kernels.choose(self.backend, x) == "eager" or elapsed.requires_grad:
            return super()._scan(x, state, record, elapsed)
        parameters = (self.w, self.sigma, self.mu, self.erev, self.cm, self.gleak, self.vleak)
        v = liquid.run(x, state["v"], self.unfolds / elapsed, self.unfolds, parameters)
        return Run(v, {"v": v[-1]}, dict.fromkeys(record, v))

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        assert elapsed is not None
        w, gleak = self.w, self.gleak
        from_input, own = slice(0, self.in_features), slice(self.in_features, None)
        sensed, sensed_drive = self._open(x, w, from_input)
        charge = self.cm / (elapsed / self.unfolds).to(x.dtype).unsqueeze(1)  # cm/h, [B, size]
        v = state["v"]
        for _ in range(self.unfolds):
            opened, driven = self._open(v, w, own)
            v = (charge * v + gleak * self.vleak + sensed_drive + driven) / (charge + gleak + sensed + opened)
        return v, {"v": v}

    def _open(self, u: Tensor, w: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        """Conductance that senders u [B, J] open, and what it pulls to: sum_j w s and sum_j w s erev, [B, size]."""
        opened = w[part] * torch.sigmoid(self.sigma[part] * (u.unsqueeze(2) - self.mu[part]))  # [B, J, size]
        return opened.sum(1), (opened * self.erev[part]).sum(1)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, unfolds={self.unfolds}"
