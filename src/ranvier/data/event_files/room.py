"""Sizes are held against the machine's memory before anything of that size is asked for."""

from ranvier.free_memory import available

SMALL = 1 << 24  # bytes that are never worth the question


def lacking(nbytes: int) -> str | None:
    """Why `nbytes` cannot be allocated, or None if they can."""
    free = available() if nbytes > SMALL else None
    return None if free is None or nbytes <= free else f"{_size(nbytes)} of memory, {_size(free)} are available"


def _size(nbytes: float) -> str:
    return f"{nbytes / 2**30:.3g} GiB" if nbytes >= 2**30 else f"{nbytes / 2**20:.3g} MiB"
