"""NumPy archives: an array a column, the note as JSON in an array called `note`."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.errors import BadFileError
from ranvier.files import UNREADABLE, check_unpacked

NOTE = "note"


def write(columns: dict[str, np.ndarray], note: dict[str, Any]) -> bytes:
    """The file's bytes, packed."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **columns, **({NOTE: np.array(json.dumps(note))} if note else {}))
    return out.getvalue()


def read(path: Path, largest: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Columns and note. Raises `BadFileError` for what is no archive of plain arrays, or unpacks to more than `largest` bytes."""
    check_unpacked(str(path), path, largest)
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
        note = json.loads(str(columns.pop(NOTE))) if NOTE in columns else {}
        if not isinstance(note, dict):
            raise ValueError("its note is no dictionary")
    except UNREADABLE as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadFileError(
            f"{path}: no .npz archive of plain arrays, or a damaged one ({first}). Copy it again."
        ) from error
    return columns, note
