import pytest
import torch

from ranvier.encoders import binary, binary_inverse


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_all_or_nothing(dtype: torch.dtype) -> None:
    x = torch.tensor([[-1.0, 0.4, 0.5, 7.0]], dtype=dtype)
    before = x.clone()
    spikes = binary(x, threshold=0.5, steps=3, spikes=2)
    assert spikes.shape == (3, 1, 4) and spikes.dtype == dtype
    assert spikes[:, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
    assert binary_inverse(spikes).tolist() == [[0, 0, 1, 1]]
    assert torch.equal(x, before)


def test_one_step_is_the_default() -> None:
    assert binary(torch.tensor([0.2, 0.9], requires_grad=True), threshold=0.5).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"threshold": float("nan")}, ValueError, "threshold must be a finite number, got nan"),
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ({"spikes": 3}, ValueError, r"spikes must lie in 1\.\.2, the steps of the window, got 3"),
        ({"spikes": 0}, ValueError, r"spikes must lie in 1\.\.2"),
        ({"x": torch.tensor([1])}, TypeError, "x must be floating, got torch.int64"),
        ({"x": torch.tensor([float("inf")])}, ValueError, "x contains NaN or inf"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"binary: {match}"):
        binary(**({"x": torch.zeros(2), "threshold": 0.5, "steps": 2} | arguments))


def test_inverse_refuses_nothing_to_read() -> None:
    with pytest.raises(ValueError, match="binary_inverse: spikes is empty"):
        binary_inverse(torch.zeros(0, 2))
