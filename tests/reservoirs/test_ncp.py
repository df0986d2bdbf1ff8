"""Wiring of neural circuit policies, and cells that have it."""

import numpy as np
import pytest
import torch

from ranvier.layers import LTC
from ranvier.reservoirs import NCP, WiredCfC, WiredLTC

POLICY = NCP(inter=12, command=6, motor=2, sensory_fanout=4, inter_fanout=3, recurrent=5, motor_fanin=4)


def blocks(policy: NCP, sensory: int, seed: int) -> dict[tuple[str, str], np.ndarray]:
    matrix = policy.draw(sensory, np.random.default_rng(seed))
    names, sizes = ("sensory", "inter", "command", "motor"), (sensory, policy.inter, policy.command, policy.motor)
    rows = np.split(matrix, np.cumsum(sizes)[:-1])
    return {
        (a, b): part
        for a, row in zip(names, rows, strict=True)
        for b, part in zip(names[1:], np.split(row, np.cumsum(sizes[1:])[:-1], axis=1), strict=True)
    }


@pytest.mark.parametrize("seed", range(5))
def test_synapses_are_as_many_as_asked_for_and_nowhere_else(seed):
    found = blocks(POLICY, 5, seed)
    wanted = {("sensory", "inter"), ("inter", "command"), ("command", "command"), ("command", "motor")}
    assert {pair for pair, part in found.items() if part.any()} == wanted
    assert (np.count_nonzero(found["command", "motor"], axis=0) == 4).all()
    assert np.count_nonzero(found["command", "command"]) == 5
    for pair, each in ((("sensory", "inter"), 4), (("inter", "command"), 3)):
        assert (np.count_nonzero(found[pair], axis=1) >= each).all() and found[pair].any(0).all()
    assert set(np.unique(np.concatenate([part.ravel() for part in found.values()]))) == {-1.0, 0.0, 1.0}


def test_neurons_that_nobody_reaches_are_given_senders():
    lonely = NCP(inter=9, command=8, motor=1, sensory_fanout=1, inter_fanout=1, recurrent=0, motor_fanin=1)
    found = blocks(lonely, 2, 0)
    assert (np.count_nonzero(found["sensory", "inter"], axis=0) >= 1).all()
    assert (np.count_nonzero(found["inter", "command"], axis=0) >= 1).all()


def test_the_number_of_units_alone_gives_a_wiring():
    policy = NCP.auto(20, 4)
    assert (
        policy == NCP(inter=10, command=6, motor=4, sensory_fanout=5, inter_fanout=3, recurrent=6, motor_fanin=3)
        and policy.units == 20
    )
    assert NCP.auto(4, 1, 0.9).draw(1, np.random.default_rng(0)).shape == (5, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NCP(2, 2, 1, 3, 1, 1, 1), "sensory_fanout must be at most 2, there are no more interneurons; got 3"),
        (lambda: NCP(2, 2, 1, 1, 1, 5, 1), "recurrent must be at most 4, there are no more pairs of command neurons"),
        (lambda: NCP(2, 0, 1, 1, 1, 0, 1), "command must be at least 1, got 0"),
        (lambda: NCP.auto(5, 3), r"units must be at least motor \+ 3 = 6, got 5"),
        (lambda: NCP.auto(9, 1, 1.0), r"sparsity must lie in \[0, 1\), got 1.0"),
    ],
)
def test_wirings_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def reach(cell: torch.nn.Module, steps: int) -> np.ndarray:
    """Which units an input changes in a step, [inputs, units]."""
    x = torch.zeros(steps, 1, 3)
    rest = cell(x)[-1, 0]
    found = []
    for k in range(3):
        other = x.clone()
        other[:, 0, k] = 1.0
        found.append((cell(other)[-1, 0] != rest).numpy())
    return np.array(found)


def test_a_wired_cell_hears_only_what_is_linked():
    matrix = NCP.auto(12, 2).draw(3, np.random.default_rng(1))
    linked = matrix[:3] != 0
    assert np.array_equal(reach(WiredCfC(matrix), 1), linked)
    assert np.array_equal(reach(WiredLTC(matrix, unfolds=1), 1), linked)
    assert reach(WiredCfC(matrix), 3)[:, -2:].any()


def test_a_wired_ltc_is_an_ltc_whose_missing_synapses_conduct_nothing():
    matrix = NCP.auto(9, 1).draw(2, np.random.default_rng(0))
    wired, plain = (
        make(*args, generator=torch.Generator().manual_seed(3)) for make, args in ((WiredLTC, (matrix,)), (LTC, (2, 9)))
    )
    plain.load_state_dict(wired.state_dict())
    with torch.no_grad():
        plain.log_w[torch.as_tensor(matrix == 0)] = -torch.inf
    x = torch.rand(4, 2, 2)
    assert torch.equal(wired(x), plain(x))
    signs = torch.as_tensor(matrix, dtype=torch.float32)
    assert torch.equal(wired.erev[signs != 0], signs[signs != 0])


def test_missing_synapses_get_no_gradient():
    matrix = NCP.auto(9, 1).draw(2, np.random.default_rng(0))
    for cell in (WiredLTC(matrix), WiredCfC(matrix)):
        cell(torch.rand(3, 2, 2)).sum().backward()
        weight = cell.log_w if isinstance(cell, WiredLTC) else cell.heads.weight[:9].T
        grad = cell.log_w.grad if isinstance(cell, WiredLTC) else cell.heads.weight.grad[:9].T
        own = np.vstack([np.zeros((2, 9)), np.eye(9)]) if isinstance(cell, WiredCfC) else 0
        assert weight.shape == matrix.shape and not grad[torch.as_tensor((matrix == 0) & (np.asarray(own) == 0))].any()
