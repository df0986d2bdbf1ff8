"""Who is connected to whom in a liquid, with what weight, delay and dynamics: the column of Maass, Natschlaeger and Markram and others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation.patterns import DistanceDependent, grid
from ranvier.units import ms, nA

# By kind of pair, presynaptic first: EE, EI, IE, II.
PROBABILITY = (0.3, 0.2, 0.4, 0.1)  # C: of a connection at distance 0
AMPLITUDE = (30 * nA, 60 * nA, -19 * nA, -19 * nA)  # mean size of the current of a spike that uses everything
DELAY = (1.5 * ms, 0.8 * ms, 0.8 * ms, 0.8 * ms)
USE = (0.5, 0.05, 0.25, 0.32)  # U
RECOVERY = (1.1, 0.125, 0.7, 0.144)  # D [s]
FACILITATION = (0.05, 1.2, 0.02, 0.06)  # F [s]


@dataclass(frozen=True, eq=False)
class Wiring:
    """A liquid's neurons and synapses.

    positions: [N, 3]. inhibitory: [N], bool. pre, post: [S], neurons. weight: [S], current of a spike [A], below zero from inhibitory neurons; with dynamics
    that of a spike that uses everything. delay: [S], seconds. use, recovery, facilitation: [S], U, D [s] and F [s] of each synapse.
    """

    positions: NDArray[np.float64]
    inhibitory: NDArray[np.bool_]
    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: NDArray[np.float64]
    delay: NDArray[np.float64]
    use: NDArray[np.float64]
    recovery: NDArray[np.float64]
    facilitation: NDArray[np.float64]

    def __post_init__(self) -> None:
        each = [self.pre, self.post, self.weight, self.delay, self.use, self.recovery, self.facilitation]
        if (
            self.positions.shape != (len(self.inhibitory), 3)
            or self.inhibitory.dtype != bool
            or any(part.shape != (len(self.pre),) for part in each)
        ):
            raise ValueError(
                f"Wiring: shapes do not belong together: positions {self.positions.shape}, inhibitory {self.inhibitory.shape} {self.inhibitory.dtype}, "
                f"synapses {[part.shape for part in each]}. Expected [N, 3], bool [N], and one entry a synapse in each of the others."
            )
        if not all(np.isfinite(part).all() for part in (self.positions, *each)):
            raise ValueError("Wiring: it holds NaN or inf. Find them with np.isfinite.")
        ends = np.concatenate([self.pre, self.post])
        if ends.size and not (ends.dtype.kind in "iu" and 0 <= ends.min() and ends.max() < self.n):
            raise ValueError(
                f"Wiring: pre and post must be whole numbers in 0..{self.n - 1}, got {ends.min()} to {ends.max()}."
            )

    @property
    def n(self) -> int:
        """Neurons."""
        return len(self.positions)

    @property
    def kind(self) -> NDArray[np.int64]:
        """Of each synapse: 0 EE, 1 EI, 2 IE, 3 II."""
        return 2 * self.inhibitory[self.pre].astype(np.int64) + self.inhibitory[self.post]

    @property
    def distance(self) -> NDArray[np.float64]:
        """Of each synapse."""
        return np.linalg.norm(self.positions[self.pre] - self.positions[self.post], axis=1)

    def scaled(self, factor: Any) -> "Wiring":
        """The same with other weights: a factor, or one a synapse."""
        return replace(self, weight=self.weight * factor)


def column(
    shape: Sequence[int],
    rng: np.random.Generator,
    *,
    inhibitory: float = 0.2,
    lam: float = 2.0,
    probability: Sequence[float] = PROBABILITY,
    amplitude: Sequence[float] = AMPLITUDE,
    spread: float = 0.5,
) -> Wiring:
    """A column of neurons on a grid, connected with the probability C exp(-(distance/lam)^2), no neuron with itself.

    Amplitudes are drawn from gamma distributions whose deviation is their mean (of shape 1, that is exponential), U, D and F from normal ones whose deviation
    is `spread` of their mean, drawn anew where they are not positive (U: not in (0, 1]).

    Args:
        shape: neurons along the axes, such as (15, 3, 3).
        rng: of all draws.
        inhibitory: share of inhibitory neurons, drawn among all.
        lam: length of connections, in distances between neighbours.
        probability, amplitude: C and mean size [A] for EE, EI, IE, II (presynaptic first).
        spread: of U, D and F.

    Source: Maass, Natschlaeger and Markram (2002), Neural Computation 14, appendix B.
    """
    positions = grid(*shape).reshape(-1, len(shape))
    n = len(positions)
    mute = np.zeros(n, bool)
    mute[rng.permutation(n)[: round(inhibitory * n)]] = True
    kinds = 2 * mute[:, None] + mute[None]
    pre, post = connected(positions, lambda d: np.exp(-((d / lam) ** 2)), np.asarray(probability)[kinds], rng)
    kind = kinds[pre, post]
    return Wiring(
        _three(positions), mute, pre, post,
        np.asarray(amplitude)[kind] * rng.exponential(size=len(pre)), np.asarray(DELAY)[kind],
        _around(np.asarray(USE)[kind], spread, 1.0, rng), _around(np.asarray(RECOVERY)[kind], spread, np.inf, rng),
        _around(np.asarray(FACILITATION)[kind], spread, np.inf, rng),
    )  # fmt: skip


def connected(
    positions: NDArray[np.float64], falls: Callable[[np.ndarray], np.ndarray], factor: Any, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (pre, post) of different neurons, each with the probability factor * falls(distance). factor: [N, N] or a number."""
    n, kinds = len(positions), np.broadcast_to(factor, (len(positions),) * 2)
    found_pre, found_post = [], []
    for c in np.unique(kinds):  # a pattern for each factor; the pairs that have it are kept

        def chance(d: np.ndarray, c: float = c) -> np.ndarray:
            return np.where(d > 0, c * falls(d), 0.0)

        wired = DistanceDependent(positions, positions, chance).wire(n, n, int(rng.integers(2**63)))
        pre, post = np.repeat(np.arange(n), np.diff(wired.starts)), wired.posts(0, n).astype(np.int64)
        kept = kinds[pre, post] == c
        found_pre.append(pre[kept])
        found_post.append(post[kept])
    pre, post = np.concatenate(found_pre), np.concatenate(found_post)
    order = np.lexsort((post, pre))
    return pre[order], post[order]


