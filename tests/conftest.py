"""Shared by all tests: one thread a worker, uninitialised buffers full of NaN, a fixed seed."""

import pytest
import torch

from ranvier.kernels.cpu import memory


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
