"""Residual: the sum of two chains."""

from typing import Any

import pytest
import torch

import ranvier as rv


def block() -> rv.Residual:
    body = rv.Sequential(rv.Linear(5, 4), rv.IF(backend="eager"), rv.Linear(4, 3), rate=None, fused=False)
    return rv.Residual(body, rv.Sequential(rv.Linear(5, 3), rate=None, fused=False))


def test_the_sum_of_both_branches_with_their_states() -> None:
    net, x = block(), torch.randn(6, 2, 5)
    torch.testing.assert_close(net(x), net.body(x) + net.shortcut(x))
    first = net.run(x[:2])
    second = net.run(x[2:], first.state)
    torch.testing.assert_close(torch.cat([first.output, second.output]), net(x))
    assert [set(s) for s in net.initial_state((2, 5))["body"]] == [set(), {"v"}, set()]


def test_inside_a_sequential_it_keeps_its_state_and_its_records() -> None:
    net = rv.Sequential(block(), rv.Accumulator(backend="eager"), rate=None, fused=False)
    x = torch.randn(6, 2, 5)
    state = net.initial_state((2, 5))
    out = []
    for x_t in x:
        y, state = net.step(x_t, state)
        out.append(y)
    torch.testing.assert_close(torch.stack(out), net(x))
    run = net.run(x, record=("v", "rate"))
    assert {"0.body.1.v", "0.body.1.rate", "1.v", "1.rate"} == set(run.records)
    torch.testing.assert_close(net.stream((5,)).step(x[0, 0]), net(x)[0, 0])


def test_gradients_reach_both_branches() -> None:
    net = block()
    net(torch.randn(4, 2, 5)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_outputs_that_cannot_be_added() -> None:
    net = rv.Residual(rv.Sequential(rv.Linear(5, 3), rate=None), rv.Sequential(rv.Linear(5, 2), rate=None))
    with pytest.raises(ValueError, match=r"the body gives \(4, 2, 3\), the shortcut \(4, 2, 2\)"):
        net(torch.randn(4, 2, 5))


def test_branches_are_networks() -> None:
    one: Any = rv.Linear(5, 3)
    with pytest.raises(TypeError, match="shortcut must be a Sequential, got Linear"):
        rv.Residual(rv.Sequential(rv.Linear(5, 3), rate=None), one)
