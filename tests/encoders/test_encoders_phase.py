import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import phase, phase_inverse


def test_digits_of_the_value() -> None:
    assert phase(torch.tensor(0.625), bits=4).tolist() == [1, 0, 1, 0]
    assert phase(torch.tensor([0.0, 0.9375]), bits=4).tolist() == [[0, 1], [0, 1], [0, 1], [0, 1]]


@settings(deadline=None, max_examples=60)
@given(x=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 24), periods=st.integers(1, 3))
def test_round_trip_is_within_the_last_digit(x: float, bits: int, periods: int) -> None:
    value = torch.tensor(x, dtype=torch.float64)
    spikes = phase(value, bits=bits, periods=periods)
    assert spikes.shape == (bits * periods,)
    assert set(spikes.tolist()) <= {0.0, 1.0}
    assert 0 <= float(value - phase_inverse(spikes, bits=bits)) < 2.0**-bits


def test_code_is_monotone() -> None:
    x = torch.linspace(0, 0.999, 500, dtype=torch.float64)
    assert (phase_inverse(phase(x, bits=6), bits=6).diff() >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_shape_dtype_and_untouched_input(dtype: torch.dtype) -> None:
    x = torch.tensor([[0.5, 0.25, 0.75]], dtype=dtype)
    before = x.clone()
    spikes = phase(x, bits=3, periods=2)
    assert spikes.shape == (6, 1, 3) and spikes.dtype == dtype
    assert torch.equal(phase_inverse(spikes, bits=3), before.to(torch.promote_types(dtype, torch.float32)))
    assert torch.equal(x, before)


def test_clip_brings_to_the_largest_that_has_digits() -> None:
    assert phase(torch.tensor([-1.0, 1.0]), bits=3, clip=True).tolist() == [[0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"x": torch.tensor([1.0])},
            ValueError,
            r"x must lie in \[0, 1\), got values from 1 to 1; 3 bits reach up to 0\.875",
        ),
        ({"x": torch.tensor([-0.1])}, ValueError, r"x must lie in \[0, 1\), got values from -0\.1"),
        ({"bits": 0}, ValueError, r"bits must lie in 1\.\.24, got 0"),
        ({"bits": 25}, ValueError, r"bits must lie in 1\.\.24, got 25"),
        ({"periods": 0}, ValueError, "periods must be at least 1, got 0"),
        ({"x": torch.tensor([1])}, TypeError, "x must be floating"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"phase: {match}"):
        phase(**({"x": torch.zeros(2), "bits": 3} | arguments))


def test_inverse_refuses_a_broken_period() -> None:
    with pytest.raises(
        ValueError, match=r"phase_inverse: bits must divide the steps of spikes, got bits=3 and shape \(4,"
    ):
        phase_inverse(torch.zeros(4, 2), bits=3)
