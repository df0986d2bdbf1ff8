"""The room as a whole: its names, its examples."""

import doctest
import importlib

import pytest

from ranvier import instruments

FILES = [
    "fi_curve", "fixed_points", "membrane", "phase_plane", "protocols", "ramp_response", "rheobase", "spike_triggered", "step_response",
]  # fmt: skip


@pytest.mark.parametrize("file", ["", *(f".{name}" for name in FILES)])
def test_the_examples_run(file: str) -> None:
    done = doctest.testmod(importlib.import_module(f"ranvier.instruments{file}"))
    assert done.attempted > 0 and done.failed == 0


def test_every_name_is_there_and_explains_itself() -> None:
    for name in instruments.__all__:
        assert getattr(instruments, name).__doc__
