"""How much memory can be had, for those who ask before they take."""

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current"))  # of a container


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
