"""Dynamic evolving spiking neurons: what order of spikes, and what follows the first, make of a neuron's weights."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True)
class DeSNN:
    """A pooling: the weights of the output neuron that a sample would make (deSNN), one an input neuron, [N].

        w_j = alpha mod^order(j) at the first spike of j, the first neuron having order 0;
        then in every later row  w_j <- w_j + up  if j fires in it, else  w_j - down.

    The neurons' spikes are the states: `tau_readout=None`. Neurons that fire first in the same row share the mean of their orders; a neuron that never fires
    has weight 0. A nearest-neighbour classifier compares these weights (deSNNs).

    Source: Kasabov, Dhoble, Nuntalid and Indiveri (2013), "Dynamic evolving spiking neural networks for on-line spatio- and spectro-temporal pattern
    recognition", Neural Networks 41.

    >>> import numpy as np
    >>> DeSNN(alpha=1.0, mod=0.5, up=0.1, down=0.01)(np.array([[0, 1, 0], [1, 1, 0], [0, 0, 0.0]])).round(2).tolist()
    [0.49, 1.09, 0.0]
    """

    alpha: float = 1.0
    mod: float = 0.9
    up: float = 0.08
    down: float = 0.01

    def __post_init__(self) -> None:
        if not 0 < self.mod < 1:
            raise ValueError(f"DeSNN: mod must lie between 0 and 1, got {self.mod}. Write DeSNN(mod=0.9).")

    def __call__(self, states: np.ndarray) -> np.ndarray:
        fired = states > 0
        ever, first = fired.any(0), fired.argmax(0)
        order = np.zeros(len(first))
        order[ever] = rankdata(first[ever]) - 1
        later = fired.sum(0) - 1
        silent = len(states) - 1 - first - later
        return np.where(ever, self.alpha * self.mod**order + self.up * later - self.down * silent, 0.0)
