"""How the hand-written kernels are compiled."""

from collections.abc import Callable
from typing import Any

from numba import njit


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled, without the interpreter lock; kept on disk where Numba finds a folder it can write to."""
    try:
        return njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # installed read-only, and no home folder either
        return njit(nogil=True, error_model="numpy")(function)


def kernel_inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Part of other kernels: its text is compiled into theirs."""
    return njit(inline="always", error_model="numpy")(function)
