"""Each neuron to the one of its own number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation.patterns.wired import Wired


@dataclass(frozen=True)
class OneToOne:
    """Neuron k to neuron k, of populations of one size."""

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        if pre != post:
            raise ValueError(f"OneToOne: both populations must have one size, got {pre} and {post} neurons.")

        def fill(posts: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
            posts[:] = np.arange(first, last)

        return Wired(np.arange(pre + 1, dtype=np.int64), fill, np.arange(pre))

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(pre)
