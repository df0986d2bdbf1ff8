"""Every neuron to every neuron."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation.patterns.wired import Wired


@dataclass(frozen=True)
class AllToAll:
    """Each presynaptic neuron to each postsynaptic one. Weights and delays may be matrices [pre, post]."""

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""

        def fill(posts: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
            posts.reshape(last - first, post)[:] = np.arange(post, dtype=np.uint32)

        starts = np.arange(pre + 1, dtype=np.int64) * post
        return Wired(starts, fill, np.arange(pre * post))

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(pre) * post
