"""Synapses that are given one by one."""

from typing import Any

from ranvier.simulation.checking import indices, whole_numbers
from ranvier.simulation.patterns.wired import Wired, listed


class Pairs:
    """Neuron pre[k] to neuron post[k]. Weights and delays may be arrays of the same length.

    pre, post: whole numbers, as arrays or lists.
    """

    def __init__(self, pre: Any, post: Any) -> None:
        self.pre, self.post = whole_numbers("Pairs", "pre", pre), whole_numbers("Pairs", "post", post)
        if self.pre.shape != self.post.shape:
            raise ValueError(
                f"Pairs: pre and post must have one length, got shapes {self.pre.shape} and {self.post.shape}."
            )

    def __repr__(self) -> str:
        return f"Pairs({len(self.pre):,} synapses)"

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        return listed(indices("Pairs", "pre", self.pre, pre), indices("Pairs", "post", self.post, post), pre)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(len(self.pre))
