"""The wiring of the worm C. elegans as the recurrent matrix of a reservoir."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ranvier.simulation.networks import celegans


@dataclass(frozen=True)
class CElegans:
    """A topology: the chemical synapses of C. elegans, 299 units and 2,279 links; the weight of a link is its contacts, below zero where they are GABA's.

    Sensory neurons come first, then interneurons, then motor neurons, each in alphabetical order. Only the wiring is the worm's: units are those of
    the reservoir, and the spectral radius scales the whole. The tables are not bundled.

    folder: of the OpenWorm tables; see `rv.simulation.networks.celegans`, which reads them, for their names, columns and source.

    Raises:
        BadFileError: a table is missing or lacks a column. ValueError: another number of units than of neurons.

    >>> model = EchoState(299, topology=CElegans("celegans/"))  # doctest: +SKIP
    """

    folder: str

    def draw(self, units: int, rng: np.random.Generator) -> csr_array:
        net, populations = celegans(folder=self.folder, weight=1.0)
        count = sum(population.n for population in populations)
        if count != units:
            raise ValueError(f"CElegans: the tables hold {count} neurons, the reservoir {units}. Use units={count}.")
        ends = np.cumsum([0, *(population.n for population in populations)])
        first = {population.name: end for population, end in zip(populations, ends[:-1], strict=True)}
        pre, post, weight = [], [], []
        for made in net.projections:
            pattern: Any = made.pattern
            pre.append(first[made.pre.name] + pattern.pre)
            post.append(first[made.post.name] + pattern.post)
            weight.append(np.asarray(made.weight, np.float64))
        entries = (np.concatenate(post), np.concatenate(pre))
        found = csr_array((np.concatenate(weight), entries), shape=(units, units))
        found.sort_indices()
        return found
