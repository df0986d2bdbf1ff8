"""Connections whose probability depends on how far apart two neurons are."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.wiring import fill_units
from ranvier.simulation.checking import floats, positions
from ranvier.simulation.patterns.wired import Wired, starts_of

PAIRS = 1 << 22  # of neurons that are looked at together


class DistanceDependent:
    """Each pair is connected, at most once, with a probability that a function of the distance gives.

    pre, post: positions [n, 1], [n, 2] or [n, 3] of the neurons, in any unit of length. probability: from distances, an array, to probabilities, such as
    `lambda d: 0.3 * np.exp(-(d / 2) ** 2)`. period: lengths of a space that is closed to a ring or torus, one for each axis
    or one for all, none shorter than what the positions span; math.inf for an axis that is open.
    """

    def __init__(
        self, pre: Any, post: Any, probability: Callable[[np.ndarray], np.ndarray], period: Any = None
    ) -> None:
        self.pre, self.post = positions("DistanceDependent", "pre", pre), positions("DistanceDependent", "post", post)
        if self.pre.shape[1] != self.post.shape[1]:
            raise ValueError(
                f"DistanceDependent: pre lies in {self.pre.shape[1]} dimensions, post in {self.post.shape[1]}. Give both the same."
            )
        self.probability = probability
        self.period = None if period is None else self._closed(period)

    def __repr__(self) -> str:
        return f"DistanceDependent({len(self.pre):,} to {len(self.post):,} neurons in {self.pre.shape[1]} dimensions)"

    def _closed(self, period: Any) -> NDArray[np.float64]:
        """The length of each axis."""
        axes = self.pre.shape[1]
        expected = f"a length above 0, or {axes}, one for each axis"
        found = floats("DistanceDependent", "period", period, expected)
        if found.shape not in ((), (1,), (axes,)) or not (found > 0).all():
            raise ValueError(
                f"DistanceDependent: period must be {expected}, got {period!r}. Write period=None for no ring."
            )
        found = np.broadcast_to(found, (axes,))
        both = [given for given in (self.pre, self.post) if len(given)]
        if both:
            span = np.concatenate(both).max(0) - np.concatenate(both).min(0)
            if (short := span > found * (1 + 1e-9)).any():
                axis = int(np.argmax(short))
                raise ValueError(
                    f"DistanceDependent: a period of {found[axis]:g} on axis {axis} is shorter than the {span[axis]:g} that the positions span there. "
                    f"Write period={span[axis]:g} or more, in the positions' unit."
                )
        return found

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        for what, given, n in (("pre", self.pre, pre), ("post", self.post, post)):
            if len(given) != n:
                raise ValueError(f"DistanceDependent: {what} has {len(given)} positions, the population {n} neurons.")
        rows = max(1, PAIRS // post)
        found = [self._some(a, min(a + rows, pre), key) for a in range(0, pre, rows)]
        counts = np.concatenate([connected.sum(1) for connected in found])
        posts = np.concatenate([np.nonzero(connected)[1] for connected in found]).astype(np.uint32)

        def fill(out: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
            out[:] = posts[origin : origin + len(out)]

        return Wired(starts_of(counts), fill)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        some = self.pre[:: max(1, len(self.pre) // 64)]
        return float(self._chances(some).mean()) * pre * post

    def _chances(self, pre: np.ndarray) -> np.ndarray:
        apart = np.abs(pre[:, None] - self.post[None])
        if self.period is not None:
            apart = np.minimum(apart, self.period - apart)
        p = np.asarray(self.probability(np.sqrt((apart**2).sum(-1))), float)
        if p.shape != apart.shape[:2] or not np.isfinite(p).all() or p.min() < 0 or p.max() > 1:
            raise ValueError(
                f"DistanceDependent: the probability must be an array of numbers in [0, 1] of the distances' shape {apart.shape[:2]}, got shape {p.shape}"
                + (f" with values from {p.min():g} to {p.max():g}." if p.size else ".")
            )
        return p

    def _some(self, a: int, b: int, key: int) -> np.ndarray:
        """Which of the pairs of rows [a, b) are connected."""
        drawn = np.empty((b - a, len(self.post)))
        split(b - a, drawn.size, fill_units, key, a, drawn)
        return drawn < self._chances(self.pre[a:b])


def grid(*shape: int, spacing: float = 1.0) -> np.ndarray:
    """Positions [n, dimensions] of a grid of neurons, the last axis fastest: grid(15, 3, 3) is the column of Maass et al. (2002)."""
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return np.stack([axis.ravel() for axis in axes], -1) * spacing
