"""How kernels are compiled, and the one line that tells the user why the first run is slow."""

import logging
import time
from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core import event


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled, without the interpreter lock; kept on disk where Numba finds a folder it can write to."""
    try:
        return njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # installed read-only, and no home folder either
        return njit(nogil=True, error_model="numpy")(function)


def kernel_inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Part of other kernels: its text is compiled into theirs."""
    return njit(inline="always", error_model="numpy")(function)


class _FirstCompilation(event.Listener):
    """Logs once a process, when the first kernel of ours had to be compiled: how long it took and that it is kept."""

    def __init__(self) -> None:
        self._started: dict[int, float] = {}
        self._told = False

    def on_start(self, event: Any) -> None:
        if not self._told and self._ours(event):
            self._started[id(event.data["dispatcher"])] = time.perf_counter()

    def on_end(self, event: Any) -> None:
        started = self._started.pop(id(event.data["dispatcher"]), None) if self._ours(event) else None
        if started is not None and not self._told:
            self._told = True
            logging.getLogger("ranvier").warning(
                "ranvier: compiled a first kernel for this machine in %.1f s. Others follow as they are needed; all are kept on disk, "
                "so that later runs start at once.",
                time.perf_counter() - started,
            )

    @staticmethod
    def _ours(event: Any) -> bool:
        module = getattr(event.data["dispatcher"].py_func, "__module__", "")
        return module.startswith(("ranvier.", "ranvier_kernel_"))


event.register("numba:compile", _FirstCompilation())
