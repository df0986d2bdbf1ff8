"""Long short-term memory whose values travel as counts of spikes in two channels."""

import torch
from torch import Tensor

from ranvier.layers.cell import Cell
from ranvier.layers.gates import Gates
from ranvier.neurons.verbs import State


class RateLSTM(Cell):
    """Long short-term memory in which every value is a count of spikes, in a channel for its positive and one for its negative part.
    x: [T, B, in_features] -> h [T, B, size], whole multiples of 1/ticks in [-1, 1].

    One step of the cell is a window of `ticks` in which a line carries one spike a tick: a value a in [-1, 1] is round(|a| ticks) spikes in the
    channel of its sign, the cell c a burst of round(|c| ticks) spikes. With q(a) the value that arrives, i, f, o = q(sigmoid(...)) and
    g = q(tanh(...)) of weight_ih x + weight_hh h + bias;  c <- q(f c + i g), |c| <= reach;  h <- q(o q(tanh(c))).

    `to_channels` and `from_channels` are the spikes themselves. A value comes back within 1/(2 ticks): `resolution`, 1/ticks, is the finest
    difference that a gate can make, and for ticks -> infinity this is a plain LSTM. Gradient: straight through the rounding, none where c is held at
    reach. The input x is taken as the layer before sends it, spikes or values. Weights, in `gates`, are those of `torch.nn.LSTMCell`.
    State: `c` and `h`, [B, size].

    Raises ValueError for ticks below 1 and a reach below 1.

    Source: after Shrestha, Ahmed, Wang and Qiu (2017), "A spike-based long short-term memory on a neurosynaptic processor": two channels and a burst
    as Tavanaei et al. (2019) describe them. Its mapping to the chip is not reproduced, nor was an accuracy published to compare with.

    >>> RateLSTM(3, 5, ticks=16).resolution
    0.0625
    """

    state_names = ("c", "h")

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        ticks: int = 16,
        reach: float = 4.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_features, size)
        if ticks < 1:
            raise ValueError(
                f"RateLSTM: ticks must be at least 1, the length of a window, got {ticks}. Write ticks=16."
            )
        if not 1 <= reach < float("inf"):
            raise ValueError(
                f"RateLSTM: reach must be at least 1, the largest |c| that a burst can hold, got {reach}. Write reach=4.0."
            )
        self.ticks, self.reach = ticks, float(reach)
        self.gates = Gates(in_features, size, generator)

    @property
    def resolution(self) -> float:
        """The finest difference between two values, 1/ticks."""
        return 1 / self.ticks

    def drive(self, x: Tensor) -> Tensor:
        return self.gates.of_input(x)

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        i, f, g, o = self.gates(x, state["h"])
        i, f, o, g = (self._sent(a) for a in (torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(g)))
        c = self._sent(f * state["c"] + i * g, self.reach)
        h = self._sent(o * self._sent(torch.tanh(c)))
        return h, {"c": c, "h": h}

    def _sent(self, value: Tensor, most: float = 1.0) -> Tensor:
        """The value that arrives: a whole number of spikes, over ticks."""
        held = value.clamp(-most, most)
        return held + (torch.round(held.detach() * self.ticks) / self.ticks - held.detach())

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, ticks={self.ticks}, resolution={self.resolution:g}"


def to_channels(values: Tensor, ticks: int) -> Tensor:
    """Spikes of values in [-1, 1]: [ticks, 2, *N] for values [*N], the positive channel first, spread evenly over the window.

    Raises ValueError for ticks below 1 and for values outside of [-1, 1].

    >>> to_channels(torch.tensor([0.5, -0.25]), 4).sum(0).tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    if ticks < 1:
        raise ValueError(f"to_channels: ticks must be at least 1, got {ticks}.")
    if not bool((values.abs() <= 1).all()):
        raise ValueError(
            f"to_channels: values must lie in [-1, 1], got {float(values.min()):g} to {float(values.max()):g}. Divide by the largest."
        )
    count = torch.round(values.detach().abs() * ticks)
    sent = torch.stack([torch.where(values > 0, count, 0), torch.where(values < 0, count, 0)])
    tick = torch.arange(ticks + 1, dtype=values.dtype, device=values.device).view(-1, *[1] * sent.dim())
    return torch.floor(tick * sent / ticks + 0.5 / ticks).diff(dim=0)  # half a step keeps whole numbers whole


def from_channels(spikes: Tensor) -> Tensor:
    """Values [*N] of spikes [ticks, 2, *N]: the difference of the two counts, over ticks."""
    if spikes.dim() < 2 or spikes.shape[1] != 2:
        raise ValueError(f"from_channels: spikes must be [ticks, 2, *N], got shape {tuple(spikes.shape)}.")
    count = spikes.sum(0)
    return (count[0] - count[1]) / spikes.shape[0]
