"""What a reservoir reads: sequences and targets of a fit, sequences of anything after it, and which of their steps count.

`model` is a `Reservoir`.
"""

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ranvier.reservoirs.pooling import Last, Pooling
from ranvier.reservoirs.sequences import Ragged, holds_sequences, of_list, of_rows


def of_fit(model: Any, X: Any, y: Any) -> tuple[Ragged, Any, Pooling | None]:
    """Sequences, targets and pooling of a fit; sets `n_features_in_`."""
    name, pooling = type(model).__name__, model._own_pooling if model.pooling is None else model.pooling
    if y is None:
        raise ValueError(f"{name}: requires y to be passed, but the target y is None.")
    if holds_sequences(X):
        x = of_list(name, X)
        model.n_features_in_ = x.features
        return x, y, Last() if pooling is None and _one_each(y, x.batch) else pooling
    several = is_classifier(model.readout) if model.readout is not None else True
    found: Any = validate_data(
        model, X, y, dtype=np.float64, ensure_all_finite=False, multi_output=True, y_numeric=not several
    )
    X, y = found
    wide = y.ndim > 1 and (
        y.shape[1] > 1 if model.readout is None else model.__sklearn_tags__().target_tags.multi_output
    )
    targets = y if wide or y.ndim == 1 else column_or_1d(y, warn=True)
    return of_rows(name, X, pooling is not None), targets, pooling


def of_more(model: Any, X: Any) -> Ragged:
    """Sequences of anything but a fit."""
    check_is_fitted(model, "features_")
    name = type(model).__name__
    if holds_sequences(X):
        x = of_list(name, X)
    else:
        if model.pooling_ is not None and model.features_ > 1:
            raise ValueError(
                f"{name}: X is a matrix, but the sequences of the fit had {model.features_} features. Give a list: [X] for one sequence."
            )
        found: Any = validate_data(model, X, reset=False, dtype=np.float64, ensure_all_finite=False)
        x = of_rows(name, found, model.pooling_ is not None)
    if x.features != model.features_:
        raise ValueError(
            f"{name}: X has {x.features} features, but {name} is expecting {model.features_} features as input."
        )
    return x


def check_lengths(name: str, x: Ragged, least: int) -> None:
    """Refuses sequences of no more than `least` steps."""
    short = np.flatnonzero(x.lengths <= least)
    if len(short):
        raise ValueError(
            f"{name}: sequence {short[0]} has {x.lengths[short[0]]} steps, expected more than the washout of {least} "
            f"({len(short)} of {x.batch} are too short). Lower washout, or leave them out."
        )


def check_classes(name: str, targets: np.ndarray) -> np.ndarray:
    """The classes among the targets; refuses numbers that are none, and a single class."""
    check_classification_targets(targets)
    classes = np.unique(targets)
    if len(classes) < 2:
        raise ValueError(
            f"{name}: y holds one class only ({classes[0]!r}), expected two or more. Give sequences of other classes too."
        )
    return classes


def check_step(name: str, step: float, dt: float, remedy: str = "") -> None:
    """Refuses a time of a row that is no multiple of dt, or so many of them that no run would end."""
    if abs(step / dt - round(step / dt)) > 1e-6 or step < dt * (1 - 1e-6):
        raise ValueError(f"{name}: step must be a multiple of dt, got {step:g} s and {dt:g} s.{remedy}")
    if step > MOST * dt:
        raise ValueError(
            f"{name}: a row of {step:g} s would take {step / dt:.3g} steps of {dt:g} s, expected at most {MOST:,}. Write step=10 * ms."
        )


MOST = 1_000_000  # steps of the simulation a row


def delayed(targets: np.ndarray, x: Ragged) -> np.ndarray:
    """Targets of the step before, [steps, K], zero in the first of every sequence: what teacher forcing feeds back."""
    flat = targets.reshape(len(targets), -1)
    before = np.vstack([np.zeros((1, flat.shape[1])), flat[:-1]])
    before[x.start[:-1]] = 0.0
    return before


def _one_each(y: Any, batch: int) -> bool:
    """Whether y holds one plain value a sequence."""
    return len(y) == batch and all(np.ndim(entry) == 0 for entry in y)
