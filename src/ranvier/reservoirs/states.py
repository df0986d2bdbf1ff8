"""States from which sequences go on: those that `run` gave, of the same reservoir and of as many sequences."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def begun(where: str, state: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A copy of a state that is one array, zeros for None. Raises ValueError for another shape: kernels read and write there."""
    if state is None:
        return np.zeros(shape)
    if not isinstance(state, np.ndarray) or state.shape != shape:
        got = f"an array {state.shape}" if isinstance(state, np.ndarray) else type(state).__name__
        raise ValueError(f"{where}: state must be an array {shape}, as run(X).state of {_many(shape[0])}, got {got}.")
    return np.array(state, np.float64)


def begun_each(where: str, state: Any, batch: int, kind: type) -> Sequence[Any]:
    """A state that is a list, of what each sequence begins with; Nones for None. Raises ValueError for another length or other things."""
    if state is None:
        return [None] * batch
    if not isinstance(state, list) or len(state) != batch or not all(isinstance(one, kind) for one in state):
        got = f"a list of {len(state)}" if isinstance(state, list) else type(state).__name__
        raise ValueError(
            f"{where}: state must be a list of {batch}, as run(X).state of {_many(batch)} of this reservoir, got {got}."
        )
    return state


def _many(batch: int) -> str:
    return f"{batch} sequence{'s' if batch > 1 else ''}"
