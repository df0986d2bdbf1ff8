import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import rank_order, rank_response, rank_sensitivity, ranks, spike_ranks


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_largest_fires_first() -> None:
    spikes = rank_order(torch.tensor([[0.2, 0.9, -3.0, 0.5]]))
    assert spikes[:, 0].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]]
    assert spike_ranks(spikes).tolist() == [[2, 0, 3, 1]]


def test_golden_responses() -> None:
    order = torch.arange(5.0)[None]
    weights = rank_sensitivity(order, modulation=0.8)
    assert float(rank_response(order, weights, modulation=0.8)) == pytest.approx(2.479516, abs=1e-6)
    assert float(rank_response(order.flip(1), weights, modulation=0.8)) == pytest.approx(2.048, abs=1e-9)


def test_golden_weights_of_an_order() -> None:
    # Inputs 2, 0, 3, 1 fire in this order.
    order = torch.tensor([[2, 0, 3, 1]]).argsort(1)
    weights = rank_sensitivity(order, modulation=0.9)
    torch.testing.assert_close(weights, torch.tensor([[0.9, 0.729, 1, 0.81]], dtype=torch.float64))
    highest = float(rank_response(order, weights, modulation=0.9))
    assert highest == pytest.approx(2.997541, abs=1e-6)
    assert 0.7 * highest == pytest.approx(2.0982787, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(order=st.permutations(range(6)))
def test_the_learned_order_responds_most(order: list[int]) -> None:
    weights = rank_sensitivity([[0, 1, 2, 3, 4, 5]], modulation=0.8)
    best = rank_response(torch.arange(6.0)[None], weights, modulation=0.8)
    response = rank_response(torch.tensor([order]).double(), weights, modulation=0.8)
    assert float(response) <= float(best) + 1e-12
    assert (order == list(range(6))) == (abs(float(response - best)) < 1e-9)


@settings(deadline=None, max_examples=40)
@given(values=st.lists(st.integers(-9, 9), min_size=2, max_size=9), gain=st.integers(1, 7), offset=st.integers(-5, 5))
def test_blind_to_contrast_brightness_and_any_rising_map(values: list[int], gain: int, offset: int) -> None:
    x = torch.tensor([values], dtype=torch.float64)
    spikes = rank_order(x)
    assert spikes.shape == (len(values), 1, len(values)) and set(spikes.unique().tolist()) <= {0.0, 1.0}
    assert spikes.sum(0).eq(1).all()
    assert torch.equal(rank_order(gain * x + offset), spikes)
    assert torch.equal(rank_order(x.exp()), spikes)
    assert torch.equal(spike_ranks(spikes), ranks(x))


def test_equal_values_share_the_mean_rank_whatever_their_place() -> None:
    assert ranks(torch.tensor([[1.0, 3.0, 1.0, 1.0]])).tolist() == [[2, 0, 2, 2]]
    assert ranks(torch.tensor([[5.0, 5.0, 1.0]])).tolist() == [[0.5, 0.5, 2]]
    assert ranks(torch.tensor([[1.0, 5.0, 5.0]])).tolist() == [[2, 0.5, 0.5]]


def test_a_generator_breaks_ties_at_random_and_only_ties() -> None:
    x = torch.tensor([[1.0, 3.0, 1.0, 1.0, 0.0]]).repeat(200, 1)
    order = ranks(x, generator=seeded())
    assert torch.equal(order, ranks(x, generator=seeded()))
    assert order[:, 1].eq(0).all() and order[:, 4].eq(4).all()
    assert torch.equal(order.sort(1).values[0], torch.arange(5.0).double())
    for place in (0, 2, 3):
        assert 40 < int((order[:, place] == 1).sum()) < 95  # a third each
    assert rank_order(x, generator=seeded()).sum((0, 2)).eq(5).all()


def test_silent_inputs_have_no_rank() -> None:
    x = torch.tensor([[0.0, 0.7, 0.0, 0.2]])
    assert ranks(x, silent=0.0).tolist() == [[torch.inf, 0, torch.inf, 1]]
    spikes = rank_order(x, silent=0.0)
    assert spikes.sum(0).tolist() == [[0, 1, 0, 1]]
    assert spike_ranks(spikes).tolist() == [[torch.inf, 0, torch.inf, 1]]
    assert rank_sensitivity(spike_ranks(spikes), modulation=0.5).tolist() == [[0, 1, 0, 0.5]]
    assert rank_order(torch.zeros(1, 4), silent=0.0).sum() == 0


def test_fewer_steps_share_the_ranks_evenly() -> None:
    x = torch.rand(2, 3, 4, generator=seeded())
    spikes = rank_order(x, steps=4)
    assert spikes.shape == (4, 2, 3, 4)
    assert spikes.sum((2, 3)).eq(3).all()
    assert (spike_ranks(spikes).flatten(1).gather(1, ranks(x).flatten(1).argsort(1)).diff(dim=1) >= 0).all()


def test_fewer_values_than_steps_are_no_fault() -> None:
    spikes = rank_order(torch.tensor([[0.0, 0.3, 0.0, 0.9]]), steps=3, silent=0.0)
    assert spikes.nonzero().tolist() == [[0, 0, 1], [0, 0, 3]]  # two of four ranks, which share three steps
    assert rank_order(torch.full((1, 4), 0.5), steps=4).sum(0).eq(1).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_dtype_and_untouched_input(dtype: torch.dtype) -> None:
    x = torch.tensor([[0.5, 0.1, 0.9]], dtype=dtype, requires_grad=True)
    before = x.detach().clone()
    spikes = rank_order(x)
    assert spikes.dtype == dtype and not spikes.requires_grad
    assert torch.equal(x.detach(), before)


def test_ranks_too_late_to_count_warn() -> None:
    with pytest.warns(UserWarning, match=r"rank_sensitivity: 1 of 2 ranks are so late that 0\.35\^rank vanishes"):
        rank_sensitivity([0.0, 800.0], modulation=0.35)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: rank_order(torch.ones(3)), ValueError, r"rank_order: x must have shape \[B, \*N\].*got \(3,\)"),
        (lambda: rank_order(torch.ones(1, 3), steps=4), ValueError, "rank_order: steps must be at most 3, the neurons"),
        (lambda: rank_order(torch.ones(1, 3), steps=1), ValueError, "rank_order: steps must be at least 2, got 1"),
        (lambda: rank_order(torch.ones(1, 3), silent=float("nan")), ValueError, "rank_order: silent must be a number or None"),
        (lambda: rank_order(torch.ones(1, 3), generator=3), TypeError, "rank_order: generator must be a torch.Generator"),
        (lambda: ranks(torch.tensor([[1]])), TypeError, "ranks: x must be floating"),
        (lambda: spike_ranks(torch.ones(3, 2)), ValueError, r"spike_ranks: spikes must have shape \[T, B, \*N\]"),
        (lambda: rank_sensitivity([0.0], modulation=1.0), ValueError, r"modulation must lie in \(0, 1\), got 1\.0"),
        (lambda: rank_sensitivity([-1.0], modulation=0.5), ValueError, "ranks must be 0 or above.*got 1 that are negative or NaN"),
        (
            lambda: rank_response(torch.ones(1, 3), torch.ones(2, 4), modulation=0.5),
            ValueError,
            r"expected order \[B, \*N\] and weights \[C, \*N\].*got \(1, 3\) and \(2, 4\)",
        ),
    ],
)  # fmt: skip
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
