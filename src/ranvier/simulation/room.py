"""What a network and its records will need is held against the machine's memory before it is asked for."""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.simulation.projection import Projection

MEMINFO = Path("/proc/meminfo")
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current"))  # of a container
SMALL = 1 << 26  # bytes that are never worth the question
LARGE = 1e9  # bytes of records that are worth a warning
TARGET = 4  # bytes that say where a synapse ends, see `bundles`


def available() -> float | None:
    """Bytes of memory that can be had now (Linux) or that the machine has (other Unix); None where nobody tells."""
    found = []
    try:
        lines = MEMINFO.read_text().splitlines()
        found += [int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable")]
    except OSError:
        pass
    try:
        limit, used = (int(path.read_text()) for path in LIMITS)
        found.append(float(limit - used))
    except (OSError, ValueError):  # no container, or one without a limit
        pass
    try:
        return min(found) if found else float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


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
        f"Use a sparser pattern such as rv.FixedInDegree(100), fewer neurons{plain}."
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
