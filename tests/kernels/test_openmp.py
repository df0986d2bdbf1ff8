"""Parts of a range on OpenMP's threads: each done once, side by side, and never in a forked process."""

import multiprocessing
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from ranvier.kernels.cpu import openmp, threads
from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.openmp import share


@kernel
def note(x, factor, sizes, done, first, last):
    """done[k] = factor * x[k] + sizes, and who asked for it."""
    for k in range(first, last):
        done[k, 0] += factor * x[k] + sizes[0] * sizes[1]
        done[k, 1] = first
        done[k, 2] = last


@kernel
def meet(seen, first, last):
    """Waits until every part has been here."""
    for k in range(first, last):
        seen[k] = 1
    waits = 0
    while seen.sum() < seen.shape[0] and waits < 2_000_000_000:
        waits += 1


@kernel
def hoard(bytes_, first, last):
    """Asks for more memory than there is, in the last part."""
    if first > 0:
        np.zeros(bytes_, np.uint8)[-1] = 1


def test_torch_brings_the_library() -> None:
    assert openmp.takes(note)
    assert not openmp.takes(lambda first, last: None), "a function of Python's runs on threads of Python's"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("threads", "parts", "count"), [(2, 2, 7), (3, 3, 3), (2, 1, 5), (4, 2, 5), (3, 3, 100)])
def test_every_number_is_in_one_part(threads: int, parts: int, count: int, dtype: Any) -> None:
    x, done = np.arange(count, dtype=dtype), np.zeros((count, 3), dtype)
    share(note, threads, parts, count, (x, dtype(2), (3, 4), done))
    assert np.array_equal(done[:, 0], 2 * x + 12)
    bounds = [count * k // parts for k in range(parts + 1)]
    assert [tuple(b) for b in np.unique(done[:, 1:], axis=0)] == list(zip(bounds, bounds[1:], strict=False))


def test_arrays_of_other_layouts_have_code_of_their_own() -> None:
    whole, done = np.arange(20.0), np.zeros((10, 3))
    for x in (whole[::2], whole[:10], np.lib.stride_tricks.as_strided(whole, (10,), (8,), writeable=False)):
        done[:] = 0
        share(note, 2, 2, 10, (x, 1.0, (0, 0), done))
        assert np.array_equal(done[:, 0], x)


def test_parts_run_side_by_side() -> None:
    seen = np.zeros(2, np.int64)
    share(meet, 2, 2, 2, (seen,))
    assert seen.sum() == 2


def test_a_part_that_finds_no_memory_says_so() -> None:
    with pytest.raises(MemoryError, match="scratch arrays"):
        share(hoard, 2, 2, 2, (1 << 60,))


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def _work() -> np.ndarray:
    done = np.zeros((1000, 3))
    threads.split(1000, 10**6, note, np.arange(1000.0), 2.0, (1, 1), done)
    return done


def _child(pipe: Any) -> None:
    pipe.send((openmp.takes(note), os.getpid(), _work()))
    pipe.close()


def test_a_forked_process_takes_threads_of_python(two_threads: None) -> None:
    expected = _work()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs,))
    child.start()
    assert ours.poll(60), "the child hangs"
    taken, process, found = ours.recv()
    child.join(10)
    assert child.exitcode == 0 and process != os.getpid()
    assert not taken and np.array_equal(found, expected)


def test_without_the_library_threads_of_python_do_the_same(two_threads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _work()
    monkeypatch.setattr(openmp, "_found", False)
    assert not openmp.takes(note)
    assert np.array_equal(_work(), expected)


def test_every_part_is_done_where_openmp_gives_fewer_threads() -> None:
    code = """
import numpy as np
from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.openmp import share, takes
@kernel
def note(done, first, last):
    for k in range(first, last):
        done[k] += 1
done = np.zeros(10)
assert takes(note)
share(note, 4, 4, 10, (done,))
print(done.sum(), done.max())
"""
    limited = {**os.environ, "OMP_THREAD_LIMIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=limited, check=True)
    assert done.stdout.split() == ["10.0", "1.0"]


def test_a_library_without_the_functions_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        def __init__(self, name: object) -> None:
            """Has no functions."""

    monkeypatch.setattr(openmp.ctypes, "CDLL", Bare)
    assert openmp._find() is False
