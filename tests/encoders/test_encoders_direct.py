import pytest
import torch

from ranvier.encoders import direct


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_repeats_the_value_in_every_step(dtype: torch.dtype) -> None:
    x = torch.tensor([[-3.0, 0.0, 7.5]], dtype=dtype)
    current = direct(x, steps=4)
    assert current.shape == (4, 1, 3)
    assert current.dtype == dtype
    assert all(torch.equal(step, x) for step in current)


def test_owns_its_memory() -> None:
    x = torch.ones(2, 3)
    current = direct(x, steps=4)
    current[0] += 1
    assert x.eq(1).all()
    assert current[1:].eq(1).all()
    assert current.is_contiguous()


def test_gradient_is_the_sum_over_steps() -> None:
    x = torch.ones(3, requires_grad=True)
    direct(x, steps=5).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("x", "steps", "error", "match"),
    [
        (torch.ones(2), 0, ValueError, "direct: steps must be at least 1, got 0"),
        (torch.ones(2), 1.0, TypeError, "direct: steps must be an int, got 1.0"),
        (torch.ones(2, dtype=torch.int32), 3, TypeError, "direct: x must be floating, got torch.int32"),
        (torch.tensor([float("nan")]), 3, ValueError, "direct: x contains NaN or inf"),
        (torch.ones(0), 3, ValueError, "direct: x is empty"),
    ],
)
def test_refusals(x: torch.Tensor, steps, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        direct(x, steps=steps)
