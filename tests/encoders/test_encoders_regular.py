import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import accumulate, regular
from ranvier.units import ms


def test_spikes_are_evenly_spaced() -> None:
    assert regular(torch.tensor(250.0), steps=8).tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert regular(torch.tensor(250.0), steps=8, phase=0.75).tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    assert regular(torch.tensor(500.0), steps=4, dt=0.5 * ms).tolist() == [0, 0, 0, 1]


@settings(deadline=None, max_examples=60)
@given(rate=st.integers(0, 1000), steps=st.integers(1, 200), phase=st.sampled_from([0.0, 0.25, 0.5]))
def test_count_is_the_whole_part_and_off_by_less_than_one(rate: int, steps: int, phase: float) -> None:
    spikes = regular(torch.tensor(float(rate)), steps=steps, phase=phase)
    whole = (rate * steps + int(1000 * phase)) // 1000  # floor(r T + phase) in whole numbers
    assert int(spikes.sum()) == whole
    assert abs(int(spikes.sum()) - rate * steps / 1000) < 1
    assert set(spikes.tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_period_is_not_lost_to_rounding(dtype: torch.dtype) -> None:
    x = torch.full((100,), 0.25, dtype=dtype)
    assert accumulate(x).sum() == 25
    assert accumulate(torch.full((10,), 0.1, dtype=dtype)).tolist() == [0] * 9 + [1]
    spikes = regular(torch.full((2, 3), 100.0, dtype=dtype), steps=10)
    assert spikes.shape == (10, 2, 3) and spikes.dtype == dtype
    assert spikes.sum(0).eq(1).all() and spikes[-1].eq(1).all()


def test_many_steps_in_half_precision_gain_no_spikes() -> None:
    assert regular(torch.tensor(500.0).half(), steps=5000).float().sum() == 2500


@settings(deadline=None, max_examples=40)
@given(values=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=50))
def test_running_sums_stay_together(values: list[float]) -> None:
    x = torch.tensor(values)
    before = x.clone()
    spikes = accumulate(x)
    assert ((x.cumsum(0) - spikes.cumsum(0)).abs() < 1 + 1e-5).all()
    assert set(spikes.tolist()) <= {0.0, 1.0}
    assert torch.equal(x, before)


def test_accumulate_of_a_constant_is_regular() -> None:
    assert torch.equal(accumulate(torch.full((37,), 0.37)), regular(torch.tensor(370.0), steps=37))
    assert accumulate(torch.full((4,), 0.5), phase=0.5).tolist() == [1, 0, 1, 0]


def test_clip_and_plain_spikes() -> None:
    x = torch.tensor([-3.0, 4000.0], requires_grad=True)
    spikes = regular(x, steps=5, clip=True)
    assert spikes.sum(0).tolist() == [0, 5] and not spikes.requires_grad


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"rate": torch.tensor([1800.0])}, ValueError, r"rate \* dt must lie in \[0, 1\], got a maximum of 1\.8"),
        ({"rate": torch.tensor([-1.0])}, ValueError, "rate must not be negative, got a minimum of -1 Hz"),
        ({"rate": torch.tensor([1])}, TypeError, "rate must be floating, got torch.int64"),
        ({"phase": 1.0}, ValueError, r"phase must lie in \[0, 1\) periods, got 1\.0"),
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ({"dt": 0.0}, ValueError, "dt must be a time above 0 s"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"regular: {match}"):
        regular(**({"rate": torch.tensor([10.0]), "steps": 5} | arguments))


def test_accumulate_refuses() -> None:
    with pytest.raises(
        ValueError, match=r"accumulate: x must lie in \[0, 1\] spikes a step, got values from 0 to 1\.5"
    ):
        accumulate(torch.tensor([0.0, 1.5]))
    with pytest.raises(ValueError, match="accumulate: x must have time as its first axis"):
        accumulate(torch.tensor(0.5))
    with pytest.raises(ValueError, match="accumulate: phase must lie in"):
        accumulate(torch.zeros(3), phase=-0.1)
