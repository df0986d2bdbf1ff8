import pytest
import torch

from ranvier.encoders import SpikeTimes, fully_temporal, fully_temporal_inverse
from ranvier.units import ms


def test_times_are_where_the_integral_crosses_and_are_not_rounded() -> None:
    # x + bias is 2 and then 1: with a threshold of 1.5 ms the integral crosses at 0.75, 1.5 and, after 2 ms, at 2.5 ms.
    x = torch.tensor([[1.0], [1.0], [0.0]])
    spikes = fully_temporal(x, bias=1.0, threshold=1.5 * ms)
    torch.testing.assert_close(spikes.times, torch.tensor([0.75, 1.5, 2.5], dtype=torch.float64) * ms)
    assert spikes.indices.tolist() == [0, 0, 0] and spikes.shape == (1,)


def test_between_two_spikes_gathers_one_threshold() -> None:
    x = torch.rand(200, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = x.clone()
    spikes = fully_temporal(x, bias=0.3, threshold=1.7 * ms)
    assert (spikes.times.diff() >= 0).all() and torch.equal(x, before)
    for n in range(6):
        apart = spikes.times[spikes.indices == n].diff()
        assert float(apart.max()) <= 1.7 * ms / 0.3 and float(apart.min()) >= 1.7 * ms / 1.3
        whole = (x.flatten(1)[:, n] + 0.3).sum() * 1e-3 / 1.7e-3
        assert len(apart) + 1 == int(whole)


def test_a_constant_is_rebuilt_exactly() -> None:
    x = torch.full((50, 1, 2), 0.4)
    spikes = fully_temporal(x, bias=0.0, threshold=0.7 * ms)
    rebuilt = fully_temporal_inverse(spikes, steps=50, bias=0.0, threshold=0.7 * ms)
    torch.testing.assert_close(rebuilt, x.double(), atol=1e-6, rtol=0)


def test_a_recording_is_rebuilt_the_better_the_more_spikes(recording: torch.Tensor) -> None:
    x = recording[:, None]
    dt, ratios = 1 / 8000, []
    for samples in (2, 1, 0.5):  # a spike every so many samples of silence
        options = {"bias": 0.5, "threshold": 0.5 * samples * dt, "dt": dt}
        rebuilt = fully_temporal_inverse(fully_temporal(x, **options), steps=len(x), **options)
        ratios.append(float(10 * torch.log10(x.square().sum() / (x - rebuilt).square().sum())))
    assert ratios[0] > 8 and ratios[1] > 13 and ratios[2] > 19  # decibels


def test_a_neuron_without_a_spike_is_at_minus_the_bias() -> None:
    spikes = fully_temporal(torch.zeros(3, 1), bias=0.1, threshold=1.0)
    assert len(spikes.times) == 0
    assert fully_temporal_inverse(spikes, steps=3, bias=0.1, threshold=1.0).tolist() == [[-0.1]] * 3
    assert spikes.rounded(steps=3).sum() == 0


def test_rounding_is_asked_for_and_refuses_to_merge() -> None:
    spikes = SpikeTimes(torch.tensor([0.4, 1.2, 1.6]) * ms, torch.tensor([0, 1, 0]), (1, 2))
    assert spikes.rounded(steps=2).tolist() == [[[1, 0]], [[1, 1]]]
    with pytest.raises(ValueError, match="SpikeTimes.rounded: 1 steps of 2 ms would hold several spikes of one neuron"):
        spikes.rounded(steps=2, dt=2 * ms)
    with pytest.raises(
        ValueError, match=r"SpikeTimes.rounded: the last spike, at 1\.6 ms, lies beyond 1 steps.*steps=2"
    ):
        spikes.rounded(steps=1)


@pytest.mark.parametrize(
    ("times", "indices", "match"),
    [
        ([0.2, 0.1], [0, 0], "times must be finite, 0 s or above, and sorted"),
        ([-0.1], [0], "times must be finite, 0 s or above"),
        ([float("nan")], [0], "times must be finite"),
        ([0.1], [2], r"indices must lie in 0\.\.1, the neurons of shape \(1, 2\), got 2 to 2"),
        ([0.1, 0.2], [0], r"expected times \[count\] and indices \[count\], got \(2,\) and \(1,\)"),
    ],
)
def test_container_refuses(times: list[float], indices: list[int], match: str) -> None:
    with pytest.raises(ValueError, match=f"SpikeTimes: {match}"):
        SpikeTimes(torch.tensor(times), torch.tensor(indices), (1, 2))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"bias": -0.1}, ValueError, r"x \+ bias must be above 0, got a minimum of x of 0 and bias -0\.1"),
        ({"threshold": 0.0}, ValueError, "threshold must be above 0, got 0.0"),
        ({"x": torch.ones(3)}, ValueError, r"x must have shape \[T, B, \*N\].*got \(3,\)"),
        ({"x": torch.ones(3, 1).long()}, TypeError, "x must be floating"),
        ({"dt": 0.0}, ValueError, "dt must be a time above 0 s"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"fully_temporal: {match}"):
        fully_temporal(**({"x": torch.zeros(3, 1), "bias": 1.0, "threshold": 1 * ms} | arguments))


def test_inverse_refuses() -> None:
    spikes = fully_temporal(torch.ones(3, 1), bias=1.0, threshold=1 * ms)
    with pytest.raises(ValueError, match="fully_temporal_inverse: threshold must be above 0, got 0"):
        fully_temporal_inverse(spikes, steps=3, bias=1.0, threshold=0.0)
    with pytest.raises(ValueError, match="fully_temporal_inverse: steps must be at least 1"):
        fully_temporal_inverse(spikes, steps=0, bias=1.0, threshold=1 * ms)
