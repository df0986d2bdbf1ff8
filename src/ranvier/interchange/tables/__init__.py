"""Tables of events as files: columns in, columns out, one format a file. What the columns mean is `event_files.py`'s."""

from ranvier.interchange.tables import csv, npz, parquet

FORMATS = {
    ".csv": csv,
    ".npz": npz,
    ".parquet": parquet,
}  # each has write(columns, note) -> bytes and read(path, largest) -> (columns, note)

__all__ = ["FORMATS"]
