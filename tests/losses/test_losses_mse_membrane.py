import pytest
import torch

from ranvier.losses import mse_membrane


def test_golden() -> None:
    v = torch.tensor([[[1.0, 0.0]], [[0.5, 0.5]]], dtype=torch.float64)
    label = torch.tensor([0])
    assert float(mse_membrane(v, label)) == pytest.approx((0.25 + 0.25) / 4)
    assert float(mse_membrane(v, label, correct=2.0, incorrect=-1.0)) == pytest.approx((1 + 1 + 1.5**2 + 1.5**2) / 4)


def test_gradient_and_untouched_input() -> None:
    v = torch.rand(3, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    before = v.detach().clone()
    assert torch.autograd.gradcheck(lambda x: mse_membrane(x, torch.tensor([1, 3])), (v,))
    assert torch.equal(v.detach(), before)


def test_a_readout_at_rest_is_pushed_up_at_its_class_alone() -> None:
    v = torch.zeros(3, 1, 2, requires_grad=True)
    mse_membrane(v, torch.tensor([1])).backward()
    assert v.grad is not None and (v.grad[..., 1] < 0).all() and v.grad[..., 0].abs().sum() == 0


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"correct": 0.0},
            ValueError,
            "potentials must satisfy incorrect < correct, got incorrect 0.0 and correct 0.0",
        ),
        ({"labels": torch.tensor([2])}, ValueError, r"labels must lie in 0\.\.1, because v has 2 classes on axis 2"),
        ({"v": torch.zeros(3, 2)}, ValueError, r"v must have shape \[T, B, C\]"),
        ({"v": torch.zeros(3, 1, 2).long()}, TypeError, "v must be floating"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"mse_membrane: {match}"):
        mse_membrane(**({"v": torch.zeros(3, 1, 2), "labels": torch.tensor([0])} | arguments))
