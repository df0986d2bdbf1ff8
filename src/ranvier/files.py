"""Writing files whole or not at all, under a temporary name beside the target, then renamed; and archives that unpack to too much."""

import contextlib
import os
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO

from ranvier.errors import BadFileError, RanvierError

# what numpy raises for a damaged .npz archive: its headers go through zipfile, zlib, struct and Python's tokenizer
UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, MemoryError, SyntaxError, struct.error,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def write_atomic(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Writes `content` and renames the file to `path`; makes parent folders.

    A reader sees the old file or the new one, never half of it, even after a kill; of a link, the file that it leads to. Raises `RanvierError`
    where it cannot be written, or something other than a file is there, such as a device.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise RanvierError(f"cannot write {path}: it is no file. Give the path of a file.")
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
            "Make room, or give another folder, on the command line with --out."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return Path(path)


def refuse_to_replace(path: str | os.PathLike[str], force: bool) -> None:
    """Raises `RanvierError` where a file is there already, unless `force` is set."""
    if Path(path).exists() and not force:
        raise RanvierError(f"{path}: is there already. Give another name, or --force (force=True) to write over it.")


def check_unpacked(where: str, file: str | os.PathLike[str] | IO[bytes], largest: int) -> None:
    """Refuses a zip archive (.npz, or what torch saves) whose members would take more than `largest` bytes; of other files it says nothing."""
    try:
        with zipfile.ZipFile(file) as archive:
            total = sum(member.file_size for member in archive.infolist())
    except UNREADABLE:
        return  # no archive: the reader says what is wrong with it
    if total > largest:
        raise BadFileError(f"{where}: unpacks to {total} bytes, more than {largest}. Give a file of at most that size.")
