"""`Body`: a reservoir without its readout, and what it did."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.energy.count import Count


@dataclass(frozen=True, eq=False)
class Body:
    """What a reservoir did before its readout, on all samples.

    name: in reports. units: of its populations. counts: of its layers. steps: of its own time, times samples. footprint: bytes. learned: numbers that
    were trained. spikes: of each neuron, [N]; None where nothing spikes.
    """

    name: str
    units: int
    counts: list[Count]
    steps: int
    footprint: int
    learned: int = 0
    spikes: NDArray[np.int64] | None = None
