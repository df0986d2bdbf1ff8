"""Parts of a range, each done once, in parallel where it pays, also after a fork."""

import multiprocessing
import threading

import pytest
import torch

from ranvier.kernels.cpu.threads import split


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def parts_of(count: int, work: int) -> tuple[list[tuple[int, int]], set[int]]:
    parts, names, lock = [], set(), threading.Lock()

    def run(first: int, last: int) -> None:
        with lock:
            parts.append((first, last))
            names.add(threading.get_ident())

    split(count, work, run)
    return sorted(parts), names


@pytest.mark.parametrize("count", [1, 2, 3, 101])
def test_every_number_is_in_one_part(count: int, two_threads: None) -> None:
    parts, _ = parts_of(count, 10**6)
    assert parts[0][0] == 0 and parts[-1][1] == count and len(parts) == min(2, count)
    assert all(a[1] == b[0] for a, b in zip(parts, parts[1:], strict=False))


def test_little_work_stays_in_the_calling_thread(two_threads: None) -> None:
    assert parts_of(10, 100) == ([(0, 10)], {threading.get_ident()})


def test_much_work_is_shared(two_threads: None) -> None:
    barrier = threading.Barrier(2, timeout=20)  # passes only if both parts run at the same time
    split(2, 10**6, lambda a, b: barrier.wait())
    assert barrier.n_waiting == 0


def test_an_error_in_any_part_is_raised(two_threads: None) -> None:
    for bad in (0, 1):

        def run(first: int, last: int, bad: int = bad) -> None:
            if first == bad:
                raise RuntimeError(f"part {first} failed")

        with pytest.raises(RuntimeError, match=f"part {bad} failed"):
            split(2, 10**6, run)


def _child(pipe) -> None:
    pipe.send(parts_of(4, 10**6)[0])
    pipe.close()


def test_the_pool_is_made_anew_in_a_forked_process(two_threads: None) -> None:
    parts_of(4, 10**6)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs,))
    child.start()
    assert ours.poll(30), "the child hangs"
    assert ours.recv() == [(0, 2), (2, 4)]
    child.join(10)
    assert child.exitcode == 0
