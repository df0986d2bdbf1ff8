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
from typing import Any

import numpy as np
import torch
from torch import Tensor

SMALLEST = 1 << 18  # bytes; below, torch's own allocator is as good
SLACK = 4  # a block may be larger than what is asked for by this part of it
KEPT = 1 << 30  # bytes of free blocks kept for reuse
poison = False  # tests set this: new buffers are filled with NaN, so that an element left unwritten shows

_lock = threading.RLock()  # a finalizer may run while this thread holds it
_free: dict[int, list[mmap.mmap]] = defaultdict(list)
_kept = 0


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held it


os.register_at_fork(after_in_child=_after_fork)


def buffer(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialised contiguous array, from a reused block if it is large."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < SMALLEST or not hasattr(mmap, "MADV_HUGEPAGE"):
        array = np.empty(shape, dtype)
    else:
        block = _take(_round(size))
        lease = np.frombuffer(
            block, dtype=np.uint8, count=size
        )  # views hold it; the block comes back when the last is gone
        weakref.finalize(lease, _give, block).atexit = False
        array = lease.view(dtype).reshape(shape)
    if poison and dtype.kind == "f":
        array.fill(math.nan)
    return array


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """As `buffer`, as a tensor."""
    return torch.from_numpy(buffer(shape, str(dtype).removeprefix("torch.")))


def zeros_by_page(count: int, dtype: Any) -> np.ndarray:
    """Zeros of which only those pages take memory that are written: for tables whose most places never are. Flat."""
    dtype = np.dtype(dtype)
    size = count * dtype.itemsize
    if size < SMALLEST or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(count, dtype)
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(block, dtype)


def _round(size: int) -> int:
    """Sizes in eighths of a power of two, so that batches of nearly equal size share blocks."""
    step = max(1 << 16, 1 << (size.bit_length() - 4))
    return -(-size // step) * step


def _take(size: int) -> mmap.mmap:
    global _kept
    with _lock:
        fitting = [kept for kept, blocks in _free.items() if blocks and size <= kept <= size + size // SLACK]
        if fitting:
            block = _free[min(fitting)].pop()
            _kept -= len(block)
            return block
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.madvise(mmap.MADV_HUGEPAGE)
    return block


def _give(block: mmap.mmap) -> None:
    global _kept
    with _lock:
        if _kept + len(block) <= KEPT:
            _kept += len(block)
            _free[len(block)].append(block)
