"""What a network and its records will need is held against the machine's memory before it is asked for."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ranvier.free_memory import available
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Projection

SMALL = 1 << 26  # bytes that are never worth the question
LARGE = 1e9  # bytes of records that are worth a warning
TARGET = 4  # bytes that say where a synapse ends, see `bundles`


def bytes_each(projection: Projection, dtype: np.dtype) -> int:
    """Bytes of one synapse: its target, its weight unless all of the projection weigh the same, the traces of its rule."""
    rule = projection.plasticity
    if rule is not None:
        return TARGET + (1 + len(rule.declared.traces)) * dtype.itemsize
    return TARGET + (0 if isinstance(projection.weight, int | float) else dtype.itemsize)


def check_synapses(projections: Sequence[Projection], dtype: np.dtype) -> None:
    """Raises MemoryError where the synapses that the patterns expect need more memory than there is."""
    counts = [p.pattern.expected(p.pre.n, p.post.n) for p in projections]
    sizes = [count * bytes_each(p, dtype) for p, count in zip(projections, counts, strict=True)]
    free = available() if sum(sizes) > SMALL else None
    if free is None or sum(sizes) <= free:
        return
    worst = int(np.argmax(sizes))
    plain = " or one weight for all synapses of a projection (4 bytes each)" if sizes[worst] > 4 * counts[worst] else ""
    raise MemoryError(
        f"Network: about {sum(counts):,.0f} synapses need {_gigabytes(sum(sizes))}, and {_gigabytes(free)} are available. "
        f"Most of them are those of {projections[worst].name}: {counts[worst]:,.0f} of {bytes_each(projections[worst], dtype)} bytes. "
        f"Use a sparser pattern such as rv.FixedInDegree(100){f', fewer neurons{plain}' if plain else ' or fewer neurons'}."
    )


def check_neurons(populations: Sequence[Population], dtype: np.dtype) -> None:
    """Raises MemoryError where the states of the neurons alone need more memory than there is."""
    sizes = [
        p.n * len(p.model.program.state_names) * dtype.itemsize if isinstance(p.model, Neuron) else p.n
        for p in populations
    ]
    free = available() if sum(sizes) > SMALL else None
    if free is not None and sum(sizes) > free:
        worst = populations[int(np.argmax(sizes))]
        raise MemoryError(
            f"Network: the states of all neurons need {_gigabytes(sum(sizes))}, and {_gigabytes(free)} are available. "
            f"Most of them are those of {worst.name}: {worst.n:,} neurons. Use fewer."
        )


def check_records(records: Iterable[tuple[Any, int, int, int]]) -> None:
    """Raises MemoryError where records need more memory than there is; warns where they need a gigabyte.

    records: of each its name, samples, numbers a sample, bytes that it needs for each number.
    """
    listed = [(name, samples, width, samples * width * size) for name, samples, width, size in records]
    need = sum(size for *_, size in listed)
    if need <= min(SMALL, LARGE):
        return
    name, samples, width, _ = max(listed, key=lambda r: r[-1])
    what = (
        f"the records of this run need {_gigabytes(need)}, most of it {name}: {samples:,} samples of {width:,} numbers"
    )
    more = "Record fewer of them, or less often with every=100 * ms"
    free = available()
    if free is not None and need > free:
        raise MemoryError(f"Network.run: {what}; {_gigabytes(free)} are available. {more}.")
    if need > LARGE:
        warnings.warn(f"Network.run: {what}. {more}, if that is more than was meant.", stacklevel=3)


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.3g} GB"
