"""Large buffers that are used again.

The first touch of fresh memory costs more than the kernel that fills it (a page fault each 4 KiB). Blocks freed by torch
come back here and are handed out again; they are huge pages where the system grants them.
"""

import math
import mmap
import os
import threading
import weakref
from collections import defaultdict

import numpy as np
import torch
from torch import Tensor

SMALLEST = 1 << 18  # bytes; below, torch's own allocator is as good
KEPT = 1 << 30  # bytes of free blocks kept for reuse
poison = False  # tests set this: new buffers are filled with NaN, so that an element left unwritten shows

_lock = threading.RLock()  # a finalizer may run while this thread holds it
_free: dict[int, list[mmap.mmap]] = defaultdict(list)
_kept = 0


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held it


os.register_at_fork(after_in_child=_after_fork)


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """An uninitialised contiguous tensor on the CPU, from a reused block if it is large."""
    size = math.prod(shape) * dtype.itemsize
    tensor = (
        _leased(shape, dtype, size)
        if size >= SMALLEST and hasattr(mmap, "MADV_HUGEPAGE")
        else torch.empty(shape, dtype=dtype)
    )
    if poison and dtype.is_floating_point:
        tensor.fill_(math.nan)
    return tensor


def _leased(shape: tuple[int, ...], dtype: torch.dtype, size: int) -> Tensor:
    block = _take(_round(size))
    lease = np.frombuffer(block, dtype=np.uint8, count=size)
    tensor = torch.from_numpy(lease)  # torch holds the lease until the storage is freed
    weakref.finalize(lease, _give, block).atexit = False
    return tensor.view(dtype).view(shape)


def _round(size: int) -> int:
    """Sizes in eighths of a power of two, so that batches of nearly equal size share blocks."""
    step = max(1 << 16, 1 << (size.bit_length() - 4))
    return -(-size // step) * step


def _take(size: int) -> mmap.mmap:
    global _kept
    with _lock:
        if _free[size]:
            _kept -= size
            return _free[size].pop()
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.madvise(mmap.MADV_HUGEPAGE)
    return block


def _give(block: mmap.mmap) -> None:
    global _kept
    with _lock:
        if _kept + len(block) <= KEPT:
            _kept += len(block)
            _free[len(block)].append(block)
