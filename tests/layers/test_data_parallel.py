"""torch's DistributedDataParallel around a fused network: two processes have the gradients of one with the whole batch."""

import multiprocessing
import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn

import ranvier as rv

pytestmark = pytest.mark.skipif(
    not (distributed.is_available() and distributed.is_gloo_available()), reason="torch is built without gloo"
)
LIMIT = 90  # seconds after which a process counts as hanging


def network() -> rv.Sequential:
    g = torch.Generator().manual_seed(0)
    net = rv.Sequential(
        rv.Conv2d(1, 4, 3, generator=g), rv.LIF(learn=("tau_mem",)), rv.MaxPool2d(2), rv.Flatten(), rv.Linear(36, 20, generator=g),
        rv.Recurrent(rv.LIF(), 20, generator=g), rv.Linear(20, 3, generator=g), rv.LI(), input_rate=0.3,
    )  # fmt: skip
    return net.double()


def batch() -> Tensor:
    """[T, B, C, H, W], two samples a process."""
    return (torch.rand((20, 4, 1, 8, 8), generator=torch.Generator().manual_seed(1)) < 0.3).double()


def gradients(model: nn.Module, x: Tensor, steps: int = 2) -> list[Tensor]:
    """Gradients of the last of some training steps."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    return [p.grad.clone() for p in model.parameters()]


def _worker(rank: int, port: int, pipe: Any) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo"}
    torch.set_num_threads(1)
    try:
        distributed.init_process_group(
            "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2, timeout=timedelta(seconds=LIMIT)
        )
        model = nn.parallel.DistributedDataParallel(network())
        pipe.send([g.numpy() for g in gradients(model, batch()[:, 2 * rank : 2 * rank + 2].contiguous())])
        distributed.destroy_process_group()
    except Exception as error:  # the parent says what went wrong
        pipe.send(f"{type(error).__name__}: {error}")
    finally:
        pipe.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.thorough  # two processes that import everything anew
def test_two_processes_have_the_gradients_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = gradients(network(), batch())
    assert all(float(g.abs().max()) > 0 for g in expected)
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # where a spawned process finds this module
    context, port = multiprocessing.get_context("spawn"), free_port()
    children, ends = [], []
    try:
        for rank in range(2):
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=_worker, args=(rank, port, theirs), daemon=True)
            child.start()
            theirs.close()
            children.append(child)
            ends.append(ours)
        found = []
        for end in ends:
            assert end.poll(LIMIT), "a process hangs"
            found.append(end.recv())
    finally:
        for child in children:
            child.join(10)
            if child.is_alive():
                child.kill()
                child.join(10)
    for rank, answer in enumerate(found):
        assert isinstance(answer, list), f"process {rank}: {answer}"
        for ours, whole in zip(answer, expected, strict=True):
            torch.testing.assert_close(torch.from_numpy(ours), whole, rtol=1e-9, atol=1e-12)
    assert [child.exitcode for child in children] == [0, 0]
