"""Ragged sequences: what users give as X and y, checked and laid one behind the other."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Form = Literal["series", "rows", "array", "list"]


@dataclass(frozen=True, eq=False)
class Ragged:
    """B sequences one behind the other.

    rows: [steps of all, F], float64. start: [B + 1]; sequence b is rows[start[b]:start[b + 1]]. form: how they were given: one series
    [T, F], an array whose rows are sequences of one feature [B, T], an array [B, T, F], or a list.
    """

    rows: NDArray[np.float64]
    start: NDArray[np.int64]
    form: Form

    @property
    def batch(self) -> int:
        return len(self.start) - 1

    @property
    def features(self) -> int:
        return self.rows.shape[1]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.start)

    def parts(self, rows: np.ndarray | None = None) -> list[np.ndarray]:
        """Sequence by sequence; of other rows with the same steps, if given."""
        return np.split(self.rows if rows is None else rows, self.start[1:-1])

    def as_given(self, rows: np.ndarray) -> Any:
        """Rows with the same steps in the form that the sequences came in."""
        if self.form == "series":
            return rows
        if self.form == "list":
            return self.parts(rows)
        return rows.reshape(self.batch, -1, *rows.shape[1:])


def is_list(x: Any) -> bool:
    """Whether x is a list of sequences: of arrays, or of lists that are no rows of one array of numbers."""
    if not isinstance(x, list | tuple) or not x:
        return False
    if any(hasattr(part, "ndim") for part in x):
        return any(getattr(part, "ndim", 0) >= 1 for part in x)
    nested = [part for part in x if isinstance(part, list | tuple)]
    deep = any(isinstance(entry, list | tuple) or getattr(entry, "ndim", 0) for part in nested for entry in part)
    return bool(nested) and (deep or len({len(part) for part in nested}) > 1)


def holds_sequences(x: Any) -> bool:
    """Whether `of_list` reads x, or refuses it: a list of sequences, an array [B, T, F], or an empty list."""
    return is_list(x) or getattr(x, "ndim", 2) == 3 or (isinstance(x, list | tuple) and not x)


def of_list(where: str, x: Any) -> Ragged:
    """A list of arrays [T, F] or [T], or an array [B, T, F].

    Raises:
        ValueError: what cannot be read so, sequences without steps, with different numbers of features, or with NaN.
    """
    is_array = not isinstance(x, list | tuple)
    parts = []
    for k, part in enumerate(x):
        try:
            values = np.asarray(part)
            if np.iscomplexobj(values):
                raise ValueError("Complex data not supported")
            values = values.astype(np.float64)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{where}: sequence {k} holds what is no real number ({error}). Give arrays [T, features]."
            ) from None
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2:
            raise ValueError(
                f"{where}: sequence {k} has shape {values.shape}, expected [T, features]. Time is the first axis."
            )
        if not values.size:
            raise ValueError(f"{where}: sequence {k} has no entries, its shape is {values.shape}. Leave it out.")
        _known(where, k, values)
        parts.append(values)
    widths = sorted({part.shape[1] for part in parts})
    if len(widths) != 1:
        raise ValueError(
            f"{where}: the sequences have {widths[0]} to {widths[-1]} features, expected the same in all. Time is the first axis: [T, features]."
            if widths
            else f"{where}: no sequence was given. Give a list of arrays [T, features]."
        )
    start = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    return Ragged(np.concatenate(parts), start, "array" if is_array else "list")


def of_rows(where: str, x: np.ndarray, pooled: bool) -> Ragged:
    """An array of numbers [B, T] as B sequences of one feature if `pooled`, else [T, F] as one series.

    Raises:
        ValueError: NaN.
    """
    if pooled:
        for k in np.flatnonzero(~np.isfinite(x).all(1))[:1]:
            _known(where, k, x[k, :, None])
        return Ragged(x.reshape(-1, 1), np.arange(len(x) + 1, dtype=np.int64) * x.shape[1], "rows")
    _known(where, 0, x)
    return Ragged(np.ascontiguousarray(x), np.array([0, len(x)], np.int64), "series")


def _known(where: str, k: int, values: np.ndarray) -> None:
    """Refuses NaN and inf in sequence k, [T, F]."""
    if not np.isfinite(values).all():
        bad = ~np.isfinite(values)
        raise ValueError(
            f"{where}: sequence {k} contains NaN or inf in {bad.sum()} of {bad.size} values, first in step {int(bad.any(1).argmax())}. "
            "Fill gaps before, for example with np.interp, or cut the sequence there."
        )


def step_targets(where: str, x: Ragged, y: Any) -> np.ndarray:
    """A target for every step: rows of all sequences, [steps] or [steps, K].

    Raises:
        ValueError: targets that are not as many, or as long, as the sequences.
    """
    parts = [np.asarray(y)] if x.form == "series" else [np.asarray(part) for part in y]
    if len(parts) != x.batch:
        raise ValueError(f"{where}: X has {x.batch} sequences, y {len(parts)}. Give one series of targets a sequence.")
    for k, (part, length) in enumerate(zip(parts, x.lengths, strict=True)):
        if part.ndim == 0 or len(part) != length:
            given = "a single value" if part.ndim == 0 else f"{len(part)} targets"
            raise ValueError(
                f"{where}: sequence {k} has {length} steps and {given}; without pooling every step needs a target. "
                "For one target a sequence give pooling=Last(), for example."
            )
        _finite(where, part, f"sequence {k} of y")
    return np.concatenate(parts)


def sequence_targets(where: str, x: Ragged, y: Any) -> np.ndarray:
    """A target for every sequence, [B] or [B, K].

    Raises:
        ValueError: another number of them than of sequences.
    """
    found = np.asarray(y)
    if found.ndim == 0 or len(found) != x.batch:
        raise ValueError(
            f"{where}: X has {x.batch} sequences, y has shape {found.shape}; with pooling every sequence needs one target. "
            "For a target a step leave pooling out."
        )
    _finite(where, found, "y")
    return found


def _finite(where: str, y: np.ndarray, what: str) -> None:
    if y.dtype.kind == "c":
        raise ValueError(f"{where}: {what} is complex. Complex data not supported; use y.real or y.imag.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(
            f"{where}: {what} contains NaN or inf in {np.count_nonzero(~np.isfinite(y))} of {y.size} values. Leave these steps out."
        )
