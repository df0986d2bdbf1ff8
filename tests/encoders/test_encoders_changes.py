"""Codes of changes, step-forward, moving window and threshold-based, and the way back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import (
    change_threshold,
    changes_inverse,
    delta,
    moving_window,
    step_forward,
    threshold_based,
    threshold_based_inverse,
)

SIGNAL = torch.tensor([0, 0.1, 0.3, 0.6, 0.55, 0.2, -0.1, -0.15, 0, 0.4], dtype=torch.float64)
CODES = [step_forward, moving_window, threshold_based]


def code(encode, x: torch.Tensor, threshold: float = 0.3) -> torch.Tensor:
    options = {
        step_forward: {"threshold": threshold},
        moving_window: {"threshold": threshold, "window": 2},
        threshold_based: {},
    }
    return encode(x, **options[encode])


def noise_ratio(x: torch.Tensor, rebuilt: torch.Tensor) -> float:
    """Signal to noise in decibels, the mean left out of both."""
    return float(10 * torch.log10((x - x.mean(0)).square().sum() / (x - rebuilt).square().sum()))


def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1])


def test_step_forward_golden() -> None:
    assert step_forward(SIGNAL, 0.19).tolist() == [0, 0, 1, 1, 0, 0, -1, -1, 0, 1]


def test_moving_window_golden() -> None:
    # A window written w = 2 holds the three samples before.
    assert moving_window(SIGNAL, 0.15, window=3).tolist() == [0, 0, 1, 1, 1, -1, -1, -1, 0, 1]


def test_threshold_based_golden() -> None:
    assert threshold_based(SIGNAL, factor=1).tolist() == [0, 0, 0, 0, -1, 0, 0, 0, 1, 1]
    assert float(change_threshold(SIGNAL, factor=1)) == pytest.approx(0.345832, abs=1e-6)


def test_step_forward_fires_beyond_its_threshold_and_delta_at_it() -> None:
    x = torch.tensor([0.0, 1.0, 1.0, 2.5])  # exact in binary: elsewhere a tie is decided by rounding
    assert step_forward(x, 1.0).tolist() == [0, 0, 0, 1]
    assert delta(x, 1.0).tolist() == [0, 1, 0, 1]


@settings(deadline=None, max_examples=50)
@given(changes=st.lists(st.floats(-1, 1), min_size=1, max_size=60))
def test_step_forward_error_is_at_most_the_threshold_on_gentle_slopes(changes: list[float]) -> None:
    x = torch.tensor(changes, dtype=torch.float64).cumsum(0)
    spikes = step_forward(x, 1.0)
    assert set(spikes.tolist()) <= {-1.0, 0.0, 1.0}
    assert float((changes_inverse(spikes, 1.0, start=x[0]) - x).abs().max()) <= 1 + 1e-9


def test_steep_slopes_need_several_spikes_in_a_step() -> None:
    x = torch.tensor([0.0, 3.5, 3.5, -1.2])
    assert step_forward(x, 1.0).tolist() == [0, 1, 1, -1]
    many = step_forward(x, 1.0, multi_spike=True)
    assert many.tolist() == [0, 3, 0, -4]
    assert float((changes_inverse(many, 1.0) - x).abs().max()) <= 1


@settings(deadline=None, max_examples=30)
@given(values=st.lists(st.integers(-40, 40), min_size=2, max_size=20), encode=st.sampled_from(CODES[:2]))
def test_blind_to_an_offset_and_symmetric(values: list[int], encode) -> None:
    x, threshold = (
        torch.tensor(values, dtype=torch.float64),
        0.3125,
    )  # all sums are exact, so that no tie is broken by rounding
    spikes = code(encode, x, threshold)
    assert spikes.shape == x.shape
    assert torch.equal(code(encode, x + 4, threshold), spikes)
    assert torch.equal(code(encode, -x, threshold), -spikes)


def test_start_is_a_baseline_of_its_own() -> None:
    assert step_forward(torch.tensor([1.0, 1.0]), 0.6, start=0.0).tolist() == [1, 0]
    assert step_forward(torch.ones(2, 2), 0.6, start=torch.tensor([0.0, 1.0])).tolist() == [[1, 0], [0, 0]]


def test_silence_is_plain_zero() -> None:
    assert not torch.signbit(step_forward(-SIGNAL, 5.0)).any()
    assert code(moving_window, torch.full((6, 2), 4.2)).abs().sum() == 0


def test_moving_window_of_one_sample_is_delta_off_the_ties() -> None:
    assert torch.equal(moving_window(SIGNAL, 0.19, window=1), delta(SIGNAL, 0.19))


def test_threshold_follows_a_drift() -> None:
    up = SIGNAL + torch.arange(10) * 0.5
    assert float(change_threshold(up)) == pytest.approx(float(change_threshold(SIGNAL)) + 0.5)
    assert float(change_threshold(up, factor=0.0)) == pytest.approx(0.58, abs=1e-9)


@pytest.mark.parametrize("encode", CODES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_shape_dtype_and_untouched_input(encode, dtype: torch.dtype) -> None:
    x = torch.randn(7, 2, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    before = x.clone()
    spikes = code(encode, x)
    assert spikes.shape == x.shape and spikes.dtype == dtype
    assert set(spikes.unique().tolist()) == {-1.0, 0.0, 1.0}
    assert torch.equal(x, before)
    assert torch.equal(code(encode, x[:, :1, :1]), spikes[:, :1, :1])  # channels are coded alone
    assert not code(encode, x.clone().requires_grad_()).requires_grad


def test_a_recording_is_rebuilt(vowel: torch.Tensor) -> None:
    threshold = float(vowel.diff(dim=0).abs().max())
    rebuilt = changes_inverse(step_forward(vowel, threshold), threshold, start=vowel[0])
    assert float((rebuilt - vowel).abs().max()) <= threshold + 1e-12
    assert noise_ratio(vowel, rebuilt) > 15
    finer = changes_inverse(step_forward(vowel, threshold / 8, multi_spike=True), threshold / 8, start=vowel[0])
    assert noise_ratio(vowel, finer) > 30
    # The others bound nothing: what they lose adds up, and only the shape stays.
    level = change_threshold(vowel, factor=1.0)
    coarse = threshold_based_inverse(threshold_based(vowel, factor=1.0), level, start=vowel[0])
    rough = changes_inverse(moving_window(vowel, 0.75 * threshold, window=3), 0.75 * threshold, start=vowel[0])
    assert likeness(coarse, vowel) > 0.75 and likeness(rough, vowel) > 0.8
    assert max(noise_ratio(vowel, coarse), noise_ratio(vowel, rough)) < 3  # decibels


def test_threshold_based_inverse_is_one_step_later() -> None:
    x = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    level = change_threshold(x, factor=0.5)
    rebuilt = threshold_based_inverse(threshold_based(x, factor=0.5), level, start=x[0])
    torch.testing.assert_close(rebuilt, level * x)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: step_forward(SIGNAL, 0.0), ValueError, "step_forward: threshold must be above 0, got 0"),
        (lambda: step_forward(SIGNAL, 1.0, start=float("nan")), ValueError, "step_forward: start contains NaN or inf"),
        (lambda: step_forward(SIGNAL.long(), 1.0), TypeError, "step_forward: x must be floating, got torch.int64"),
        (lambda: step_forward(SIGNAL, torch.ones(3)), ValueError, r"step_forward: threshold has shape \(3,\), but one sample"),
        (lambda: moving_window(SIGNAL, 1.0, window=0), ValueError, r"moving_window: window must lie in 1\.\.10.*got 0"),
        (lambda: moving_window(SIGNAL, 1.0, window=11), ValueError, r"moving_window: window must lie in 1\.\.10.*got 11"),
        (lambda: moving_window(SIGNAL, -1.0, window=2), ValueError, "moving_window: threshold must be above 0, got -1"),
        (lambda: threshold_based(SIGNAL[:1]), ValueError, r"threshold_based: x must have at least 2 steps, got shape \(1,\)"),
        (lambda: threshold_based(SIGNAL, factor=-1.0), ValueError, "threshold_based: factor must be 0 or above, got -1"),
        (lambda: change_threshold(torch.ones(5)), ValueError, "change_threshold: the threshold, .* must be above 0, got 0"),
        (lambda: threshold_based(-torch.arange(5.0)), ValueError, "threshold_based: the threshold, .* got -1"),
        (lambda: changes_inverse(SIGNAL, 0.0), ValueError, "changes_inverse: threshold must be above 0"),
        (lambda: changes_inverse(torch.tensor(1.0), 1.0), ValueError, "changes_inverse: spikes must have time as its first"),
        (lambda: threshold_based_inverse(SIGNAL, 1.0, start=torch.ones(2)), ValueError, "threshold_based_inverse: start has"),
    ],
)  # fmt: skip
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
