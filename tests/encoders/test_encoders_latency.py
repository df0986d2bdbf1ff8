import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import (
    latency,
    latency_inverse,
    latency_times,
    log_latency,
    log_latency_inverse,
    log_latency_times,
)
from ranvier.units import ms

BOTH = pytest.mark.parametrize("encode", [latency, log_latency])
X = torch.tensor([0.02, 0.5, 1.0])


def spike_steps(spikes: torch.Tensor) -> list[int]:
    return spikes.argmax(0).tolist()


def test_linear_golden() -> None:
    times = latency_times(X, steps=5)
    torch.testing.assert_close(times / ms, torch.tensor([3.92, 2.0, 0.0]))
    assert spike_steps(latency(X, steps=5)) == [4, 2, 0]


def test_logarithmic_golden() -> None:
    # Published values for a batch whose faintest value is 0.02 = 2 * threshold, which our fixed range puts last too.
    times = log_latency_times(X, steps=5)
    torch.testing.assert_close(times / ms, torch.tensor([4.0, 0.1166, 0.0580]), atol=5e-5, rtol=0)
    assert spike_steps(log_latency(X, steps=5)) == [4, 0, 0]


def test_logarithmic_with_a_time_constant_is_the_charging_of_a_membrane() -> None:
    x = torch.tensor([0.02, 0.5, 1.0], dtype=torch.float64)
    times = log_latency_times(x, steps=50, tau=20 * ms)
    expected = [20 * ms * math.log(v / (v - 0.01)) for v in (0.02, 0.5, 1.0)]
    torch.testing.assert_close(times, torch.tensor(expected, dtype=torch.float64), atol=0, rtol=1e-9)


def test_linear_with_a_time_constant() -> None:
    times = latency_times(X, steps=50, tau=20 * ms)
    torch.testing.assert_close(times, torch.tensor([19.6 * ms, 10 * ms, 0.0]))


def test_dt_scales_steps() -> None:
    assert spike_steps(latency(X, steps=50, tau=20 * ms, dt=0.5 * ms)) == [39, 20, 0]


def test_halves_round_to_the_even_step() -> None:
    x = torch.tensor([0.875, 0.625, 0.375])  # 0.5, 1.5 and 2.5 steps
    assert spike_steps(latency(x, steps=5)) == [0, 2, 2]


@BOTH
def test_code_of_a_value_does_not_depend_on_its_batch(encode) -> None:
    alone = encode(torch.tensor([0.1]), steps=20)
    for companion in (0.0, 0.011, 0.5, 1.0):
        assert torch.equal(encode(torch.tensor([0.1, companion]), steps=20)[:, :1], alone)


@BOTH
def test_faint_values_are_silent_or_last(encode) -> None:
    x = torch.tensor([0.0, 0.005, 0.01])  # the last sits on the threshold
    assert encode(x, steps=8).sum() == 0
    last = encode(x, steps=8, fire_below=True)
    assert last.sum(0).tolist() == [1, 1, 1]
    assert spike_steps(last) == [7, 7, 7]


@pytest.mark.parametrize("times", [latency_times, log_latency_times])
def test_silence_is_an_infinite_time(times) -> None:
    x = torch.tensor([0.0, 1.0])
    assert times(x, steps=8).isinf().tolist() == [True, False]
    assert float(times(x, steps=8, fire_below=True)[0]) == pytest.approx(7 * ms)


def test_linear_threshold_zero_silences_black_only() -> None:
    assert latency(torch.tensor([0.0, 1e-6]), steps=8, threshold=0.0).sum(0).tolist() == [0, 1]


def test_logarithm_is_capped_at_the_last_step() -> None:
    just_above = torch.nextafter(torch.tensor([0.01]), torch.tensor([1.0]))
    assert spike_steps(log_latency(just_above, steps=8)) == [7]
    assert spike_steps(log_latency(just_above, steps=8, tau=2 * ms)) == [7]


@pytest.mark.parametrize("encode", [latency, log_latency])
@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12),
    steps=st.integers(2, 300),
    threshold=st.floats(0.001, 0.9),
    fire_below=st.booleans(),
)
def test_brighter_is_never_later(encode, values: list[float], steps: int, threshold: float, fire_below: bool) -> None:
    x = torch.tensor(sorted(values))
    spikes = encode(x, steps=steps, threshold=threshold, fire_below=fire_below)
    fires = (x > threshold) | fire_below
    assert torch.equal(spikes.sum(0), fires.float())  # exactly one spike, or none
    at = spikes.argmax(0)[fires]
    assert bool((at.diff() <= 0).all())


@pytest.mark.parametrize("steps", [2, 5, 25, 301])
@pytest.mark.parametrize("tau", [None, 2 * ms])
def test_inverse_is_off_by_half_a_step_at_most(steps: int, tau: float | None) -> None:
    x = torch.linspace(0, 1, 501, dtype=torch.float64)
    if tau is not None and steps < 3:
        steps = 3
    rebuilt = latency_inverse(latency(x, steps=steps, tau=tau, threshold=0.0), tau=tau)
    span = (steps - 1) * ms if tau is None else tau
    assert float((rebuilt - x).abs().max()) <= 0.5 * ms / span + 1e-12
    assert rebuilt[0] == 0 and rebuilt.dtype == torch.float64


