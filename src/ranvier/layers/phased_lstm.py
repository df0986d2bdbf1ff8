"""Phased LSTM: each unit is open for a short part of its own rhythm."""

import math
import warnings

import torch
from torch import Tensor, nn

from ranvier.layers.cell import TimedCell
from ranvier.layers.gates import Gates
from ranvier.neurons.verbs import State
from ranvier.units import ms

HOLES = 0.25  # share of the time without an open unit from which on we warn


class PhasedLSTM(TimedCell):
    """Long short-term memory with a gate k that a clock opens. x: [T, B, in_features] -> h [T, B, size].

    phi = ((t - shift) mod tau)/tau;  k = 2 phi/r_on in the first half of the open phase, 2 - 2 phi/r_on in the second, alpha phi after it;
    c~ = f c + i g;  c <- k c~ + (1 - k) c;  h <- k o tanh(c~) + (1 - k) h.

    A unit keeps its state while it is closed, over any number of steps, so memory and gradient reach far; and time is real: input may
    come at irregular times. The first step stands at t = dt; `elapsed` gives other times, [T] or [T, B] (see `TimedCell`).

    tau: periods [s] of the units, a number or [size]; by default dt*exp(u) with u from U(1, 6), 3 to 400 steps. shift: [s], by default from
    U(0, tau). Both are learned. r_on: open share of a period. alpha: leak of the closed phase while training; in evaluation mode it is 0 and
    a closed unit's state stays as it is, bit by bit. There are no peepholes. Warns where more than a quarter of the time no unit is open.
    Weights, in `gates`, are those of `torch.nn.LSTMCell`. State: `c`, `h` [B, size]; `time` of the step before, [B], float64.

    Source: Neil, Pfeiffer and Liu (NeurIPS 2016), "Phased LSTM" (the authors' code adds the shift, which the paper subtracts).
    """

    state_names = ("c", "h", "time")
    precise = ("time",)

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        tau: Tensor | float | None = None,
        shift: Tensor | float | None = None,
        r_on: float = 0.05,
        alpha: float = 0.001,
        dt: float = 1 * ms,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_features, size, dt)
        if not 0 < r_on <= 1:
            raise ValueError(
                f"PhasedLSTM: r_on must lie in (0, 1], the open share of a period, got {r_on}. Write 0.05."
            )
        if not 0 <= alpha < 1:
            raise ValueError(f"PhasedLSTM: alpha must lie in [0, 1), got {alpha}. Write alpha=0.001.")
        self.r_on, self.alpha = float(r_on), float(alpha)
        self.gates = Gates(in_features, size, generator)
        periods = self._units("tau", dt * torch.empty(size).uniform_(1, 6, generator=generator).exp(), tau)
        if not bool((periods > 0).all() & periods.isfinite().all()):
            raise ValueError(f"PhasedLSTM: tau must be > 0, got a minimum of {float(periods.min()):g} s.")
        shifts = self._units("shift", periods * torch.rand(size, generator=generator), shift)
        self.log_tau, self.shift = nn.Parameter(periods.log()), nn.Parameter(shifts)
        closed = (1 - self.r_on) ** size
        if closed > HOLES:
            warnings.warn(
                f"PhasedLSTM: with size={size} and r_on={r_on:g} no unit is open in {100 * closed:.0f} % of the time, and input then is lost. "
                f"Use size={math.ceil(math.log(HOLES) / math.log1p(-self.r_on))} or more, or a larger r_on.",
                stacklevel=2,
            )

    @property
    def tau(self) -> Tensor:
        """Periods of the units [s], [size]."""
        return self.log_tau.exp()

    def drive(self, x: Tensor) -> Tensor:
        return self.gates.of_input(x)

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        assert elapsed is not None
        time = state["time"] + elapsed
        k = opening(time.unsqueeze(1), self.tau, self.shift, self.r_on, self.alpha if self.training else 0.0).to(
            x.dtype
        )
        i, f, g, o = self.gates(x, state["h"])
        c = torch.sigmoid(f) * state["c"] + torch.sigmoid(i) * torch.tanh(g)
        h = torch.lerp(state["h"], torch.sigmoid(o) * torch.tanh(c), k)
        return h, {"c": torch.lerp(state["c"], c, k), "h": h, "time": time}

    def _units(self, name: str, drawn: Tensor, given: Tensor | float | None) -> Tensor:
        """A value of each unit, [size]."""
        if given is None:
            return drawn
        values = torch.as_tensor(given, dtype=drawn.dtype).detach()
        if values.shape not in ((), drawn.shape):
            raise ValueError(
                f"PhasedLSTM: {name} has shape {tuple(values.shape)}, expected a number or ({self.size},), one a unit."
            )
        return values.expand(self.size).clone()

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, r_on={self.r_on:g}, alpha={self.alpha:g}"


def opening(time: Tensor, tau: Tensor, shift: Tensor, r_on: float, alpha: float) -> Tensor:
    """How far the gate is open at a time, in [0, 1]: up and down in the first `r_on` of each period, a leak after it."""
    phi = torch.remainder(time - shift, tau) / tau  # not negative, whatever the sign of time - shift
    ramp = 2 * phi / r_on
    return torch.where(phi < r_on / 2, ramp, torch.where(phi < r_on, 2 - ramp, alpha * phi))
