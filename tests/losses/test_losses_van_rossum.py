import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.losses import van_rossum
from ranvier.units import ms


def train(*at: int, steps: int = 60) -> torch.Tensor:
    """Spikes [T, 1, 1]."""
    spikes = torch.zeros(steps, 1, 1, dtype=torch.float64)
    spikes[list(at)] = 1
    return spikes


def test_golden() -> None:
    squared = float(van_rossum(train(10, 20, 30), train(12, 24, 30), tau=10 * ms))
    assert math.sqrt(squared) == pytest.approx(0.695771, abs=1e-6)
    assert math.sqrt(2 * squared) == pytest.approx(0.983968, abs=1e-6)  # normed to 1 for one spike against none


def test_it_is_the_integral_of_the_traces() -> None:
    a, b, tau = train(10, 20, 30), train(12, 24, 30), 10 * ms
    fine = torch.arange(0, 0.4, 1e-5, dtype=torch.float64)

    def trace(spikes: torch.Tensor) -> torch.Tensor:
        since = fine[:, None] - spikes.flatten().nonzero().flatten() * ms
        return torch.where(since >= 0, torch.exp(-since / tau), 0.0).sum(1)

    integral = (trace(a) - trace(b)).square().sum() * 1e-5 / tau
    assert float(van_rossum(a, b, tau=tau)) == pytest.approx(float(integral), rel=5e-3)


def test_one_spike_against_none_and_the_two_limits() -> None:
    a, b = train(10, 20, 30), train(12, 24)
    assert float(van_rossum(train(7), train())) == pytest.approx(0.5)
    assert float(van_rossum(a, b, tau=1e-6)) == pytest.approx((3 + 2) / 2)  # nothing coincides
    assert float(van_rossum(a, b, tau=1e6)) == pytest.approx((3 - 2) ** 2 / 2, rel=1e-6)


@settings(deadline=None, max_examples=30)
@given(a=st.sets(st.integers(0, 40)), b=st.sets(st.integers(0, 40)), shift=st.integers(0, 19))
def test_symmetric_zero_only_for_equals_and_blind_to_a_shift(a: set[int], b: set[int], shift: int) -> None:
    distance = float(van_rossum(train(*a), train(*b)))
    assert distance >= 0 and (distance < 1e-12) == (a == b)
    assert float(van_rossum(train(*b), train(*a))) == pytest.approx(distance, abs=1e-12)
    moved = van_rossum(train(*(t + shift for t in a)), train(*(t + shift for t in b)))
    assert float(moved) == pytest.approx(distance, abs=1e-12)


def test_dt_and_mean_over_neurons_and_batch() -> None:
    a, b = train(10, 20, 30), train(12, 24, 30)
    assert float(van_rossum(a, b, tau=5 * ms, dt=0.5 * ms)) == pytest.approx(float(van_rossum(a, b, tau=10 * ms)))
    two = van_rossum(torch.cat((a, b), 2), torch.cat((b, b), 2))
    assert float(two) == pytest.approx(float(van_rossum(a, b)) / 2)
    assert float(van_rossum(torch.cat((a, b), 1), b)) == pytest.approx(float(two))


def test_gradient_reaches_a_silent_neuron() -> None:
    spikes = train().requires_grad_()
    van_rossum(spikes, train(20)).backward()
    assert spikes.grad is not None
    assert int(spikes.grad.argmin()) == 20 and (spikes.grad < 0).all()
    x = torch.rand(6, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: van_rossum(s, torch.ones(6, 2, 3, dtype=torch.float64)), (x,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_dtype_and_untouched_input(dtype: torch.dtype) -> None:
    spikes, target = train(3).to(dtype), train(5).to(dtype)
    before = spikes.clone(), target.clone()
    assert van_rossum(spikes, target).dtype == torch.float32
    assert torch.equal(spikes, before[0]) and torch.equal(target, before[1])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"target": torch.zeros(3, 2, 4)},
            ValueError,
            r"target must have the shape of spikes, \(4, 2, 4\), got \(3, 2, 4\)",
        ),
        ({"target": torch.zeros(4, 2, 3)}, ValueError, r"target must have the shape of spikes, .*got \(4, 2, 3\)"),
        ({"target": torch.zeros(4, 2)}, ValueError, r"target must have shape \[T, B, \*N\]"),
        ({"target": torch.zeros(4, 2, 4).long()}, TypeError, "target must be floating"),
        ({"spikes": torch.zeros(4)}, ValueError, r"spikes must have shape \[T, B, \*N\]"),
        ({"tau": 0.0}, ValueError, "tau must be a time above 0 s"),
        ({"dt": -1.0}, ValueError, "dt must be a time above 0 s"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"van_rossum: {match}"):
        van_rossum(**({"spikes": torch.zeros(4, 2, 4), "target": torch.zeros(4, 2, 4)} | arguments))
