"""Fitting a reservoir's readout and pooling its states, in blocks and stretches whose states fit the memory.

`model` is a `Reservoir`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ranvier.reservoirs.pooling import pooled
from ranvier.reservoirs.readouts.ridge import Ridge
from ranvier.reservoirs.readouts.ridge_classifier import RidgeClassifier
from ranvier.reservoirs.sequences import Ragged

BYTES = 1 << 28  # of states that are held at once; longer memories go through in stretches


def finite(model: Any, states: np.ndarray) -> np.ndarray:
    """The states; refuses those that are not finite."""
    if not np.isfinite(states[-1]).all() or not np.isfinite(states).all():
        first = int((~np.isfinite(states)).any(1).argmax())
        raise ValueError(
            f"{type(model).__name__}: the states diverge, they are not finite from step {first} on. {model._calmed}"
        )
    return states


def fit_readout(model: Any, design: np.ndarray, targets: np.ndarray, groups: np.ndarray | None) -> None:
    """groups: of a cross-validation, which sequence each row is of."""
    wanted = model._wanted(design, targets)
    if isinstance(model.readout_, Ridge | RidgeClassifier):
        model.readout_.fit(design, wanted, groups)
    else:
        model.readout_.fit(design, wanted)


def fit_steps(tasks: Sequence[tuple[Any, np.ndarray]], driven: np.ndarray, x: Ragged, noise: Any) -> None:
    """Fits a target a step: at once where the states fit the memory, else in stretches if the readouts can.

    tasks: models of the same reservoir, each with a readout of its own, and their targets.
    """
    model, _ = tasks[0]
    name, kept = type(model).__name__, model._kept(x)
    if len(driven) <= _most_steps(model):
        states = finite(model, model._scan(driven, x.start, None, noise)[0])
        groups = np.repeat(np.arange(x.batch), x.lengths)[kept]
        design = model._design(states, driven)[kept]
        for one, targets in tasks:
            fit_readout(one, design, targets[kept], groups)
        return
    for one, _ in tasks:
        if not hasattr(one.readout_, "partial_fit"):
            raise ValueError(
                f"{name}: {len(driven)} steps of {model._columns} states do not fit {BYTES >> 20} MB, and "
                f"{type(one.readout_).__name__} cannot learn in stretches. Use Ridge() or RLS(), or fewer steps."
            )
    for states, rows, at in _stretches(model, driven, x, noise):
        use = kept[at]
        if use.any():
            design = model._design(states, rows)[use]
            for one, targets in tasks:
                add = getattr(one.readout_, "accumulate", one.readout_.partial_fit)
                add(design, one._wanted(design, targets[at][use]))
    for one, _ in tasks:
        if hasattr(one.readout_, "finish"):
            one.readout_.finish()


def pooled_rows(model: Any, rows: np.ndarray, x: Ragged, noise: Any) -> np.ndarray:
    """One row a sequence, of blocks of sequences whose states fit the memory."""
    least, found = model._first(), []
    for first, last in _blocks(x, _most_steps(model)):
        start = x.start[first : last + 1] - x.start[first]
        part = rows[x.start[first] : x.start[last]]
        states = finite(model, model._scan_only(part, start, noise))
        several = np.split(model._design(states, part), start[1:-1])
        found.append(pooled(model.pooling_, [one[least:] for one in several]))
    return np.concatenate(found)


def _most_steps(model: Any) -> int:
    return max(1, BYTES // (8 * (model._columns + model.features_)))


def _blocks(x: Ragged, most: int) -> Iterator[tuple[int, int]]:
    """Sequences first to last of at most so many steps together; at least one."""
    first = 0
    while first < x.batch:
        last = max(first + 1, int(np.searchsorted(x.start, x.start[first] + most, side="right")) - 1)
        yield first, last
        first = last


def _stretches(model: Any, driven: np.ndarray, x: Ragged, noise: Any) -> Iterator[tuple[np.ndarray, np.ndarray, slice]]:
    """States of the steps of a slice, stretch by stretch, sequence by sequence."""
    most = _most_steps(model)
    for b in range(x.batch):
        state = None
        for first in range(int(x.start[b]), int(x.start[b + 1]), most):
            at = slice(first, min(first + most, int(x.start[b + 1])))
            states, state = model._scan(driven[at], np.array([0, at.stop - first]), state, noise)
            yield finite(model, states), driven[at], at
