"""Labelled sets of recordings and pictures: `ranvier.data.open.open_samples` finds one by name or path.

`read_events` opens the files of event cameras. This package file imports nothing until a name is used, since its modules need soundfile,
Pillow or scikit-learn: import the module you use.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "ranvier.data.event_files": (
        "Recording", "read_aedat4", "read_dat", "read_events", "read_evt2", "read_evt3", "read_nmnist", "read_ntidigits",
    ),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'ranvier.data' has no attribute {name!r}")
