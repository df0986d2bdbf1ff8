import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import delta

SIGNAL = torch.tensor([0, 0.1, 0.3, 0.6, 0.55, 0.2, -0.1, -0.15, 0, 0.4])


def test_golden() -> None:
    assert delta(SIGNAL, 0.19).tolist() == [0, 0, 1, 1, 0, -1, -1, 0, 0, 1]


def test_off_spikes_are_optional() -> None:
    assert delta(SIGNAL, 0.19, off_spikes=False).tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 1]


def test_first_sample_is_silent_unless_padded_with_zero() -> None:
    x = torch.tensor([1, 2, 2.9, 3, 3.9])
    assert delta(x, 1).tolist() == [0, 1, 0, 0, 0]
    assert delta(x, 1, padding=0.0).tolist() == [1, 1, 0, 0, 0]


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(st.integers(-50, 50), min_size=2, max_size=20),
    cut=st.integers(1, 19),
    threshold=st.sampled_from([0.5, 1.5, 7.5]),
)
def test_properties(values: list[int], cut: int, threshold: float) -> None:
    x = torch.tensor(values, dtype=torch.float64)  # whole numbers keep differences off the threshold
    spikes = delta(x, threshold)
    cut = min(cut, len(x) - 1)
    streamed = torch.cat((delta(x[:cut], threshold), delta(x[cut:], threshold, padding=x[cut - 1])))
    assert torch.equal(streamed, spikes)
    assert torch.equal(delta(x + 3, threshold), spikes)  # blind to an offset
    assert torch.equal(delta(-x, threshold), -spikes)  # symmetric


def test_threshold_and_padding_for_each_channel() -> None:
    x = torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    assert delta(x, torch.tensor([0.5, 1.5])).tolist() == [[0, 0], [1, 0]]
    assert delta(x, 0.5, padding=torch.tensor([0.0, 1.0])).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_shape_dtype_and_untouched_input(dtype: torch.dtype) -> None:
    x = torch.arange(24, dtype=dtype).reshape(4, 2, 3)
    before = x.clone()
    spikes = delta(x, 0.5)
    assert spikes.shape == x.shape
    assert spikes.dtype == dtype
    assert spikes[1:].eq(1).all()
    assert torch.equal(x, before)


def test_constant_signal_is_silent() -> None:
    assert delta(torch.full((6, 3), 4.2), 1e-6).abs().sum() == 0


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"threshold": 0.0}, ValueError, "threshold must be above 0, got 0"),
        ({"threshold": -1.0}, ValueError, "threshold must be above 0, got -1"),
        ({"threshold": float("nan")}, ValueError, "threshold contains NaN or inf"),
        ({"threshold": torch.ones(4)}, ValueError, r"threshold has shape \(4,\), but one sample of x has shape \(2,\)"),
        (
            {"padding": torch.ones(3, 2)},
            ValueError,
            r"padding has shape \(3, 2\), but one sample of x has shape \(2,\)",
        ),
        ({"padding": float("inf")}, ValueError, "padding contains NaN or inf"),
        ({"x": torch.tensor(1.0)}, ValueError, "x must have time as its first axis"),
        ({"x": torch.zeros(0, 2)}, ValueError, "x is empty"),
        ({"x": torch.tensor([float("nan")])}, ValueError, "x contains NaN or inf"),
        ({"x": torch.zeros(3, dtype=torch.uint8)}, TypeError, "x must be floating, got torch.uint8"),
        ({"x": [0.0, 1.0]}, TypeError, "x must be a torch.Tensor, got list"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"delta: {match}"):
        delta(**({"x": torch.zeros(3, 2), "threshold": 0.1} | arguments))
