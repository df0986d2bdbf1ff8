"""Generated kernels on disk: one module a source text, named by its hash, compiled by Numba once and kept for later runs.

The folder is `$RANVIER_CACHE`, else the user's cache folder. The name is the content, so a changed equation, option or
generator simply makes another file; Numba itself notices a changed version or processor. Files are written under a
temporary name and renamed, so two processes may do this at once. Where nothing can be written, a temporary folder serves.
"""

import atexit
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
import warnings
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from ranvier.files import write_atomic

_lock = threading.Lock()
_loaded: dict[str, ModuleType] = {}


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it


os.register_at_fork(after_in_child=_after_fork)


def cache_folder() -> Path:
    """Folder of the compiled kernels; made if absent."""
    return _folder(os.environ.get("RANVIER_CACHE"))


@lru_cache(maxsize=8)
def _folder(chosen: str | None) -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(chosen) if chosen else base / "ranvier"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        temporary = Path(tempfile.mkdtemp(prefix="ranvier-"))
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        warnings.warn(
            f"The kernel cache {folder} cannot be written ({error.strerror}); kernels are compiled anew in this process. "
            "Set RANVIER_CACHE to a folder you can write to.",
            stacklevel=2,
        )
        return temporary


def load(source: str, kind: str) -> ModuleType:
    """The module of a source text, from memory, from disk, or written now."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:24]
    with _lock:
        if digest not in _loaded:
            _loaded[digest] = _import(source, f"{kind}_{digest}")
        return _loaded[digest]


def _import(source: str, name: str) -> ModuleType:
    path = cache_folder() / f"{name}.py"
    if not path.exists() or path.read_text() != source:
        write_atomic(path, source)
    qualified = f"ranvier_kernel_{name}"
    spec = importlib.util.spec_from_file_location(qualified, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[qualified] = module  # Numba looks a cached function's module up by name
    spec.loader.exec_module(module)
    return module
