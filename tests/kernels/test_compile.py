"""Hand-written kernels compile, and their machine code is kept."""

from pathlib import Path

import numba
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


def test_machine_code_is_kept_for_this_version_of_all_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_CACHE", str(tmp_path))

    def hits() -> int:
        compiled, y = kernel(double), np.zeros(2)
        compiled(np.ones(2), y)
        assert y.tolist() == [2, 2]
        return sum(compiled.stats.cache_hits.values())

    assert hits() == 0
    assert list((tmp_path / "kernels").glob("*/*.nbc"))
    assert hits() == 1
    monkeypatch.setattr(compiling, "fingerprint", lambda: "another text")
    assert hits() == 0


def test_functions_of_others_without_a_module_compile() -> None:
    """Numba tells us of every function, also of those whose text was executed."""
    space: dict = {}
    exec("def twice(x): return 2 * x", space)
    space["twice"].__module__ = None
    assert numba.njit(space["twice"])(3) == 6
