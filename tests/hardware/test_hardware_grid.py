import pytest
import torch

from ranvier.hardware import FakeQuantise, Grid


@pytest.mark.parametrize("bits", (2, 4, 8))
@pytest.mark.parametrize("per", ("channel", "layer"))
@pytest.mark.parametrize("power_of_two", (False, True))
def test_the_scale_has_the_least_error_of_all_tried(bits: int, per: str, power_of_two: bool) -> None:
    weight = torch.randn(5, 40, dtype=torch.float64)
    grid = Grid(bits, per, power_of_two)
    scale = grid.scale(weight)
    assert scale.shape == ((5, 1) if per == "channel" else (1, 1))
    assert grid.codes(weight, scale).abs().max() <= grid.largest == 2 ** (bits - 1) - 1
    axes = (1,) if per == "channel" else (0, 1)
    error = (grid.codes(weight, scale) * scale - weight).square().sum(axes)
    tried = (
        [scale * 2.0**k for k in (-1, 1)] if power_of_two else [weight.abs().amax(axes, keepdim=True) / grid.largest]
    )
    for other in tried:
        assert bool((error <= (grid.codes(weight, other) * other - weight).square().sum(axes) + 1e-12).all())
    if power_of_two:
        assert torch.equal(scale.log2(), scale.log2().round())


def test_two_bits_are_three_weights() -> None:
    weight = torch.tensor([[1.0, -1.0, 0.1, 0.0]])
    grid = Grid(2)
    assert grid.codes(weight, grid.scale(weight)).tolist() == [[1.0, -1.0, 0.0, 0.0]]


def test_weights_that_are_all_zero_stay_zero() -> None:
    weight = torch.zeros(3, 4)
    scale = Grid(4).scale(weight)
    assert scale.tolist() == [[1.0]] * 3 and not Grid(4).codes(weight, scale).any()


def test_the_gradient_goes_straight_through_except_where_clipped() -> None:
    grid = Grid(2, "layer")
    weight = torch.tensor([0.5, -0.4, 0.45, -0.5, 0.05, 0.55, -0.5, 3.0], requires_grad=True)
    rounded = FakeQuantise(grid)(weight)
    scale = grid.scale(weight)
    assert torch.equal(rounded, grid.codes(weight, scale) * scale)
    (rounded * torch.arange(1.0, 9.0)).sum().backward()
    assert weight.grad is not None
    clipped = weight.detach().abs() > 1.5 * scale
    assert torch.equal(weight.grad, torch.arange(1.0, 9.0) * ~clipped)


def test_what_is_no_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bits must be one of 2, 3, .*, got 1. Write bits=8"):
        Grid(1)
    with pytest.raises(ValueError, match='per must be "channel" or "layer", got \'row\''):
        Grid(8, "row")
    assert str(Grid(4, "layer", True)) == "4 bit, one scale a layer, powers of two"
    assert "4 bit" in repr(FakeQuantise(Grid(4)))
