"""Shared by all tests: one thread a worker, uninitialised buffers full of NaN, a fixed seed."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from numba.core import event

from ranvier.kernels.cpu import chain, memory


@pytest.fixture(autouse=True, scope="session")
def _poisoned_buffers():
    """A kernel that leaves an element of its output unwritten then shows as NaN."""
    memory.poison = True
    torch.set_num_threads(1)  # workers run side by side
    yield
    memory.poison = False


class _Untraced(event.Listener, threading.local):
    """Coverage counts our lines and shall not follow Numba while that compiles: it would take half as long again."""

    depth, trace = 0, None

    def on_start(self, event: Any) -> None:
        if self.depth == 0:
            self.trace = sys.gettrace()
            sys.settrace(None)
        self.depth += 1

    def on_end(self, event: Any) -> None:
        self.depth -= 1
        if self.depth == 0:
            sys.settrace(self.trace)


event.register("numba:compile", _Untraced())


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


class _Steps(int):
    """A limit on the bytes of a stretch, given in steps."""

    def __floordiv__(self, bytes_a_step: int) -> int:
        return int(self)


@pytest.fixture
def stretch(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many steps a chain runs at a time, with and without a backward pass."""

    def set_steps(count: int) -> None:
        monkeypatch.setattr(chain, "WHOLE", 0)
        monkeypatch.setattr(chain, "STRETCH", _Steps(count))
        monkeypatch.setattr(chain, "OVER_WEIGHTS", 0)
        monkeypatch.setattr(chain, "PASSING", _Steps(count))

    return set_steps
