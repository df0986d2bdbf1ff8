"""As many synapses for each neuron, or in all, drawn at random."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.noise import key_of
from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.wiring import by_source, fill_distinct, fill_uniform
from ranvier.simulation.checking import whole
from ranvier.simulation.patterns.wired import Wired, starts_of, stored


def _drawn(name: str, starts: NDArray[np.int64], post: int, key: int, multiple: bool) -> Wired:
    most = int(np.diff(starts).max(initial=0))
    if not multiple and most > post:
        raise ValueError(
            f"{name}: {most} different neurons cannot be drawn from {post}. Draw fewer, or write multiple=True."
        )
    kernel = fill_uniform if multiple else fill_distinct

    def fill(posts: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
        def some(a: int, b: int) -> None:
            kernel(key, post, starts, origin, posts, first + a, first + b)

        split(last - first, len(posts) * 10, some)

    return Wired(starts, fill)


@dataclass(frozen=True)
class FixedOutDegree:
    """Each presynaptic neuron to `n` postsynaptic ones. multiple: a pair may be connected more than once."""

    n: int
    multiple: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", whole("FixedOutDegree", "n", self.n))

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        return _drawn("FixedOutDegree", np.arange(pre + 1, dtype=np.int64) * self.n, post, key, self.multiple)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(pre) * self.n


@dataclass(frozen=True)
class FixedInDegree:
    """Each postsynaptic neuron from `n` presynaptic ones. multiple: a pair may be connected more than once."""

    n: int
    multiple: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", whole("FixedInDegree", "n", self.n))

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        drawn = _drawn("FixedInDegree", np.arange(post + 1, dtype=np.int64) * self.n, pre, key, self.multiple)
        starts, posts = np.zeros(pre + 1, np.int64), np.empty(drawn.count, np.uint32)
        by_source(drawn.posts(0, post), self.n, pre, starts, posts)
        return stored(starts, posts)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(post) * self.n


@dataclass(frozen=True)
class FixedTotalNumber:
    """`n` synapses in all, both ends drawn at random: a pair may be connected more than once, a neuron with itself."""

    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", whole("FixedTotalNumber", "n", self.n))

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        generator = np.random.Generator(np.random.Philox(key=key))
        counts = generator.multinomial(self.n, np.full(pre, 1 / pre))
        return _drawn("FixedTotalNumber", starts_of(counts), post, key_of(key, "posts"), True)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(self.n)
