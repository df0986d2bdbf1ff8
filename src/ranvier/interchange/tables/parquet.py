"""Apache Parquet, by the package pyarrow: pip install 'ranvier[parquet]'. The note is JSON in the schema's metadata, under `ranvier`."""

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.errors import BadFileError, RanvierError

KEY = b"ranvier"
LONGEST_TEXT, MOST_PARTS = 2**24, 2**20  # bytes of one text, and items of one list, in what describes the file


def write(columns: dict[str, np.ndarray], note: dict[str, Any]) -> bytes:
    """The file's bytes, packed."""
    arrow, parquet = _packages()
    arrays = {name: _packed(arrow, values) for name, values in columns.items()}
    table = arrow.table(arrays).replace_schema_metadata({KEY: json.dumps(note).encode()})
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def read(path: Path, largest: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Columns and note. Sizes are checked before anything is unpacked. Raises `BadFileError` with the column."""
    arrow, parquet = _packages()
    try:
        with parquet.ParquetFile(
            path, thrift_string_size_limit=LONGEST_TEXT, thrift_container_size_limit=MOST_PARTS
        ) as file:
            names, told, schema = list(file.schema_arrow.names), file.metadata, file.schema_arrow
            unpacked = sum(told.row_group(k).total_byte_size for k in range(told.num_row_groups))
            if max(unpacked, told.num_rows * 8 * max(1, len(names))) > largest:
                raise BadFileError(
                    f"{path}: holds {told.num_rows} rows of {len(names)} columns: it takes more than {largest} bytes. Give a larger largest=."
                )
            for name in names:
                _check_kind(arrow, path, name, schema.field(name).type)
            note = json.loads((schema.metadata or {}).get(KEY, b"{}"))
            table = file.read(use_threads=False)
        empty = [name for name in names if table.column(name).null_count]
        if empty or not isinstance(note, dict):
            raise BadFileError(
                f"{path}: {empty[0] if empty else 'its note'} has values that are missing. Give complete rows."
            )
        return {name: table.column(name).to_numpy() for name in names}, note
    except (arrow.ArrowException, OSError, ValueError, KeyError, MemoryError, RecursionError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadFileError(
            f"{path}: cannot be read as Parquet ({first}). It is cut off, damaged, or of another format."
        ) from error


def _packages() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise RanvierError(
            "Parquet needs the package pyarrow. Install it with pip install 'ranvier[parquet]', or write .csv or .npz."
        ) from None


def _packed(arrow: Any, values: np.ndarray) -> Any:
    made = arrow.array(values)
    return made.dictionary_encode() if values.dtype.kind == "U" else made


def _check_kind(arrow: Any, path: Path, name: str, kind: Any) -> None:
    types = arrow.types
    value = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_integer(value) or types.is_floating(value) or types.is_string(value)):
        raise BadFileError(f"{path}: column {name} holds {kind}; expected numbers or text.")
