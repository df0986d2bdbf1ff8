"""Fitting a reservoir's readout, pooling its states and reading them, in blocks and stretches whose states fit the memory.

`model` is a `Reservoir`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ranvier.free_memory import available
from ranvier.reservoirs import free_run
from ranvier.reservoirs.pooling import check_widths, pooled, pooled_in_parts
from ranvier.reservoirs.readouts.ridge import Ridge
from ranvier.reservoirs.readouts.ridge_classifier import RidgeClassifier
from ranvier.reservoirs.sequences import Ragged

BYTES = 1 << 28  # of states that are held at once; longer memories go through in stretches
SHARE = 0.15  # of the memory that is available, for states that must be held at once: RidgeClassifier() takes 5.6 times as much
PARTS = 5  # stretches of a fit, at least: a penalty is chosen among them
TILE = (1024, 1 << 22)  # most rows, and most numbers, that a readout reads at once


def finite(model: Any, states: np.ndarray, start: Any = (0,), begin: int = 0, number: int = 0) -> np.ndarray:
    """The states; refuses those that are not finite. start: first state of each sequence; begin: its step; number: of the first sequence."""
    if not np.isfinite(states[-1]).all() or not np.isfinite(states).all():
        first = int((~np.isfinite(states)).any(1).argmax())
        within = int(np.searchsorted(start, first, "right")) - 1
        raise ValueError(
            f"{type(model).__name__}: the states diverge, they are not finite from step {begin + first - int(start[within])} of sequence "
            f"{number + within} on. {model._calmed}"
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
    kept, most = model._kept(x), _most_steps(model)
    if len(driven) <= most or _must_be_whole(tasks, len(driven)):
        states = finite(model, model._scan_only(driven, x.start, noise), x.start[:-1])
        groups = np.repeat(np.arange(x.batch), x.lengths)[kept]
        design = model._design(states, driven)[kept]
        del states
        for one, targets in tasks:
            fit_readout(one, design, targets[kept], groups)
        return
    for states, at in _stretches(model, driven, x, noise, min(most, -(-len(driven) // PARTS))):
        use = kept[at]
        if use.any():
            design = model._design(states, driven[at])[use]
            for one, targets in tasks:
                add = getattr(one.readout_, "accumulate", one.readout_.partial_fit)
                more = {"classes": one.classes_} if is_classifier(one.readout_) else {}
                add(design, one._wanted(design, targets[at][use]), **more)
    for one, _ in tasks:
        if hasattr(one.readout_, "finish"):
            one.readout_.finish()


def _must_be_whole(tasks: Sequence[tuple[Any, np.ndarray]], steps: int) -> bool:
    """Whether a readout cannot learn in stretches; refuses it where the states would take too much of the memory."""
    unable = [one for one, _ in tasks if not hasattr(one.readout_, "partial_fit")]
    if not unable:
        return False
    model, free = unable[0], available()
    need = steps * _bytes_a_step(model)
    if free is not None and need > SHARE * free:
        able = "scikit-learn's SGDClassifier()" if is_classifier(model.readout_) else "Ridge() or RLS()"
        raise ValueError(
            f"{type(model).__name__}: {steps} steps of {model._columns} states take {need / 1e9:.3g} GB, expected at most {SHARE:.0%} of the "
            f"{free / 1e9:.3g} GB that are available, since {type(model.readout_).__name__} cannot learn in stretches. Use {able}, or fewer steps."
        )
    return True


def pooled_rows(model: Any, driven: np.ndarray, x: Ragged, noise: Any) -> np.ndarray:
    """One row a sequence, [B, M]."""
    return np.concatenate(list(_pooled(model, driven, x, noise)))


def read(model: Any, x: Ragged, readers: Sequence[Callable[[np.ndarray], np.ndarray]]) -> list[np.ndarray]:
    """What each reader makes of the rows that a readout gets, of every step or of every sequence."""
    driven = model._scaled(x.rows)
    if model.pooling_ is not None:
        return in_tiles(_pooled(model, driven, x, None), readers)
    found = _stretches(model, driven, x, None, _most_steps(model))
    return in_tiles((model._design(states, driven[at]) for states, at in found), readers)


def in_tiles(parts: Iterable[np.ndarray], readers: Sequence[Callable[[np.ndarray], np.ndarray]]) -> list[np.ndarray]:
    """What each reader makes of the rows of all parts. However they are parted, rows are read in the same tiles: last bits of a product depend on
    how many rows it has."""
    found: list[list[np.ndarray]] = [[] for _ in readers]

    def take(rows: np.ndarray) -> None:
        for one, reader in zip(found, readers, strict=True):
            one.append(reader(rows))

    held = None  # rows of less than a tile
    for part in parts:
        size = max(1, min(TILE[0], TILE[1] // part.shape[1]))
        if held is not None:
            lacking = size - len(held)
            held, part = np.concatenate([held, part[:lacking]]), part[lacking:]
            if len(held) < size:
                continue
            take(held)
        whole = len(part) - len(part) % size
        for k in range(0, whole, size):
            take(part[k : k + size])
        held = part[whole:] if whole < len(part) else None
    if held is not None:
        take(held)
    return [_joined(one) for one in found]


def _joined(tiles: list[Any]) -> Any:
    """The rows of all tiles; where a reader gives a list, an array for each output, so is this."""
    if len(tiles) == 1:
        return tiles[0]
    if isinstance(tiles[0], list):
        return [np.concatenate(output) for output in zip(*tiles, strict=True)]
    return np.concatenate(tiles)


def fed_back(model: Any, x: Ragged) -> np.ndarray:
    """Output of a reservoir with feedback in every step, [steps, K]."""
    found, most = [], _most_steps(model)
    for b, rows in enumerate(x.parts()):
        state = None
        for k in range(0, len(rows), most):
            part = rows[k : k + most]
            states, output, state = free_run.follow(model, Ragged(part, np.array([0, len(part)]), "series"), state)
            finite(model, states, begin=k, number=b)
            found.append(output)
    return np.concatenate(found)


def _pooled(model: Any, driven: np.ndarray, x: Ragged, noise: Any) -> Iterator[np.ndarray]:
    """One row a sequence, [n, M], of block after block. A long sequence goes through in stretches if the pooling can take them."""
    pooling, least, most = model.pooling_, model._first(), _most_steps(model)
    width = None
    for first, last in _blocks(x, most):
        start = x.start[first : last + 1] - x.start[first]
        block = driven[x.start[first] : x.start[last]]
        if len(block) > most and hasattr(pooling, "spans"):
            designs = (model._design(states, block[at]) for states, at in _long(model, block, noise, most, first))
            rows = pooled_in_parts(pooling, len(block), least, designs)
        else:
            states = finite(model, model._scan_only(block, start, noise), start[:-1], number=first)
            design = model._design(states, block)
            rows = pooled(pooling, [one[least:] for one in np.split(design, start[1:-1])])
        width = rows.shape[1:] if width is None else width
        check_widths(pooling, {width, rows.shape[1:]})
        yield rows


def _bytes_a_step(model: Any) -> int:
    return 8 * (model._columns + model.features_)


def _most_steps(model: Any) -> int:
    return max(1, BYTES // _bytes_a_step(model))


def _blocks(x: Ragged, most: int) -> Iterator[tuple[int, int]]:
    """Sequences first to last of at most so many steps together; at least one."""
    first = 0
    while first < x.batch:
        last = max(first + 1, int(np.searchsorted(x.start, x.start[first] + most, side="right")) - 1)
        yield first, last
        first = last


def _stretches(model: Any, driven: np.ndarray, x: Ragged, noise: Any, most: int) -> Iterator[tuple[np.ndarray, slice]]:
    """States of the steps of a slice: of a block of sequences, or of a stretch of a long one."""
    for first, last in _blocks(x, most):
        begin, end = int(x.start[first]), int(x.start[last])
        if end - begin <= most:
            start = x.start[first : last + 1] - begin
            states = model._scan_only(driven[begin:end], start, noise)
            yield finite(model, states, start[:-1], number=first), slice(begin, end)
        else:
            for states, at in _long(model, driven[begin:end], noise, most, first):
                yield states, slice(begin + at.start, begin + at.stop)


def _long(model: Any, driven: np.ndarray, noise: Any, most: int, number: int) -> Iterator[tuple[np.ndarray, slice]]:
    """States of one sequence, which has this number, stretch by stretch."""
    state = None
    for k in range(0, len(driven), most):
        at = slice(k, min(k + most, len(driven)))
        states, state = model._scan(driven[at], np.array([0, at.stop - k]), state, noise)
        yield finite(model, states, begin=k, number=number), at
