"""Writing files whole or not at all: under a temporary name beside the target, then renamed."""

import contextlib
import os
from pathlib import Path

from ranvier.errors import RanvierError


def write_atomic(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Writes `content` and renames the file to `path`; makes parent folders.

    A reader sees the old file or the new one, never half of it, even after a kill. Raises `RanvierError` where it cannot be written.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            temporary.write_text(content, encoding="utf-8")
        else:
            temporary.write_bytes(content)
        os.replace(temporary, target)
    except OSError as error:
        raise RanvierError(
            f"cannot write {target}: {error.strerror or error}; expected a writable folder with free space. "
            "Make room, or give another folder with --out."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return target
