"""Each pair with the same probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.kernels.cpu.threads import split
from ranvier.kernels.cpu.wiring import count_bernoulli, fill_bernoulli
from ranvier.simulation.checking import probability
from ranvier.simulation.patterns.wired import Wired, starts_of


@dataclass(frozen=True)
class FixedProbability:
    """Each pair of neurons is connected, at most once, with probability p; a neuron with itself too where pre and post are one population."""

    p: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", probability("FixedProbability", self.p))

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        counts = np.empty(pre, np.int64)
        work = int(self.expected(pre, post)) * 10
        split(pre, work, count_bernoulli, key, post, float(self.p), counts)
        starts = starts_of(counts)

        def fill(posts: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
            def some(a: int, b: int) -> None:
                fill_bernoulli(key, post, float(self.p), starts, origin, posts, first + a, first + b)

            split(last - first, len(posts) * 10, some)

        return Wired(starts, fill)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return self.p * pre * post
