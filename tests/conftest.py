"""Shared by all tests: compiled kernels in a cache of their own, uninitialised buffers full of NaN."""

import pytest
import torch

from ranvier.kernels.cpu import memory


@pytest.fixture(autouse=True, scope="session")
def _poisoned_buffers():
    """A kernel that leaves an element of its output unwritten then shows as NaN."""
    memory.poison = True
    yield
    memory.poison = False


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)
