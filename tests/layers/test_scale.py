import torch

from ranvier.layers.scale import Scale


def test_scale_by_number_and_by_channel() -> None:
    x = torch.randn(2, 3, 4, 5, 5)
    assert torch.equal(Scale(2.0)(x), 2 * x)
    factor, offset = torch.arange(4.0), torch.ones(4)
    assert torch.equal(Scale(factor, offset)(x), x * factor[:, None, None] + 1)
    assert torch.equal(Scale(factor, offset)(x[..., 0, 0]), x[..., 0, 0] * factor + 1)
    assert str(Scale(2.0)) == "Scale(one factor)" and str(Scale(factor, offset)) == "Scale(4 factors and offsets)"


def test_scale_by_neuron() -> None:
    x, factor = torch.randn(2, 3, 4, 5), torch.randn(4, 5)
    assert torch.equal(Scale(factor)(x), x * factor) and str(Scale(factor)) == "Scale(20 factors)"
