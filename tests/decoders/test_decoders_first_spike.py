import pytest
import torch

from ranvier.decoders import first_spike, first_spike_scores, tie_rate


def fired_at(steps: int, *times: int | None) -> torch.Tensor:
    """Spikes [T, 1, C] of one sample whose neurons fire once, or never."""
    spikes = torch.zeros(steps, 1, len(times))
    for neuron, time in enumerate(times):
        if time is not None:
            spikes[time, 0, neuron] = 1
    return spikes


def test_earliest_wins_over_most() -> None:
    spikes = fired_at(6, 3, 1, None)
    spikes[3:, 0, 0] = 1
    assert first_spike(spikes).tolist() == [1]


def test_silent_neuron_counts_as_t_not_as_0() -> None:
    spikes = fired_at(6, None, 5, None)
    assert first_spike(spikes).tolist() == [1]
    assert first_spike_scores(spikes).tolist() == [[0, 1, 0]]


def test_a_spike_in_the_first_step_scores_t() -> None:
    assert first_spike_scores(fired_at(6, 0, 2)).tolist() == [[6, 4]]


def test_silence_is_no_decision() -> None:
    spikes = torch.cat((fired_at(4, None, None), fired_at(4, None, 3)), dim=1)
    assert first_spike(spikes).tolist() == [-1, 1]
    assert first_spike(spikes, final_membrane=torch.ones(2, 2)).tolist() == [-1, 1]


def test_ties() -> None:
    spikes = fired_at(6, 4, 2, 2)
    assert first_spike(spikes).tolist() == [1]
    assert first_spike(spikes, final_membrane=torch.tensor([[9.0, 0.1, 0.2]])).tolist() == [2]
    assert tie_rate(first_spike_scores(spikes)) == 1.0


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float16, torch.float64])
def test_dtypes(dtype: torch.dtype) -> None:
    winner = first_spike(fired_at(300, 299, 298).to(dtype))
    assert winner.dtype == torch.int64
    assert winner.tolist() == [1]


def test_scores_give_the_softmax_of_minus_the_time() -> None:
    confidence = first_spike_scores(fired_at(9, 4, 1, 7)).softmax(-1)
    torch.testing.assert_close(confidence, torch.tensor([[-4.0, -1.0, -7.0]]).softmax(-1))


@pytest.mark.parametrize(
    ("spikes", "match"),
    [
        (torch.zeros(5), r"first_spike: spikes must have shape \[T, B, C\] \(time, batch, class\), got \(5,\)"),
        (torch.zeros(5, 0, 2), "first_spike: spikes is empty"),
        (torch.full((1, 1, 2), float("inf")), "first_spike: spikes contains NaN or inf"),
        (-torch.ones(1, 1, 2), "first_spike: spikes must be 0 or above"),
    ],
)
def test_refusals(spikes: torch.Tensor, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        first_spike(spikes)
