"""How kernels are compiled, and the one line that tells the user why the first run is slow."""

import hashlib
import logging
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import caching, event

from ranvier.kernels.cpu.cache import cache_folder


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Hash of the texts of all hand-written kernels: they are compiled into each other, so machine code depends on all of them."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


class _Locator(caching._CacheLocator):
    """Keeps machine code in our cache folder, valid for this fingerprint and file. Numba's own asks for the time stamp of one file alone."""

    def __init__(self, file: str) -> None:
        self._text = Path(file).read_bytes() if Path(file).is_file() else b""  # typed in, not in a file

    def get_cache_path(self) -> Any:
        # A folder a version: two of them side by side must not undo each other's work.
        return str(cache_folder() / "kernels" / fingerprint())

    def get_source_stamp(self) -> Any:
        return fingerprint() + hashlib.sha256(self._text).hexdigest()[:16]

    def get_disambiguator(self) -> Any:
        return None

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "_Locator":
        locator = cls(py_file)
        locator.ensure_cache_path()
        return locator


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Cache(caching.Cache):
    _impl_class = _Implementation


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled, without the interpreter lock; machine code is kept on disk."""
    return _compiled(function, {})


def kernel_uncounted(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `kernel`, but it makes no arrays and counts no references to those that it takes: each count is a locked instruction."""
    return _compiled(function, {"_nrt": False})


def _compiled(function: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    dispatcher: Any = njit(nogil=True, error_model="numpy", **options)(function)
    dispatcher._cache = _Cache(function)
    return dispatcher


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
        module = event.data["dispatcher"].py_func.__module__ or ""  # None where a text was executed
        return module.startswith(("ranvier.", "ranvier_kernel_"))


event.register("numba:compile", _FirstCompilation())
