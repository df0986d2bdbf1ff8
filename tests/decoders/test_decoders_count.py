import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.decoders import NO_DECISION, count, count_scores, tie_rate


def raster(*rows: list[int]) -> torch.Tensor:
    """Spikes [T, 1, C] of one sample from a list of spike counts for each step."""
    return torch.tensor(rows, dtype=torch.float32).unsqueeze(1)


def test_most_spikes_win() -> None:
    spikes = raster([0, 1, 1], [0, 0, 1], [1, 0, 0])
    assert count(spikes).tolist() == [2]
    assert count_scores(spikes).tolist() == [[1, 1, 2]]


def test_silence_is_no_decision_and_never_class_0() -> None:
    spikes = torch.zeros(5, 3, 4)
    spikes[2, 1, 3] = 1
    assert count(spikes).tolist() == [NO_DECISION, 3, NO_DECISION]
    assert NO_DECISION == -1
    assert count(spikes, final_membrane=torch.rand(3, 4)).tolist() == [-1, 3, -1]


def test_tie_goes_to_the_lowest_index() -> None:
    assert count(raster([0, 1, 0, 1])).tolist() == [1]


def test_tie_goes_to_the_higher_final_membrane_among_the_tied() -> None:
    spikes = raster([0, 1, 0, 1])
    assert count(spikes, final_membrane=torch.tensor([[9.0, -2.0, 9.0, -1.0]])).tolist() == [3]
    assert count(spikes, final_membrane=torch.tensor([[9.0, -1.0, 9.0, -1.0]])).tolist() == [1]


def test_more_spikes_beat_a_higher_membrane() -> None:
    assert count(raster([1, 1], [1, 0]), final_membrane=torch.tensor([[0.0, 5.0]])).tolist() == [0]


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64])
def test_any_real_dtype_counts_exactly(dtype: torch.dtype) -> None:
    spikes = torch.zeros(601, 1, 2, dtype=dtype)
    spikes[:, 0, 0] = 1
    spikes[1:, 0, 1] = 1
    assert count_scores(spikes).tolist() == [[601, 600]]
    assert count(spikes).dtype == torch.int64


def test_scores_become_a_confidence() -> None:
    confidence = count_scores(raster([1, 0, 0], [1, 0, 0])).softmax(-1)
    torch.testing.assert_close(confidence, torch.tensor([[0.786986, 0.106507, 0.106507]]), atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), batch=st.integers(1, 5), classes=st.integers(1, 6))
def test_samples_are_independent_and_the_winner_has_the_most(seed: int, batch: int, classes: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    spikes = (torch.rand(4, batch, classes, generator=generator) < 0.3).float()
    before = spikes.clone()
    winners = count(spikes)
    assert torch.equal(spikes, before)
    for b, winner in enumerate(winners.tolist()):
        counts = spikes[:, b].sum(0)
        assert count(spikes[:, b : b + 1]).item() == winner
        if counts.sum() == 0:
            assert winner == -1
        else:
            assert counts[winner] == counts.max()
            assert bool((counts[:winner] < counts.max()).all())


def test_tie_rate_leaves_silence_out() -> None:
    scores = torch.tensor([[2.0, 2.0, 0.0], [3.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    assert tie_rate(scores) == 0.5


def test_tie_rate_refuses_spikes() -> None:
    with pytest.raises(ValueError, match=r"scores must have shape \[B, C\], got \(2, 3, 4\)\. Use count_scores"):
        tie_rate(torch.zeros(2, 3, 4))


@pytest.mark.parametrize(
    ("spikes", "final_membrane", "error", "match"),
    [
        (torch.zeros(5, 3), None, ValueError, r"count: spikes must have shape \[T, B, C\].*, got \(5, 3\)"),
        (torch.zeros(0, 3, 2), None, ValueError, "count: spikes is empty"),
        (torch.full((1, 1, 2), float("nan")), None, ValueError, "count: spikes contains NaN or inf in 2 of 2"),
        (-torch.ones(1, 1, 2), None, ValueError, "count: spikes must be 0 or above, got a minimum of -1.*max_membrane"),
        ([[[1]]], None, TypeError, "count: spikes must be a torch.Tensor, got list"),
        (
            torch.ones(4, 3, 2),
            torch.ones(4, 3, 2),
            ValueError,
            r"final_membrane must have shape \[B, C\] = \(3, 2\), got",
        ),
        (torch.ones(4, 1, 1), torch.tensor([[float("nan")]]), ValueError, "final_membrane contains NaN or inf"),
    ],
)
def test_refusals(spikes, final_membrane, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        count(spikes, final_membrane=final_membrane)
