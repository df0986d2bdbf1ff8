"""Conv2d and pooling: the same at each step as torch's own on one frame; what they refuse."""

import pytest
import torch
from torch.nn import functional as F

from ranvier.layers import AvgPool2d, Conv2d, Flatten, MaxPool2d, SumPool2d
from ranvier.layers.pooling import _Pool2d


@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": (1, 0)}, {"groups": 2, "bias": False}, {"padding": 1, "stride": (1, 2)}]
)
def test_convolution_of_each_frame(options: dict) -> None:
    layer, x = Conv2d(4, 6, (3, 2), **options), torch.randn(3, 2, 4, 7, 8)
    y = layer(x)
    for t in range(3):
        frame = F.conv2d(x[t], layer.weight, layer.bias, layer.stride, layer.padding, 1, layer.groups)
        torch.testing.assert_close(y[t], frame)
    torch.testing.assert_close(layer.step(x[1])[0], y[1])
    assert layer.fan_in == 4 // options.get("groups", 1) * 6
    constant = x[:1].expand(3, -1, -1, -1, -1)
    torch.testing.assert_close(layer(constant), y[:1].expand_as(y))


def test_convolution_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"Conv2d: groups=2 must divide in_channels=3 and out_channels=4"):
        Conv2d(3, 4, 3, groups=2)
    layer = Conv2d(3, 4, 3)
    with pytest.raises(ValueError, match=r"input must have the 5 axes \[T, B, C, H, W\], got shape \(2, 3, 8, 8\)"):
        layer(torch.zeros(2, 3, 8, 8))
    with pytest.raises(
        ValueError, match=r"Conv2d\(3, 4, kernel_size=\(3, 3\).*input has 2 channels on axis 2 .*expected 3"
    ):
        layer(torch.zeros(1, 1, 2, 8, 8))
    with pytest.raises(TypeError, match=r"input is torch.float64, the weights are torch.float32"):
        layer(torch.zeros(1, 1, 3, 8, 8, dtype=torch.float64))
    assert "groups=2" in repr(Conv2d(2, 4, 3, groups=2)) and "groups" not in repr(layer)


def test_pooling_of_spikes() -> None:
    x = torch.zeros(1, 1, 1, 4, 4)
    x[0, 0, 0, 0, :2] = 1
    x[0, 0, 0, 3, 3] = 1
    assert SumPool2d(2)(x).flatten().tolist() == [2, 0, 0, 1]
    assert AvgPool2d(2)(x).flatten().tolist() == [0.5, 0, 0, 0.25]
    assert MaxPool2d(2)(x).flatten().tolist() == [1, 0, 0, 1]
    assert MaxPool2d((2, 4), stride=(1, 4))(x).shape == (1, 1, 1, 3, 1)
    assert repr(AvgPool2d((2, 1))) == "AvgPool2d((2, 1), stride=(2, 1))"


@pytest.mark.parametrize("pool", [AvgPool2d(2), SumPool2d(2), MaxPool2d(2)], ids=repr)
def test_pooling_acts_on_each_step_alike_and_refuses_other_ranks(pool: _Pool2d) -> None:
    x = torch.rand(3, 2, 5, 6, 8)
    y = pool(x)
    assert y.shape == (3, 2, 5, 3, 4)
    torch.testing.assert_close(pool.step(x[2])[0], y[2])
    with pytest.raises(ValueError, match=r"input must have the 5 axes \[T, B, C, H, W\], got shape \(3, 2, 6, 8\)"):
        pool(torch.rand(3, 2, 6, 8))
    with pytest.raises(TypeError, match="input must be a torch tensor, got list"):
        pool([1.0])


def test_a_pool_without_its_function_says_so() -> None:
    with pytest.raises(TypeError, match=r"_Pool2d defines no pool\(self, frames\)"):
        _Pool2d(2)(torch.zeros(1, 1, 1, 2, 2))


def test_flatten_keeps_time_and_batch() -> None:
    x = torch.rand(3, 2, 4, 5, 6)
    assert torch.equal(Flatten()(x), x.view(3, 2, 120))
    assert Flatten()(torch.rand(3, 2, 7)).shape == (3, 2, 7)
