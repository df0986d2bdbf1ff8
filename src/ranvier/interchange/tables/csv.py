"""Comma-separated values: a line of names, then a line a row, and nothing else, so that every tool reads it. Notes are left out."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.errors import BadFileError

TEXT = ("population",)  # columns that hold no numbers
REAL = ("time",)


def write(columns: dict[str, np.ndarray], note: dict[str, Any]) -> bytes:
    """The file's bytes; numbers are written so that they read back the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(c.tolist() for c in columns.values()), strict=True))
    return out.getvalue().encode()


def read(path: Path, largest: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Columns by name; no note. Raises `BadFileError` with the line."""
    if (size := path.stat().st_size) > largest:
        raise BadFileError(f"{path}: has {size} bytes, more than {largest}. Give largest={size} to read it.")
    try:
        rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        raise BadFileError(f"{path}: is no text ({error}). Give a file of comma-separated values.") from error
    try:
        names = next(rows, [])
        parsers = [str if name in TEXT else float if name in REAL else int for name in names]
        values: list[list[Any]] = [[] for _ in names]
        for row in rows:
            if len(row) != len(names):
                raise ValueError(f"it has {len(row)} values, the first line {len(names)}")
            for column, parse, text in zip(values, parsers, row, strict=True):
                column.append(parse(text))
        arrays = [np.array(v, _kind(name)) for name, v in zip(names, values, strict=True)]
    except (ValueError, OverflowError, csv.Error) as error:
        raise BadFileError(f"{path}: line {rows.line_num}: {error}. Correct the line.") from error
    if len(set(names)) < len(names) or not names:
        raise BadFileError(f"{path}: its first line must name each column once, got {', '.join(names) or 'nothing'}.")
    return dict(zip(names, arrays, strict=True)), {}


def _kind(name: str) -> Any:
    return str if name in TEXT else np.float64 if name in REAL else np.int64
