"""Work in parallel: kernels release the interpreter lock, so ordinary threads run them side by side.

The pool is remade after a fork (data-loader workers) and may be used from several threads at once. The number of threads is
torch's (`torch.set_num_threads`).
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import torch

_lock = threading.Lock()
_pool: tuple[int, int, ThreadPoolExecutor] | None = None  # process, size, pool


def _workers(count: int) -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None or _pool[0] != os.getpid() or _pool[1] < count:
            _pool = (os.getpid(), count, ThreadPoolExecutor(count, thread_name_prefix="ranvier"))
        return _pool[2]


def _after_fork() -> None:
    global _lock, _pool
    _lock, _pool = threading.Lock(), None


os.register_at_fork(after_in_child=_after_fork)


def split(count: int, work: int, run: Callable[[int, int], None], least: int = 100_000) -> None:
    """Calls run(first, last) on parts of range(count), in parallel where `work` (elements in all) is worth it."""
    parts = min(torch.get_num_threads(), count, max(1, work // least))
    if parts <= 1:
        run(0, count)
        return
    bounds = [count * k // parts for k in range(parts + 1)]
    pool = _workers(parts - 1)
    others = [pool.submit(run, a, b) for a, b in zip(bounds[1:-1], bounds[2:], strict=True)]
    try:
        run(bounds[0], bounds[1])
    finally:
        wait(others)
    for other in others:
        other.result()
