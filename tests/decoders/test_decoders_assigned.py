import pytest
import torch

from ranvier.decoders import assign, assigned, assigned_scores, count


def spikes_of(counts: list[list[int]], steps: int = 9) -> torch.Tensor:
    """Spikes [T, B, N] with the given counts [B][N]."""
    return (torch.arange(steps)[:, None, None] < torch.tensor(counts)).float()


# Samples of classes 0, 0, 0, 1, 2; neuron 3 never fires.
TRAINING = spikes_of([[3, 1, 0, 0], [3, 1, 0, 0], [3, 1, 0, 0], [4, 2, 0, 0], [0, 0, 5, 0]])
LABELS = torch.tensor([0, 0, 0, 1, 2])


def test_each_neuron_takes_the_class_of_its_highest_mean() -> None:
    # Neuron 0 gave 9 spikes to class 0 and 4 to class 1, but 3 and 4 on average.
    assert assign(TRAINING, LABELS, classes=3).tolist() == [1, 1, 2, -1]


def test_a_neuron_that_never_fired_is_no_class_0() -> None:
    assignment = assign(torch.zeros(4, 2, 3), torch.tensor([0, 1]), classes=2)
    assert assignment.tolist() == [-1, -1, -1]
    assert assigned(torch.ones(4, 1, 3), assignment, classes=2).tolist() == [-1]


def test_ties_go_to_the_lowest_class_and_absent_classes_get_nothing() -> None:
    assert assign(spikes_of([[2], [2]]), torch.tensor([1, 2]), classes=4).tolist() == [1]


def test_pools_of_unequal_size_vote_with_their_mean() -> None:
    assignment = torch.tensor([0, 0, 0, 1, -1])
    spikes = spikes_of([[2, 2, 2, 3, 9], [0, 0, 0, 0, 9]])
    assert assigned_scores(spikes, assignment, classes=3).tolist() == [[2, 3, 0], [0, 0, 0]]
    assert assigned(spikes, assignment, classes=3).tolist() == [1, -1]


def test_a_tie_goes_to_the_higher_membrane() -> None:
    assignment = torch.tensor([0, 1])
    spikes = spikes_of([[2, 2]])
    assert assigned(spikes, assignment, classes=2).tolist() == [0]
    assert assigned(spikes, assignment, classes=2, final_membrane=torch.tensor([[0.1, 0.2]])).tolist() == [1]


def test_one_neuron_a_class_is_the_count() -> None:
    spikes = (torch.rand(20, 30, 5, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    assert torch.equal(assigned(spikes, torch.arange(5), classes=5), count(spikes))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float16])
def test_any_real_dtype(dtype: torch.dtype) -> None:
    assert assign(TRAINING.to(dtype), LABELS, classes=3).tolist() == [1, 1, 2, -1]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: assign(TRAINING, LABELS[:3], classes=3), ValueError, "assign: labels has 3 entries, spikes has batch 5 on axis 1"),
        (lambda: assign(TRAINING, LABELS, classes=2), ValueError, r"assign: labels must lie in 0\.\.1.*Give more classes"),
        (lambda: assign(TRAINING, LABELS.float(), classes=3), TypeError, "assign: labels must be a tensor of an integer dtype"),
        (lambda: assign(-TRAINING, LABELS, classes=3), ValueError, "assign: spikes must be 0 or above"),
        (lambda: assigned(TRAINING, torch.zeros(3).long(), classes=3), ValueError, r"assigned: assignment must have shape \[N\] = \(4,\)"),
        (lambda: assigned(TRAINING, torch.full((4,), 3), classes=3), ValueError, r"assigned: assignment must lie in -1\.\.2 for 3 classes"),
        (lambda: assigned_scores(TRAINING, torch.full((4,), -2), classes=3), ValueError, "assigned_scores: assignment must lie in"),
    ],
)  # fmt: skip
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