@pytest.mark.parametrize("tau", [None, 20 * ms])
def test_inverse_of_the_logarithm_encodes_to_the_same_spikes(tau: float | None) -> None:
    x = torch.linspace(0, 1, 501, dtype=torch.float64)
    spikes = log_latency(x, steps=200, tau=tau)
    rebuilt = log_latency_inverse(spikes, tau=tau)
    assert torch.equal(log_latency(rebuilt, steps=200, tau=tau), spikes)
    assert (rebuilt[x <= 0.01] == 0).all() and (rebuilt.diff() >= 0).all()
    assert log_latency_inverse(torch.tensor([[1.0], [0.0]])).tolist() == [1]  # before the step of 1, as it may be
    golden = log_latency_inverse(log_latency(X, steps=2001))  # 0.02 fires in the last step
    torch.testing.assert_close(golden, X, atol=0, rtol=0.02)


@pytest.mark.parametrize("inverse", [latency_inverse, log_latency_inverse])
@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"spikes": torch.zeros(1, 3)},
            ValueError,
            r"spikes must have shape \[T, \*N\] with T at least 2, got \(1, 3\)",
        ),
        ({"spikes": [1.0]}, TypeError, "spikes must be a torch.Tensor, got list"),
        ({"tau": 0.0}, ValueError, "tau must be a time above 0 s"),
        ({"dt": -1.0}, ValueError, "dt must be a time above 0 s"),
    ],
)
def test_inverse_refuses(inverse, arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"{inverse.__name__}: {match}"):
        inverse(**({"spikes": torch.zeros(4, 2)} | arguments))
    with pytest.raises(ValueError, match=r"log_latency_inverse: threshold must lie in \(0, 1\), got 1"):
        log_latency_inverse(torch.zeros(4, 2), threshold=1.0)


def test_one_in_the_logarithmic_code_is_not_the_first_moment() -> None:
    assert float(log_latency_times(torch.ones(1, dtype=torch.float64), steps=5)) > 0.05 * ms


@BOTH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_shape_dtype_and_untouched_input(encode, dtype: torch.dtype) -> None:
    x = torch.linspace(0, 1, 12, dtype=torch.float32).reshape(3, 4).to(dtype)
    before = x.clone()
    spikes = encode(x, steps=6)
    assert spikes.shape == (6, 3, 4)
    assert spikes.dtype == dtype
    assert torch.equal(x, before)


@BOTH
def test_half_precision_keeps_steps_of_a_long_window_apart(encode) -> None:
    # float16 itself has no odd numbers above 2048.
    x = torch.linspace(0.02, 1, 40).half()
    assert torch.equal(encode(x, steps=5000).float(), encode(x.float(), steps=5000))


@BOTH
def test_clip(encode) -> None:
    x = torch.tensor([-1.0, 3.0])
    clipped = encode(x, steps=6, clip=True)
    assert torch.equal(clipped, encode(x.clamp(0, 1), steps=6))
    assert x.tolist() == [-1.0, 3.0]


@BOTH
def test_learnable_input_gives_plain_spikes(encode) -> None:
    assert not encode(torch.tensor([0.5], requires_grad=True), steps=4).requires_grad


def test_a_scalar_is_one_neuron() -> None:
    assert latency(torch.tensor(1.0), steps=3).tolist() == [1, 0, 0]


@BOTH
@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"x": torch.tensor([-0.1, 1.5])},
            ValueError,
            r"x must lie in \[0, 1\], got values from -0\.1 to 1\.5\. Rescale",
        ),
        ({"x": torch.tensor([1])}, TypeError, r"x must be floating, got torch.int64\. Use x\.float\(\)"),
        ({"x": torch.tensor([float("nan")])}, ValueError, "x contains NaN or inf in 1 of 1 values"),
        ({"x": torch.zeros(0)}, ValueError, "x is empty"),
        ({"steps": 1}, ValueError, "steps must be at least 2, got 1"),
        ({"tau": 0.0}, ValueError, "tau must be a time above 0 s, got 0.0"),
        ({"tau": float("nan")}, ValueError, "tau must be a time above 0 s, got nan"),
        ({"dt": -1 * ms}, ValueError, "dt must be a time above 0 s"),
        ({"threshold": 1.0}, ValueError, r"threshold must lie in .0, 1\), got 1\.0"),
        ({"threshold": -0.1}, ValueError, r"threshold must lie in .0, 1\), got -0\.1"),
    ],
)
def test_refusals(encode, arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"{encode.__name__}: {match}"):
        encode(**({"x": X, "steps": 5} | arguments))


def test_refuses_a_span_longer_than_the_window() -> None:
    with pytest.raises(
        ValueError, match=r"threshold 0\.01 would fire at step 19\.8, but the window ends at step 9.*steps=21"
    ):
        latency(X, steps=10, tau=20 * ms)
    assert latency(X, steps=21, tau=20 * ms).sum() == 3


def test_refuses_a_time_constant_that_pushes_everything_out() -> None:
    with pytest.raises(
        ValueError, match=r"x = 1 would fire at step 13\.9, but the window ends at step 9.*Use steps=15"
    ):
        log_latency(X, steps=10, tau=20 * ms, threshold=0.5)


def test_logarithm_refuses_threshold_zero() -> None:
    with pytest.raises(ValueError, match=r"threshold must lie in \(0, 1\), got 0\.0"):
        log_latency(X, steps=10, threshold=0.0)
