"""Large buffers: used again once freed, never shared while alive, poisoned in tests."""

import gc
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from ranvier.kernels.cpu import memory
from ranvier.kernels.cpu.memory import SMALLEST, empty

LARGE = (1 << 20,)


def test_a_freed_block_is_handed_out_again() -> None:
    first = empty(LARGE, torch.float32)
    place = first.data_ptr()
    other = empty(LARGE, torch.float32)
    assert other.data_ptr() != place
    del first
    gc.collect()
    assert empty(LARGE, torch.float32).data_ptr() == place
    nearly = empty((LARGE[0] - 100,), torch.float32)
    assert nearly.data_ptr() == place, "sizes that are nearly equal share blocks"
    del nearly
    gc.collect()
    fewer = empty((LARGE[0] * 7 // 8,), torch.float32)
    assert fewer.data_ptr() == place, "a block may be a little larger than what is asked for"
    assert empty((LARGE[0] // 2,), torch.float32).data_ptr() != place


def test_a_view_keeps_the_block_alive() -> None:
    whole = empty(LARGE, torch.float32).zero_()
    part = whole[100:200]
    place = whole.data_ptr()
    del whole
    gc.collect()
    fresh = empty(LARGE, torch.float32).fill_(7)
    assert fresh.data_ptr() != place and (part == 0).all()


def test_live_tensors_never_overlap() -> None:
    torch.manual_seed(1)
    alive: list[torch.Tensor] = []
    for k in range(200):
        if alive and torch.rand(()) < 0.5:
            alive.pop(int(torch.randint(len(alive), ())))
        size = int(torch.randint(SMALLEST // 8, SMALLEST, ()))
        tensor = empty((size,), torch.float64)
        tensor.fill_(k)
        alive.append(tensor)
        assert all(float(t.min()) == float(t.max()) for t in alive)
    spans = sorted((t.data_ptr(), t.data_ptr() + t.numel() * 8) for t in alive)
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))


def test_threads_may_take_and_give_at_once() -> None:
    failures: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            tensor = empty((SMALLEST,), torch.int32).fill_(number)
            if not bool((tensor == number).all()):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_shape_and_dtype_and_small_tensors() -> None:
    for shape in ((3, 5), (0, 4), (2, 3, 1 << 17)):
        for dtype in (torch.float32, torch.float64, torch.int32):
            tensor = empty(shape, dtype)
            assert tensor.shape == shape and tensor.dtype == dtype and tensor.is_contiguous()
    assert empty(LARGE, torch.float64).data_ptr() % 64 == 0


def test_new_buffers_are_full_of_nan_while_tests_run() -> None:
    assert memory.poison
    assert torch.isnan(empty((4, 4), torch.float32)).all() and torch.isnan(empty(LARGE, torch.float64)).all()


def test_no_more_than_the_limit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = memory._kept + (LARGE[0] << 3)
    monkeypatch.setattr(memory, "KEPT", limit)
    for k in range(4):  # each of a size of its own: older free blocks make way
        several = [empty(((LARGE[0] << k) + 4321,), torch.float64) for _ in range(3)]
        assert memory._kept <= limit
        del several
    monkeypatch.setattr(memory, "KEPT", 0)
    before = len(memory._lent)
    alone = empty((LARGE[0] * 3,), torch.float64)
    assert len(memory._lent) <= before and memory._kept <= limit
    del alone
    assert len(memory._returned) == 0, "what is not kept is the system's again at once"


def test_freeing_runs_no_python() -> None:
    """An exception of a signal handler that is called while an object is freed, such as KeyboardInterrupt, is lost."""
    tensor = empty(LARGE, torch.float32)
    called: list[str] = []
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        del tensor
    finally:
        sys.setprofile(None)
    assert memory._returned and called == []


def test_zeros_take_the_pages_that_are_written() -> None:
    def resident() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    table = memory.zeros_by_page(1 << 27, np.uint16)
    assert table.flags.writeable and table.dtype == np.uint16 and not table[:: 1 << 20].any()
    if Path("/proc/self/status").exists():
        before = resident()
        table[:: 1 << 18] = 1  # 512 pages of 65,536
        assert resident() - before < 1 << 24
        assert table[:: 1 << 18].all()
    assert not memory.zeros_by_page(10, np.int64).any()
