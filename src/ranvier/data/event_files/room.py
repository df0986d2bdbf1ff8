"""Sizes are held against the machine's memory before anything of that size is asked for."""

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
SMALL = 1 << 24  # bytes that are never worth the question


def available() -> int | None:
    """Bytes of memory that can be had now (Linux) or that the machine has (other Unix); None where nobody tells."""
    try:
        lines = MEMINFO.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def lacking(nbytes: int) -> str | None:
    """Why `nbytes` cannot be allocated, or None if they can."""
    free = available() if nbytes > SMALL else None
    return None if free is None or nbytes <= free else f"{_size(nbytes)} of memory, {_size(free)} are available"


def _size(nbytes: int) -> str:
    return f"{nbytes / 2**30:.3g} GiB" if nbytes >= 2**30 else f"{nbytes / 2**20:.3g} MiB"
