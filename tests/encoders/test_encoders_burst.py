import pytest
import torch

from ranvier.encoders import burst, burst_inverse
from ranvier.units import ms


def test_count_and_interval_of_the_formula() -> None:
    # 5 spikes at most, intervals of 5 to 2 steps: x = 0.4 gives 2 spikes ceil(5 - 3 * 0.4) = 4 apart.
    spikes = burst(torch.tensor([0.0, 0.2, 0.4, 1.0]), steps=21)
    assert [s.nonzero().flatten().tolist() for s in spikes.T] == [[], [0], [0, 4], [0, 2, 4, 6, 8]]


def test_brighter_is_never_fewer_nor_farther_apart() -> None:
    spikes = burst(torch.linspace(0, 1, 301, dtype=torch.float64), steps=60)
    assert (spikes.sum(0).diff() >= 0).all()
    apart = spikes[1:].argmax(0)[spikes.sum(0) > 1]
    assert (apart.diff() <= 0).all()
    assert set(spikes.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(("steps", "longest"), [(21, None), (50, None), (50, 10 * ms), (9, None)])
def test_inverse_is_off_by_half_a_spike_at_most(steps: int, longest: float | None) -> None:
    x = torch.linspace(0, 1, 1001)
    error = (burst_inverse(burst(x, steps=steps, longest=longest), longest=longest) - x).abs().max()
    assert float(error) <= 0.1 + 1e-6


def test_intervals_sharpen_the_inverse() -> None:
    x = torch.linspace(0.25, 1, 301)
    error = (burst_inverse(burst(x, steps=201)) - x).abs().max()
    assert float(error) < 0.02


def test_one_step_of_one_spike() -> None:
    assert burst_inverse(burst(torch.tensor([0.3, 0.0]), steps=3, most=2), most=2).tolist() == [0.25, 0.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_shape_dtype_and_untouched_input(dtype: torch.dtype) -> None:
    x = torch.tensor([[0.1, 0.2, 0.4, 0.6, 0.8, 1.0]], dtype=dtype)
    before = x.clone()
    spikes = burst(x, steps=30)
    assert spikes.shape == (30, 1, 6) and spikes.dtype == dtype
    assert spikes.sum(0).tolist() == [[1, 1, 2, 3, 4, 5]]  # 0.2 of 5 is one spike in any precision
    assert torch.equal(x, before)


def test_clip() -> None:
    assert burst(torch.tensor([-1.0, 2.0]), steps=9, clip=True).sum(0).tolist() == [0, 5]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"x": torch.tensor([1.5])}, ValueError, r"x must lie in \[0, 1\], got values from 1\.5"),
        ({"most": 1}, ValueError, "most must be at least 2 spikes, got 1"),
        (
            {"shortest": 0.1 * ms},
            ValueError,
            "intervals must satisfy dt <= shortest <= longest, got dt 1 ms, shortest 0.1 ms",
        ),
        ({"longest": 1 * ms}, ValueError, "intervals must satisfy.*longest 1 ms"),
        ({"longest": 0.0}, ValueError, "longest must be a time above 0 s"),
        (
            {"longest": 15 * ms},
            ValueError,
            "bursts of up to 5 spikes at 2 to 15 steps need 25 steps, the window has 21",
        ),
        (
            {"steps": 8},
            ValueError,
            "bursts of up to 5 spikes at 2 to 2 steps need 9 steps, the window has 8. Use steps=9",
        ),
        ({"dt": 0.0}, ValueError, "dt must be a time above 0 s"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"burst: {match}"):
        burst(**({"x": torch.rand(2), "steps": 21} | arguments))


def test_inverse_refuses_too_few_steps() -> None:
    with pytest.raises(ValueError, match="burst_inverse: bursts of up to 5 spikes .* need 9 steps, the window has 4"):
        burst_inverse(torch.zeros(4, 2))
