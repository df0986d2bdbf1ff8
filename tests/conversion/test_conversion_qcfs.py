"""QCFS: its values, its gradient, and where it is put."""

import pytest
import torch
from torch import nn

from ranvier.conversion import QCFS, with_qcfs


def test_golden_values() -> None:
    q = QCFS(levels=8, threshold=1.0)
    assert q(torch.tensor([0.37, 0.9, -0.2, 1.7])).tolist() == [0.375, 0.875, 0.0, 1.0]
    twice = QCFS(levels=4, threshold=2.0)
    torch.testing.assert_close(twice(torch.tensor([0.24, 0.26, 1.3])), torch.tensor([0.0, 0.5, 1.5]))


def test_the_gradient_goes_straight_through_between_the_ends() -> None:
    """By x: 1 inside. By the threshold: (rounded - x/threshold) inside, 1 above."""
    q = QCFS(levels=8, threshold=2.0)
    x = torch.tensor([0.74, 3.0, -1.0], requires_grad=True)
    y = q(x)
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 0.0, 0.0]
    expected = (0.375 - 0.37) + 1.0
    assert q.log_threshold.grad is not None
    assert float(q.log_threshold.grad / q.threshold.detach()) == pytest.approx(expected, abs=1e-6)


def test_every_relu_of_a_copy_is_replaced() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.ReLU6(), nn.Linear(2, 2)))
    made = with_qcfs(net, levels=4, threshold=3.0)
    assert [type(m).__name__ for m in made.modules() if not list(m.children())] == ["Linear", "QCFS", "QCFS", "Linear"]
    assert str(made[1]) == "QCFS(levels=4, threshold=3)" and isinstance(net[1], nn.ReLU)
    with pytest.raises(ValueError, match=r"has no nn.ReLU module to replace. Use nn.ReLU\(\) modules"):
        with_qcfs(nn.Sequential(nn.Linear(2, 2)))


def test_out_of_range() -> None:
    with pytest.raises(ValueError, match="QCFS: levels must be at least 1, got 0"):
        QCFS(levels=0)
    with pytest.raises(ValueError, match="QCFS: threshold must be a number above 0, got -1"):
        QCFS(threshold=-1)
