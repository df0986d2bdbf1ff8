"""Spikes as tables that other tools read: CSV, Parquet, NumPy archives; and back."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.errors import BadFileError, RanvierError
from ranvier.files import refuse_to_replace, write_atomic
from ranvier.interchange.tables import FORMATS
from ranvier.simulation.run import Run
from ranvier.spikes import Events

LARGEST = 2**30  # bytes that a file's columns may take


def save_events(found: Events | Run, path: str | Path, *, dt: float | None = None, force: bool = False) -> Path:
    """Writes spikes as a table; the format is what the name ends in: .csv, .parquet (package pyarrow) or .npz.

    `Events` become the columns step, sample and neuron, in order of the steps, and `time` [s], when the step begins, if dt [s] is given. A `Run` of a
    simulation becomes the columns time [s] (the end of the step), population and neuron, counted in its population. .parquet and .npz
    also keep what rows do not tell (shape, dt; names and sizes of populations), a CSV file has rows alone.

    force: write over an existing file. Raises TypeError for what has no events, RanvierError for other names, or a file that is there.

    >>> save_events(run, "spikes.parquet")  # doctest: +SKIP
    """
    target = Path(path)
    write = _format(target).write
    if isinstance(found, Run):
        columns, note = _of_run(found)
    elif isinstance(found, Events):
        columns, note = _of_events(found, dt)
    else:
        raise TypeError(
            f"save_events: expected Events or a Run, got {type(found).__name__}. Write Events.from_dense(x)."
        )
    refuse_to_replace(target, force)
    return write_atomic(target, write(columns, note))


def load_events(path: str | Path, *, shape: Sequence[int] | None = None, largest: int = LARGEST) -> Events:
    """`Events` from a table with the columns step, sample and neuron; others are not looked at.

    shape: (T, B, *N), needed for a file that does not tell it, such as CSV: the last steps, samples and neurons may be silent. Two spikes of a
    neuron in a step count once. largest: bytes that the columns may take.

    Raises `BadFileError` with the place for files that are damaged, lack a column, or hold numbers outside of the shape.
    """
    file = Path(path)
    columns, note = _read(file, largest)
    step, sample, neuron = (_whole(file, columns, name) for name in ("step", "sample", "neuron"))
    size = _shape(file, note, shape)
    if (size[0] * size[1] + 1) * 8 > largest:
        raise BadFileError(f"{file}: its shape {size} takes more than {largest} bytes. Give a larger largest=.")
    for name, values, end in (
        ("step", step, size[0]),
        ("sample", sample, size[1]),
        ("neuron", neuron, math.prod(size[2:])),
    ):
        bad = np.flatnonzero((values < 0) | (values >= end))
        if len(bad):
            raise BadFileError(
                f"{file}: row {bad[0] + 1}: {name} is {values[bad[0]]}, of shape {size} it must lie in 0 to {end - 1}."
            )
    return Events.from_times(
        step.astype(np.float64), neuron, steps=size[0], neurons=size[2:], dt=1.0, samples=sample, batch=size[1]
    )


def load_spikes(path: str | Path, *, largest: int = LARGEST) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times [s] and neurons of each population, from a table with the columns time, population and neuron, in order of time.

    They are what `SpikeSource` takes. A population that the file names and that never fired has none. Raises as `load_events`.

    >>> times, neurons = load_spikes("spikes.csv")["cells"]  # doctest: +SKIP
    """
    file = Path(path)
    columns, note = _read(file, largest)
    neuron = _whole(file, columns, "neuron")
    time, population = _column(file, columns, "time"), _column(file, columns, "population")
    if time.dtype.kind not in "fiu" or not np.isfinite(time).all():
        raise BadFileError(f"{file}: time must hold finite numbers of seconds.")
    named = (
        [p for p in note.get("populations", ()) if isinstance(p, str)]
        if isinstance(note.get("populations"), list)
        else []
    )
    names = dict.fromkeys([*named, *map(str, np.unique(population.astype(str)))])
    order = np.argsort(time, kind="stable")
    time, population, neuron = time[order].astype(np.float64), population[order].astype(str), neuron[order]
    return {name: (time[population == name], neuron[population == name]) for name in names}


def _of_events(events: Events, dt: float | None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    if dt is not None and not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"save_events: dt must be a positive number of seconds, got {dt!r}. Write dt=1 * ms.")
    rows = events.unpacked()
    row = np.repeat(np.arange(events.steps * events.batch), np.diff(rows.starts.numpy()))
    step, sample = np.divmod(row, events.batch)
    columns = {"step": step, "sample": sample, "neuron": rows.indices.numpy().astype(np.int64)}
    columns |= {} if dt is None else {"time": step * dt}
    return columns, {"shape": list(events.shape)} | ({} if dt is None else {"dt": dt})


def _of_run(run: Run) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    times, who = run.spikes()
    sizes = [p.n for p in run.populations]
    starts = np.cumsum([0, *sizes])
    place = np.searchsorted(starts, who, side="right") - 1
    names = [p.name for p in run.populations]
    columns = {"time": times, "population": np.array(names, dtype=str)[place], "neuron": who - starts[place]}
    return columns, {"populations": names, "sizes": sizes, "dt": run.dt, "begin": run.begin, "end": run.end}


def _format(path: Path) -> Any:
    if path.suffix.lower() not in FORMATS:
        raise RanvierError(f"{path}: expected a name that ends in {', '.join(FORMATS)}. Write {path.stem}.csv.")
    return FORMATS[path.suffix.lower()]


def _read(file: Path, largest: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    read = _format(file).read
    if not file.is_file():
        raise BadFileError(f"{file}: no such file. Give a table that `save_events` could have written.")
    columns, note = read(file, largest)
    lengths = {name: values.shape for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        told = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
        raise BadFileError(f"{file}: expected columns of one length, got {told}.")
    return columns, note


def _column(file: Path, columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in columns:
        raise BadFileError(f"{file}: has no column {name}, but {', '.join(columns) or 'none'}.")
    return columns[name]


def _whole(file: Path, columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    found = _column(file, columns, name)
    if found.dtype.kind not in "iu" or (len(found) and int(found.max()) >= 2**62):
        raise BadFileError(f"{file}: {name} must hold whole numbers below 2^62, got {found.dtype}.")
    return found.astype(np.int64)


def _shape(file: Path, note: dict[str, Any], shape: Sequence[int] | None) -> tuple[int, ...]:
    told = note.get("shape")
    if shape is None and told is None:
        raise RanvierError(f"{file}: does not tell its shape. Write load_events(path, shape=(T, B, N)).")
    given: Any = told if shape is None else list(shape)
    sound = isinstance(given, list) and len(given) >= 3 and all(type(n) is int and 0 < n < 2**62 for n in given)
    if not sound or (told is not None and given != told):
        known = f", and is {told} in the file" if told is not None else ""
        raise BadFileError(f"{file}: shape must be (T, B, *N), of whole numbers above 0{known}, got {given}.")
    return tuple(given)
