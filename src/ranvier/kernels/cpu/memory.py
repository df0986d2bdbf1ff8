"""Large buffers that are used again.

The first touch of fresh memory costs more than the kernel that fills it (a page fault each 4 KiB). Blocks freed by torch
come back here and are handed out again; they are huge pages where the system grants them.

That they come back is noted by C alone: freeing must not run Python code, where the handler of a signal may be called and its exception,
such as KeyboardInterrupt, be lost with the object.
"""

import math
import mmap
import os
import threading
import weakref
from collections import defaultdict, deque
from typing import Any

import numpy as np
import torch
from torch import Tensor

SMALLEST = 1 << 18  # bytes; below, torch's own allocator is as good
SLACK = 4  # a block may be larger than what is asked for by this part of it
KEPT = 1 << 30  # bytes of blocks that are kept for reuse, in use or free
poison = False  # tests set this: new buffers are filled with NaN, so that an element left unwritten shows

_lock = threading.Lock()
_free: dict[int, list[mmap.mmap]] = defaultdict(list)
_lent: dict[int, tuple[weakref.ref[np.ndarray], mmap.mmap]] = {}  # by the identity of the reference
_returned: deque[weakref.ref[np.ndarray]] = deque()
_kept = 0


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it


os.register_at_fork(after_in_child=_after_fork)


def buffer(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialised contiguous array, from a reused block if it is large."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < SMALLEST or not hasattr(mmap, "MADV_HUGEPAGE"):
        array = np.empty(shape, dtype)
    else:
        array = _lease(_round(size))[:size].view(dtype).reshape(shape)
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


def _lease(size: int) -> np.ndarray:
    """At least so many bytes. Views hold the array; its block comes back when the last is gone."""
    global _kept
    with _lock:
        while _returned:
            block = _lent.pop(id(_returned.popleft()))[1]
            _free[len(block)].append(block)
        fitting = [length for length, blocks in _free.items() if blocks and size <= length <= size + size // SLACK]
        if fitting:
            block = _free[min(fitting)].pop()
        else:
            block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            block.madvise(mmap.MADV_HUGEPAGE)
            if not _room(size):
                return np.frombuffer(block, dtype=np.uint8)
            _kept += size
        array = np.frombuffer(block, dtype=np.uint8)
        reference = weakref.ref(array, _returned.append)
        _lent[id(reference)] = reference, block
    return array


def _room(size: int) -> bool:
    """Whether one more block can be kept; free ones that nothing asked for make way."""
    global _kept
    if _kept - sum(length * len(blocks) for length, blocks in _free.items()) + size > KEPT:
        return False
    for length, blocks in _free.items():
        while blocks and _kept + size > KEPT:
            blocks.pop()
            _kept -= length
    return True
