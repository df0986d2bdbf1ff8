"""Shared by all tests: one thread a worker, uninitialised buffers full of NaN, a fixed seed."""

from collections.abc import Callable

import pytest
import torch

from ranvier.kernels.cpu import chain, memory


@pytest.fixture(autouse=True, scope="session")
def _poisoned_buffers():
    """A kernel that leaves an element of its output unwritten then shows as NaN."""
    memory.poison = True
    torch.set_num_threads(1)  # workers run side by side
    yield
    memory.poison = False


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
        monkeypatch.setattr(chain, "PASSING", _Steps(count))

    return set_steps
