"""Work in parallel, on as many threads as torch has (`torch.set_num_threads`).

OpenMP's threads serve (`openmp.py`). Where there are none, threads of Python's do: kernels release the interpreter lock. Their pool is
remade after a fork (data-loader workers) and may be used from several threads at once.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import torch

from ranvier.kernels.cpu import openmp

LEAST = 30_000  # elements of work that are worth a thread

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


def split(count: int, work: int, run: Callable[..., Any], *arguments: Any) -> None:
    """Calls run(*arguments, first, last) on parts of range(count), in parallel where `work` (elements in all) is worth it."""
    threads = torch.get_num_threads()
    parts = min(threads, count, max(1, work // LEAST))
    if parts <= 1:
        run(*arguments, 0, count)
    elif openmp.takes(run):
        openmp.share(run, threads, parts, count, arguments)
    else:
        _share(run, parts, count, arguments)


def _share(run: Callable[..., Any], parts: int, count: int, arguments: tuple[Any, ...]) -> None:
    bounds = [count * k // parts for k in range(parts + 1)]
    pool = _workers(parts - 1)
    others = [pool.submit(run, *arguments, a, b) for a, b in zip(bounds[1:-1], bounds[2:], strict=True)]
    try:
        run(*arguments, bounds[0], bounds[1])
    finally:
        wait(others)
    for other in others:
        other.result()
