"""Hand-written kernels compile, also where nothing can be cached."""

import numpy as np
import pytest

from ranvier.kernels.cpu import compile as compiling
from ranvier.kernels.cpu.compile import kernel, kernel_inline


def double(x, y):
    for k in range(x.shape[0]):
        y[k] = 2 * x[k]


def test_a_kernel_runs_as_its_text_says() -> None:
    for compiled in (kernel(double), kernel_inline(double)):
        y = np.zeros(3)
        compiled(np.arange(3.0), y)
        assert y.tolist() == [0, 2, 4] and compiled.py_func is double


def test_kernels_compile_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compiling.njit

    def without_locator(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compiled(**options)

    monkeypatch.setattr(compiling, "njit", without_locator)
    y = np.zeros(2)
    kernel(double)(np.ones(2), y)
    assert y.tolist() == [2, 2]
