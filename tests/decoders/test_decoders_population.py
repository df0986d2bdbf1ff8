import pytest
import torch

from ranvier.decoders import count, count_scores, first_spike, population


def test_neurons_of_a_class_lie_side_by_side() -> None:
    output = torch.tensor([[[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]]])
    assert population(output, classes=2).tolist() == [[[6.0, 60.0]]]


def test_pooled_spikes_are_decoded_as_before() -> None:
    spikes = torch.zeros(4, 1, 6)
    spikes[1:, 0, 0] = 1  # class 0: one neuron, three spikes
    spikes[0, 0, 2:4] = 1  # class 1: two neurons, one spike each
    pooled = population(spikes, classes=3)
    assert count_scores(pooled).tolist() == [[3, 2, 0]]
    assert count(pooled).tolist() == [0]
    assert first_spike(pooled).tolist() == [1]
    assert count(population(torch.zeros(4, 1, 6), classes=3)).tolist() == [-1]


def test_counts_stay_whole_so_that_ties_stay_ties() -> None:
    spikes = torch.zeros(10, 1, 6)
    spikes[:7, 0, :3] = 1
    spikes[3:, 0, 3:] = 1
    assert count(population(spikes, classes=2)).tolist() == [0]


def test_booleans_and_gradients() -> None:
    assert population(torch.ones(1, 1, 4, dtype=torch.bool), classes=2).tolist() == [[[2, 2]]]
    output = torch.ones(1, 1, 4, requires_grad=True)
    population(output, classes=2).sum().backward()
    assert output.grad is not None
    assert output.grad.tolist() == [[[1, 1, 1, 1]]]


@pytest.mark.parametrize(
    ("output", "classes", "match"),
    [
        (
            torch.ones(1, 1, 7),
            3,
            "classes must divide the 7 neurons on axis 2 of output, got 3. Use an output layer of 3",
        ),
        (torch.ones(1, 1, 7), 0, "classes must divide the 7 neurons on axis 2 of output, got 0"),
        (torch.ones(1, 7), 7, r"output must have shape \[T, B, C\]"),
        (torch.full((1, 1, 2), float("nan")), 1, "output contains NaN or inf"),
    ],
)
def test_refusals(output: torch.Tensor, classes: int, match: str) -> None:
    with pytest.raises(ValueError, match=f"population: {match}"):
        population(output, classes=classes)
