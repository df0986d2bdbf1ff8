import pytest
import torch

from ranvier.decoders import (
    final_membrane,
    final_membrane_scores,
    max_membrane,
    max_membrane_scores,
    mean_membrane,
    mean_membrane_scores,
)

BOTH = pytest.mark.parametrize("decode", [max_membrane, mean_membrane])
ALL = pytest.mark.parametrize("decode", [max_membrane, mean_membrane, final_membrane])
# One sample: neuron 0 peaks highest, neuron 1 is higher on average.
V = torch.tensor([[0.0, 2.0], [5.0, 2.5], [-1.0, 3.0]]).unsqueeze(1)


def test_max_and_mean_read_different_things() -> None:
    assert max_membrane(V).tolist() == [0]
    assert mean_membrane(V).tolist() == [1]
    assert max_membrane_scores(V).tolist() == [[5.0, 3.0]]
    torch.testing.assert_close(mean_membrane_scores(V), torch.tensor([[4 / 3, 2.5]]))


def test_final_reads_the_last_step_alone() -> None:
    v = torch.tensor([[9.0, 0.0], [1.0, 1.5]]).unsqueeze(1)
    assert final_membrane(v).tolist() == [1]
    assert final_membrane_scores(v).tolist() == [[1.0, 1.5]]
    assert final_membrane(torch.zeros(4, 2, 3)).tolist() == [-1, -1]


@ALL
def test_negative_potentials_decide_too(decode) -> None:
    assert decode(torch.tensor([[[-3.0, -1.0, -2.0]]])).tolist() == [1]


@BOTH
def test_readout_that_never_moved_is_no_decision(decode) -> None:
    v = torch.full((4, 2, 3), -0.07)
    v[2, 1, 2] = 1.0
    assert decode(v).tolist() == [-1, 2]


@BOTH
def test_tie_goes_to_the_higher_final_membrane(decode) -> None:
    v = torch.tensor([[[0.0, 4.0, 2.0]], [[0.0, 2.0, 4.0]]])
    assert decode(v).tolist() == [2]
    assert decode(torch.tensor([[[0.0, 4.0, 4.0]]])).tolist() == [1]


@ALL
def test_one_class_is_always_that_class(decode) -> None:
    assert decode(torch.zeros(3, 2, 1)).tolist() == [0, 0]


@ALL
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_dtypes_and_untouched_input(decode, dtype: torch.dtype) -> None:
    v = torch.randn(9, 4, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    before = v.clone()
    winners = decode(v)
    assert winners.dtype == torch.int64
    assert winners.shape == (4,)
    assert torch.equal(v, before)


@ALL
def test_learnable_readout(decode) -> None:
    assert not decode(V.clone().requires_grad_()).requires_grad


@ALL
@pytest.mark.parametrize(
    ("v", "error", "match"),
    [
        (
            torch.zeros(3, 2, 4, 5),
            ValueError,
            r"v must have shape \[T, B, C\] \(time, batch, class\), got \(3, 2, 4, 5\)",
        ),
        (torch.zeros(0, 2, 4), ValueError, "v is empty"),
        (torch.full((1, 1, 2), float("nan")), ValueError, "v contains NaN or inf"),
        (torch.zeros(1, 1, 2, dtype=torch.bool), TypeError, "v must be floating, got torch.bool"),
    ],
)
def test_refusals(decode, v: torch.Tensor, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"{decode.__name__}: {match}"):
        decode(v)
