"""The loop from a reservoir's output back into its input: free runs, feedback, FORCE.

`model` is a fitted `Reservoir`, for `learn` one whose weights are drawn.
"""

import warnings
from typing import Any

import numpy as np

from ranvier.reservoirs.reading import delayed
from ranvier.reservoirs.readouts.constant import warn_of_constants
from ranvier.reservoirs.sequences import Ragged, step_targets
from ranvier.reservoirs.states import begun_each

HUGE = 1e6  # an output beyond which a free run is lost


def generate(model: Any, steps: int, x: Ragged, teacher: Any, inputs: Any) -> np.ndarray:
    """See `Reservoir.generate`; [B, steps, K]."""
    name, width = type(model).__name__, int(np.prod(model.outputs_shape_))
    if model.pooling_ is not None:
        raise ValueError(f"{name}: generate needs an output a step. Leave pooling out.")
    if not model.feedback and width != x.features:
        raise ValueError(
            f"{name}: generate takes the output for the next input, but there are {width} outputs and {x.features} features. "
            "Fit y = the next value of X, or use feedback=True."
        )
    if model.feedback and teacher is None:
        raise ValueError(f"{name}: generate needs teacher=, the y of the warm-up, since the output is fed back.")
    free = _held(model, steps, x, teacher, inputs) if model.feedback else _alone(model, steps, x)
    if not np.isfinite(free).all() or np.abs(free).max() > HUGE:
        warnings.warn(
            f"{name}: the free run diverges. {model._steadied}",
            stacklevel=3,
        )
    return free


def _alone(model: Any, steps: int, x: Ragged) -> np.ndarray:
    """The output is the next input."""
    free, one = np.empty((x.batch, steps, x.features)), np.arange(x.batch + 1, dtype=np.int64)
    rows, ends = model._scaled(x.rows), x.start[1:] - 1
    last, state = model._scan(rows, x.start, None)
    value = model._output(model._design(last[ends], rows[ends])).reshape(x.batch, x.features)
    for t in range(steps):
        free[:, t] = value
        if t + 1 < steps:
            entered = model._scaled(value)
            last, state = model._scan(entered, one, state)
            value = model._output(model._design(last, entered)).reshape(x.batch, x.features)
    return free


def _held(model: Any, steps: int, x: Ragged, teacher: Any, inputs: Any) -> np.ndarray:
    """The output is fed back; in the warm-up it is the teacher's."""
    forced = step_targets(type(model).__name__, x, teacher).astype(np.float64)
    forced = forced.reshape(len(forced), -1)
    free, one = np.empty((x.batch, steps, forced.shape[1])), np.arange(x.batch + 1, dtype=np.int64)
    rows, ends = model._scaled(x.rows), x.start[1:] - 1
    _, state = model._scan(np.hstack([rows, delayed(forced, x)]), x.start, None)
    value = forced[ends]
    outside = np.repeat(rows[ends][:, None], steps, 1)
    if inputs is not None:
        given = np.asarray(inputs, np.float64).reshape(-1, x.features)
        outside = np.broadcast_to(model._scaled(given).reshape(-1, steps, x.features), (x.batch, steps, x.features))
    for t in range(steps):
        last, state = model._scan(np.hstack([outside[:, t], value]), one, state)
        value = model._output(model._design(last, outside[:, t])).reshape(x.batch, -1)
        free[:, t] = value
    return free


def follow(model: Any, x: Ragged, state: Any) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """States [steps, N] and output [steps, K] step by step, the output of a step entering at the next; and (reservoir's state, output) where each
    sequence ends. state: these of where each begins, None for rest."""
    rows, width = model._scaled(x.rows), int(np.prod(model.outputs_shape_))
    states, output, after = np.empty((len(rows), model._columns)), np.empty((len(rows), width)), []
    begins = begun_each(model._name, state, x.batch, tuple)
    for b in range(x.batch):
        inner, value = (None, np.zeros((1, width))) if begins[b] is None else begins[b]
        for t in range(int(x.start[b]), int(x.start[b + 1])):
            design, inner = _entered(model, rows[t : t + 1], value, inner, states[t : t + 1])
            value = model._output(design).reshape(1, width)
            output[t] = value[0]
        after.append((inner, value))
    return states, output, after


def learn(model: Any, rows: np.ndarray, x: Ragged, targets: np.ndarray) -> None:
    """Fits the readout while the reservoir runs on its output; see `FORCE`."""
    flat, kept = targets.reshape(len(targets), -1), model._kept(x)
    for _ in range(model.readout_.epochs):
        for b in range(x.batch):
            inner, value = None, np.zeros((1, flat.shape[1]))
            for t in range(int(x.start[b]), int(x.start[b + 1])):
                design, inner = _entered(model, rows[t : t + 1], value, inner)
                value = model.readout_.advance(design, flat[t : t + 1], bool(kept[t]))
    model.readout_.settle(targets.ndim == 1)
    if kept.any():
        warn_of_constants(type(model.readout_).__name__, flat[kept].min(0), flat[kept].max(0))


def _entered(model: Any, row: np.ndarray, value: np.ndarray, inner: Any, keep: Any = None) -> tuple[np.ndarray, Any]:
    """What the readout reads after a step with the input `row` and the output before it, both [1, ...], and the state. keep: takes the states."""
    now, inner = model._scan(np.hstack([row, value]), np.array([0, 1]), inner)
    if keep is not None:
        keep[:] = now
    return model._design(now, row), inner
