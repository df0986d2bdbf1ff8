"""Small-world connections."""

from dataclasses import dataclass

import numpy as np

from ranvier.simulation.checking import probability, whole
from ranvier.simulation.patterns.wired import Wired, listed


@dataclass(frozen=True)
class SmallWorld:
    """A ring in which each neuron reaches its `neighbours` nearest, each connection sent elsewhere with probability `rewire`.

    No neuron reaches itself; none is reached twice by the same one. Source: Watts and Strogatz (1998), Nature 393, here with directed connections.
    """

    neighbours: int
    rewire: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "neighbours", whole("SmallWorld", "neighbours", self.neighbours, 1))
        object.__setattr__(self, "rewire", probability("SmallWorld", self.rewire))

    def wire(self, pre: int, post: int, key: int) -> Wired:
        """See `Pattern`."""
        if pre != post:
            raise ValueError(f"SmallWorld: connects a population with itself, got {pre} and {post} neurons.")
        if self.neighbours >= pre:
            raise ValueError(f"SmallWorld: {self.neighbours} neighbours need more than {pre} neurons.")
        generator = np.random.Generator(np.random.Philox(key=key))
        half = np.arange(1, self.neighbours // 2 + self.neighbours % 2 + 1)
        offsets = np.sort(np.concatenate([half, -half[: self.neighbours // 2]]))
        posts = (np.arange(pre)[:, None] + offsets) % pre
        moved = generator.random(posts.shape) < self.rewire
        for row in np.flatnonzero(moved.any(1)):
            kept = posts[row][~moved[row]]
            free = np.setdiff1d(np.arange(pre), np.append(kept, row))
            posts[row, moved[row]] = generator.choice(free, moved[row].sum(), replace=False)
        return listed(np.repeat(np.arange(pre, dtype=np.uint32), self.neighbours), posts.ravel().astype(np.uint32), pre)

    def expected(self, pre: int, post: int) -> float:
        """See `Pattern`."""
        return float(pre * self.neighbours)
