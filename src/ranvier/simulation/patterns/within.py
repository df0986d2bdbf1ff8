"""A pattern between some neurons of two populations."""

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation.patterns.wired import Pattern, Wired


class Within:
    """A pattern between the neurons `sending` of one population and `taking` of another, rising numbers; what `connect` makes of views."""

    def __init__(self, pattern: Pattern, sending: NDArray[np.int64], taking: NDArray[np.int64]) -> None:
        self.pattern, self.sending, self.taking = pattern, sending, taking

    def __repr__(self) -> str:
        return f"{self.pattern!r} within {_span(self.sending)} to {_span(self.taking)}"

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        inner = self.pattern.wire(len(self.sending), len(self.taking), key)
        before = np.searchsorted(self.sending, np.arange(pre + 1))  # senders with a smaller number

        def fill(posts: NDArray[np.uint32], origin: int, first: int, last: int) -> None:
            if len(posts):
                inner.fill(posts, origin, int(before[first]), int(before[last]))
                posts[:] = self.taking[posts]

        return Wired(inner.starts[before], fill, inner.order)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return self.pattern.expected(len(self.sending), len(self.taking))


def _span(neurons: NDArray[np.int64]) -> str:
    """Neurons in words that differ wherever the neurons do in practice: a state of another network must not fit (see `Network.restore`)."""
    return f"{neurons[0]}..{neurons[-1]} ({len(neurons)}, sum {neurons.sum()})"
