"""RateLSTM: values as counts of spikes in two channels, and the plain LSTM of a long window."""

import pytest
import torch

import ranvier as rv
from ranvier.layers.rate_lstm import from_channels, to_channels


@pytest.mark.parametrize("ticks", [1, 4, 7, 16, 100])
def test_a_value_comes_back_within_half_a_spike(ticks: int) -> None:
    """Two channels: within 1/T, and in fact within 1/(2T)."""
    values = torch.linspace(-1, 1, 1001, dtype=torch.float64)
    spikes = to_channels(values, ticks)
    assert spikes.shape == (ticks, 2, 1001) and set(spikes.unique().tolist()) == {0.0, 1.0}
    assert (spikes.sum(0).min(0).values == 0).all(), "a value uses the channel of its sign alone"
    assert (from_channels(spikes) - values).abs().max() <= 0.5 / ticks + 1e-12


def test_spikes_are_spread_over_the_window() -> None:
    quarter = to_channels(torch.tensor([-0.25]), 16)[:, 1, 0]
    assert quarter.nonzero().flatten().diff().tolist() == [4, 4, 4]


def test_values_and_spikes_that_make_no_code_are_refused() -> None:
    with pytest.raises(ValueError, match=r"values must lie in \[-1, 1\], got -0\.5 to 1\.2\. Divide by the largest"):
        to_channels(torch.tensor([-0.5, 1.2]), 8)
    with pytest.raises(ValueError, match="to_channels: ticks must be at least 1, got 0"):
        to_channels(torch.zeros(2), 0)
    with pytest.raises(ValueError, match=r"spikes must be \[ticks, 2, \*N\], got shape \(8, 3\)"):
        from_channels(torch.zeros(8, 3))


def test_a_long_window_is_a_plain_lstm_and_a_short_one_misses_it_by_a_spike_or_two() -> None:
    theirs = torch.nn.LSTM(4, 6).double()
    x = torch.randn(20, 3, 4, dtype=torch.float64)
    expected = theirs(x)[0].detach()
    for ticks in (16, 256, 2**24):
        cell = rv.RateLSTM(4, 6, ticks=ticks).double()
        cell.gates.load_state_dict({key.removesuffix("_l0"): value for key, value in theirs.state_dict().items()})
        assert (cell(x).detach() - expected).abs().max() < 3 * cell.resolution


def test_all_that_it_keeps_is_a_whole_number_of_spikes() -> None:
    run = rv.RateLSTM(3, 20, ticks=8).run(3 * torch.randn(30, 4, 3), record=("c", "h"))
    for value in (run.output, run.records["c"]):
        torch.testing.assert_close(8 * value, (8 * value).round(), rtol=0, atol=1e-5)
    assert run.output.abs().max() <= 1 and run.records["c"].abs().max() <= 4
    assert torch.equal(from_channels(to_channels(run.output[-1], 8)), run.output[-1].detach()), "h can be sent as it is"


def test_a_burst_holds_no_more_than_its_reach() -> None:
    cell = rv.RateLSTM(1, 1, ticks=8, reach=2.0)
    with torch.no_grad():
        for p in cell.parameters():
            p.zero_()
        cell.gates.bias_ih.fill_(20.0)  # every gate open: c grows by one a step
    c = cell.run(torch.zeros(5, 1, 1), record=("c",)).records["c"].flatten()
    assert c.tolist() == [1, 2, 2, 2, 2]


def test_the_gradient_goes_straight_through_the_rounding() -> None:
    coarse, fine = (
        rv.RateLSTM(2, 3, ticks=t, generator=torch.Generator().manual_seed(0)).double() for t in (64, 2**24)
    )
    x = torch.randn(6, 2, 2, dtype=torch.float64, requires_grad=True)
    a, b = (torch.autograd.grad(cell(x).sum(), x)[0] for cell in (coarse, fine))
    assert (a - b).abs().max() < 0.1 * b.abs().max()


def test_the_resolution_is_told_and_what_makes_no_window_is_refused() -> None:
    cell = rv.RateLSTM(3, 4, ticks=20)
    assert cell.resolution == 0.05 and "3, 4, ticks=20, resolution=0.05" in repr(cell)
    with pytest.raises(ValueError, match=r"RateLSTM: ticks must be at least 1, the length of a window, got 0"):
        rv.RateLSTM(3, 4, ticks=0)
    for reach in (0.5, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=r"RateLSTM: reach must be at least 1, the largest \|c\| that a burst"):
            rv.RateLSTM(3, 4, reach=reach)