def joined(layers: Sequence[Wiring], apart: float = 2.0) -> Wiring:
    """Several liquids as one, not yet connected with each other, beside each other along the first axis."""
    shift, first, parts = 0.0, 0, []
    for w in layers:
        moved = w.positions + np.array([shift - w.positions[:, 0].min(), 0, 0])
        parts.append({**vars(w), "positions": moved, "pre": w.pre + first, "post": w.post + first})
        first += w.n
        shift = moved[:, 0].max() + apart
    return Wiring(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def winners(n: int, inhibition: float) -> Wiring:
    """A winner-take-all layer: n excitatory neurons and behind them an inhibitory one, which each of them fires and which holds all of them back.

    inhibition: current of its spike [A]. Synapses have no dynamics.
    """
    positions = np.zeros((n + 1, 3))
    positions[:n, 1] = np.arange(n)
    mute = np.arange(n + 1) == n
    every, one = np.arange(n), np.full(n, n)
    pre, post = np.r_[every, one], np.r_[one, every]
    weight = np.r_[np.full(n, 2 * AMPLITUDE[1]), np.full(n, -inhibition)]  # a single spike fires the inhibitory neuron
    return Wiring(positions, mute, pre, post, weight, np.full(2 * n, DELAY[1]), *_without_dynamics(2 * n))


def forward(
    wiring: Wiring,
    pre: NDArray[np.int64],
    post: NDArray[np.int64],
    probability: float,
    rng: np.random.Generator,
    dynamic: bool = True,
) -> Wiring:
    """Synapses added from the excitatory ones of neurons `pre` to neurons `post`, of the amplitudes and delays of a column; dynamic: and of its dynamics."""
    a, b = np.nonzero((rng.random((len(pre), len(post))) < probability) & ~wiring.inhibitory[pre][:, None])
    pre, post = pre[a], post[b]
    kind = wiring.inhibitory[post].astype(np.int64)  # EE or EI
    constants = [np.asarray(values)[kind] for values in (USE, RECOVERY, FACILITATION)]
    more = (
        pre, post, np.asarray(AMPLITUDE)[kind] * rng.exponential(size=len(pre)), np.asarray(DELAY)[kind],
        *(constants if dynamic else _without_dynamics(len(pre))),
    )  # fmt: skip
    names = ("pre", "post", "weight", "delay", "use", "recovery", "facilitation")
    return replace(
        wiring, **{name: np.concatenate([getattr(wiring, name), new]) for name, new in zip(names, more, strict=True)}
    )


def _without_dynamics(synapses: int) -> tuple[NDArray[np.float64], ...]:
    """U, D and F of synapses that use everything at every spike and have it back at the next."""
    return np.ones(synapses), np.full(synapses, 0.1 * ms), np.full(synapses, 0.1 * ms)


def _three(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions in three dimensions; missing ones are 0."""
    return np.pad(positions, ((0, 0), (0, 3 - positions.shape[1])))


def _around(mean: NDArray[np.float64], spread: float, top: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal numbers around means, drawn again where they are not in (0, top]. A thousandth of the mean is the least, so that rates stay finite."""
    found = mean.copy() if not spread else rng.normal(mean, spread * mean)
    while (bad := (found < 1e-3 * mean) | (found > top)).any():
        found[bad] = rng.normal(mean[bad], spread * mean[bad])
    return found
