import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.spikes.ranking import first_times, mean_ranks, sensitivity


@settings(deadline=None, max_examples=50)
@given(times=st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_ranks_are_the_mean_over_all_orders_of_equals(times: list[int]) -> None:
    ranks = mean_ranks(torch.tensor([times], dtype=torch.float64))[0]
    for t, rank in zip(times, ranks.tolist(), strict=True):
        assert rank == sum(u < t for u in times) + (times.count(t) - 1) / 2
    assert float(ranks.sum()) == len(times) * (len(times) - 1) / 2


def test_the_silent_have_no_rank_and_rows_are_apart() -> None:
    ranks = mean_ranks(torch.tensor([[math.inf, 3.0, 1.0], [2.0, 2.0, math.inf]]))
    assert ranks.tolist() == [[math.inf, 1, 0], [0.5, 0.5, math.inf]]


def test_sensitivity_halves_from_rank_to_rank_and_is_0_for_the_silent() -> None:
    assert sensitivity(torch.tensor([0.0, 1.0, 2.0, math.inf]), 0.5).tolist() == [1, 0.5, 0.25, 0]


def test_first_times() -> None:
    spikes = torch.zeros(4, 3)
    spikes[1:, 0] = 1
    spikes[0, 1] = 1
    assert first_times(spikes).tolist() == [1, 0, math.inf]
    assert first_times(spikes.bool()).tolist() == [1, 0, math.inf]
