"""HDF5 files of strangers as plain values: every group a dict, every data set an array of numbers or strings, nothing else.

The HDF5 library loops for ever on some damaged files, and has crashed on others. A process of its own opens the file, with limits on its
memory and time, so that whatever the file is, it is read or refused.
"""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.errors import BadFileError
from ranvier.interchange import hdf5_reader

LARGEST = 2**28  # bytes that a file's numbers may take
SECONDS = 30  # that opening it may take

Tree = dict[str, Any]  # name -> Tree, array of numbers, text, or lists of text (nested as the data set is)


def read_tree(path: str | Path, largest: int = LARGEST) -> Tree:
    """The whole content of an HDF5 file. largest: bytes of numbers that it may hold.

    Sizes are checked before anything is read. Links to elsewhere in the file, to other files, foreign filters, objects and references are
    refused. Raises `BadFileError` with the place inside the file.
    """
    file = Path(path)
    if not file.is_file():
        raise BadFileError(f"{file}: no such file. Give the path of an HDF5 file.")
    size = file.stat().st_size
    if size > largest:
        raise BadFileError(f"{file}: has {size} bytes, more than {largest}. Give largest={size} to read it.")
    command = [sys.executable, "-P", hdf5_reader.__file__, str(file.absolute()), str(largest), str(SECONDS)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise BadFileError(
            f"{file}: HDF5 did not come to its end within {SECONDS} s: it is damaged, or holds too many groups."
        ) from error
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise BadFileError(f"{file}: opening it broke off ({last}): it is damaged, or its content is too large.")
    head, _, rest = done.stdout.partition(b"\n")
    answer = json.loads(head)
    if "refused" in answer:
        raise BadFileError(f"{file}: {answer['refused']}")
    return _restored(answer["tree"], io.BytesIO(rest))


def _restored(value: Any, content: io.BytesIO) -> Any:
    """A tree with its arrays, which stand in `content` in the same order."""
    if isinstance(value, dict) and "" in value:
        kind, shape, length = value[""]
        return np.frombuffer(content.read(length), np.dtype(kind)).reshape(shape)
    return {name: _restored(member, content) for name, member in value.items()} if isinstance(value, dict) else value
