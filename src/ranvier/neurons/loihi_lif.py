"""The leaky integrate-and-fire neuron of Loihi, in its whole numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ranvier.neurons.verbs import Run, State, Verbs

ONE = 4096  # decays are shares of 2^12
WIDEST = 2**23 - 1  # of u and v
HEAVIEST = 2**21 - 64  # of an effective weight


class LoihiLIF(Verbs):
    """Leaky integrate-and-fire neuron with synaptic current in the integer arithmetic of Loihi 1, bit by bit.

    u <- away(u (4096 - decay_u)/4096) + x;  v <- away(v (4096 - decay_v)/4096) + u + bias;  spike where v > 64 threshold;  v <- 0.
    away(a) = sign(a) ceil(|a|) rounds away from zero. After a spike v is held at 0 until `refractory` steps have passed; u goes on.

    Input: the sum of effective weights of the spikes of the step (`effective_weight`), whole numbers. It reaches v in the same step.
    Comparison: v > threshold. Order: decay and input of u, decay of v and u, compare, reset, in one step. Nothing here is differentiable: train
    with `Synaptic` (r=1), whose recursion this is, round the weights, and judge what the rounding costs with this.

    decay_u, decay_v: 0 to 4096, a time constant of dt/ln(4096/(4096 - decay)). threshold: mantissa, 0 to 131071. bias: a whole number.
    refractory: 1 to 64 steps from one spike to the first step in which v may move again; 1 holds nothing. Each a number, for the population.
    State: `u`, `v`, `held` (steps left), int64 [B, *N]. Output: spikes [T, B, *N] in the input's type.

    Raises TypeError for numbers that are not whole, ValueError for those outside of their range, for an input with fractions, and where u or
    v leaves +-(2^23 - 1): the chip would not say so.

    Source: equations and ranges as given in the public Loihi emulators for Brian2 and Nengo; Davies et al. (2018), "Loihi: a neuromorphic
    manycore processor with on-chip learning", IEEE Micro 38, describes the chip without rounding.

    >>> neuron = LoihiLIF(decay_u=512, decay_v=256, threshold=1000)
    >>> x = torch.zeros(13, 1, 1)
    >>> x[::5] = neuron.effective_weight(torch.tensor([100])).item()
    >>> neuron.run(x, record=("v",)).records["v"].flatten()[:5].tolist()
    [6400, 11600, 15775, 19078, 21638]
    """

    state_names = ("u", "v", "held")

    def __init__(
        self, *, decay_u: int = 4096, decay_v: int = 128, threshold: int = 1000, bias: int = 0, refractory: int = 1
    ) -> None:
        super().__init__()
        ranges = {
            "decay_u": (decay_u, 0, ONE),
            "decay_v": (decay_v, 0, ONE),
            "threshold": (threshold, 0, 2**17 - 1),
            "bias": (bias, -WIDEST, WIDEST),
            "refractory": (refractory, 1, 64),
        }
        for name, (value, low, high) in ranges.items():
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(
                    f"LoihiLIF: {name} must be a whole number, got {value!r}. Write {name}={low}, for example."
                )
            if not low <= value <= high:
                raise ValueError(f"LoihiLIF: {name} must lie in {low}..{high}, got {value}.")
        self.decay_u, self.decay_v, self.threshold, self.bias, self.refractory = (v for v, _, _ in ranges.values())

    @staticmethod
    def effective_weight(weight: Tensor, exponent: int = 0, *, mixed: bool = False) -> Tensor:
        """What a spike through synapses of weight adds to u: weight 2^(6 + exponent), int64, of weight's shape.

        weight: whole numbers of 8 bits, -255..255, all of one sign; mixed=True for synapses of both signs, -256..254, whose lowest bit is
        lost (rounded down, as by a shift). exponent: -8..7. Below -6 fractions are dropped towards zero, which is our reading and not checked on a chip.
        Raises ValueError for what has fractions, lies outside of its range, or makes more than 2^21 - 64.
        """
        _check_whole("LoihiLIF.effective_weight: weight", weight)
        low, high = (-256, 254) if mixed else (-255, 255)
        whole = weight.to(torch.int64)
        if bool((whole < low).any() | (whole > high).any()):
            raise ValueError(
                f"LoihiLIF.effective_weight: weights have 8 bits, {low}..{high} with mixed={mixed}, got {int(whole.min())}..{int(whole.max())}. "
                "Scale them down, and raise exponent=."
            )
        if not mixed and bool((whole < 0).any() & (whole > 0).any()):
            raise ValueError(
                "LoihiLIF.effective_weight: weights have both signs. Write mixed=True, which costs their lowest bit."
            )
        if isinstance(exponent, bool) or not isinstance(exponent, int) or not -8 <= exponent <= 7:
            raise ValueError(f"LoihiLIF.effective_weight: exponent must be a whole number in -8..7, got {exponent!r}.")
        if mixed:
            whole = 2 * torch.div(whole, 2, rounding_mode="floor")
        scale = 2 ** abs(6 + exponent)
        effective = whole * scale if exponent >= -6 else torch.div(whole, scale, rounding_mode="trunc")
        if bool((effective.abs() > HEAVIEST).any()):
            raise ValueError(
                f"LoihiLIF.effective_weight: an effective weight of {int(effective.abs().max())} is above 2^21 - 64 = {HEAVIEST}. "
                "Lower exponent=."
            )
        return effective

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """State at rest. shape: [B, *N]. like: a tensor whose device the state takes."""
        device = None if like is None else like.device
        return {name: torch.zeros(tuple(shape), dtype=torch.int64, device=device) for name in self.state_names}

    @torch.no_grad()
    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x [T, B, *N], whole numbers of an integer or floating type, from `state` (rest if None). record: of `u`, `v`, `held`."""
        if not isinstance(x, Tensor) or x.dim() < 2 or 0 in x.shape:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(
                f"LoihiLIF: input must be a tensor [T, B, *N] (time, batch, neurons) with entries, got {got}."
            )
        unknown = [name for name in record if name not in self.state_names]
        if unknown:
            raise ValueError(
                f"LoihiLIF has no state {', '.join(unknown)} to record. It has: {', '.join(self.state_names)}."
            )
        _check_whole("LoihiLIF: input", x)
        now = self.initial_state(x.shape[1:], x) if state is None else dict(state)
        for name in self.state_names:
            if name not in now or now[name].shape != x.shape[1:]:
                raise ValueError(
                    f"LoihiLIF: state must hold {list(self.state_names)} of shape {tuple(x.shape[1:])}. "
                    f"Start from initial_state({tuple(x.shape[1:])})."
                )
        u, v, held = (now[name] for name in self.state_names)
        spikes: list[Tensor] = []
        rows: dict[str, list[Tensor]] = {name: [] for name in record}
        for t, drive in enumerate(x.to(torch.int64).unbind(0)):
            u = _decayed(u, self.decay_u) + drive
            v = torch.where(held > 0, 0, _decayed(v, self.decay_v) + u + self.bias)
            _check_width(t, u, v)
            fired = v > 64 * self.threshold
            held = torch.where(fired, self.refractory - 1, (held - 1).clamp(min=0))
            v = torch.where(fired, 0, v)
            spikes.append(fired)
            for name, value in (("u", u), ("v", v), ("held", held)):
                if name in rows:
                    rows[name].append(value)
        records = {name: torch.stack(values) for name, values in rows.items()}
        return Run(torch.stack(spikes).to(x.dtype), {"u": u, "v": v, "held": held}, records)

    def extra_repr(self) -> str:
        return f"decay_u={self.decay_u}, decay_v={self.decay_v}, threshold={self.threshold}, bias={self.bias}, refractory={self.refractory}"


def _decayed(value: Tensor, decay: int) -> Tensor:
    """away(value (4096 - decay)/4096)."""
    kept = value.abs() * (ONE - decay)
    return value.sign() * torch.div(kept + ONE - 1, ONE, rounding_mode="floor")


def _check_whole(what: str, values: Tensor) -> None:
    if values.is_floating_point() and not bool(((values == values.round()) & values.isfinite()).all()):
        raise ValueError(
            f"{what} must be whole numbers, got fractions, NaN or infinity. Round them first: torch.round(...)."
        )


def _check_width(step: int, u: Tensor, v: Tensor) -> None:
    for name, value in (("u", u), ("v", v)):
        widest = int(value.abs().max())
        if widest > WIDEST:
            raise ValueError(
                f"LoihiLIF: {name} reaches {widest} in step {step}, beyond the 24 bits of the chip (2^23 - 1 = {WIDEST}). Use smaller weights."
            )
