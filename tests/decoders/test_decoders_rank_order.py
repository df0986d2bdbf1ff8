import pytest
import torch

from ranvier.decoders import rank_order, rank_order_scores
from ranvier.encoders import rank_order as encode
from ranvier.encoders import rank_sensitivity, ranks

PATTERNS = torch.tensor([[0.9, 0.7, 0.5, 0.3, 0.1], [0.1, 0.3, 0.5, 0.7, 0.9], [0.3, 0.9, 0.1, 0.7, 0.5]])
WEIGHTS = rank_sensitivity(ranks(PATTERNS), modulation=0.8)


def test_learned_orders_are_recognised_at_any_contrast() -> None:
    for x in (PATTERNS, 0.01 * PATTERNS + 3, PATTERNS**3):
        assert rank_order(encode(x), WEIGHTS, modulation=0.8).tolist() == [0, 1, 2]


def test_golden_scores() -> None:
    scores = rank_order_scores(encode(PATTERNS[:1]), WEIGHTS, modulation=0.8)
    assert scores[0, :2].tolist() == pytest.approx([2.479516, 2.048], abs=1e-6)


def test_silence_is_no_decision_and_a_silent_input_is_not_the_first() -> None:
    spikes = torch.zeros(5, 2, 5)
    spikes[2, 1, 4] = 1
    assert rank_order(spikes, WEIGHTS, modulation=0.8).tolist() == [-1, 1]
    torch.testing.assert_close(rank_order_scores(spikes, WEIGHTS, modulation=0.8)[1], WEIGHTS[:, 4])


def test_only_the_first_spike_counts() -> None:
    spikes = encode(PATTERNS)
    again = spikes.clone()
    again[-1] = 1
    assert torch.equal(
        rank_order_scores(again, WEIGHTS, modulation=0.8), rank_order_scores(spikes, WEIGHTS, modulation=0.8)
    )


def test_inputs_of_one_step_share_their_rank() -> None:
    spikes = torch.zeros(2, 1, 3)
    spikes[0, 0, :2] = 1
    spikes[1, 0, 2] = 1
    scores = rank_order_scores(spikes, torch.eye(3), modulation=0.5)
    assert scores[0].tolist() == pytest.approx([0.5**0.5, 0.5**0.5, 0.25])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"weights": torch.ones(3, 4)},
            ValueError,
            r"weights must have shape \[C, N\] with the N = 5 inputs.*got \(3, 4\)",
        ),
        ({"modulation": 0.0}, ValueError, r"modulation must lie in \(0, 1\), got 0\.0"),
        ({"spikes": torch.ones(2, 5)}, ValueError, r"spikes must have shape \[T, B, C\]"),
        ({"weights": torch.ones(3, 5).long()}, TypeError, "weights must be floating"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"rank_order: {match}"):
        rank_order(**({"spikes": torch.ones(2, 1, 5), "weights": WEIGHTS, "modulation": 0.8} | arguments))
