"""RateIF: the closed form of its rate, and the golden numbers of resets and starts."""

import math

import pytest
import torch

import ranvier as rv
from ranvier.conversion import RateIF


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("start", "steps"), [(0.5, 1), (0.5, 8), (0.5, 100), (0.25, 8), (0.0, 8)])
def test_a_constant_input_gives_the_rounded_rate_exactly(dtype: torch.dtype, start: float, steps: int) -> None:
    """floor((T a + start)/threshold) spikes, clipped to [0, T], for any input and threshold."""
    threshold = 1.7
    a = torch.linspace(-0.3, 2.3, 261, dtype=dtype)
    x = (a * threshold).expand(steps, 1, 261)
    spikes = RateIF(v_threshold=threshold, v_start=start * threshold, backend="eager")(x).sum(0)[0]
    exact = [max(0, min(steps, math.floor(steps * float(v) + start + 1e-5))) for v in a]
    assert spikes.tolist() == exact


@pytest.mark.parametrize(("start", "rates"), [(0.5, (0.375, 0.875)), (0.0, (0.25, 0.875))])
def test_golden_rates_in_eight_steps(start: float, rates: tuple[float, float]) -> None:
    x = torch.tensor([0.37, 0.9]).expand(8, 1, 2)
    assert tuple(RateIF(v_start=start, backend="eager")(x).mean(0)[0].tolist()) == rates


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_hard_reset_counts_too_few(dtype: torch.dtype) -> None:
    """0.37 for 100 steps: soft 37, which rounding does not take away; hard 33."""
    x = torch.full((100, 1, 1), 0.37, dtype=dtype)
    assert int(RateIF(v_start=0.0, backend="eager")(x).sum()) == 37
    assert int(RateIF(v_start=0.0, reset=rv.ToValue(), backend="eager")(x).sum()) == 33


def test_the_rate_is_within_a_step_of_any_changing_input() -> None:
    """r(T) = mean(z) - (v(T) - v(0))/(T threshold), so inputs that stay in [0, 1] on the whole are kept to 1/T."""
    z = torch.rand(200, 1, 50)
    run = RateIF(backend="eager").run(z, record=("v",))
    expected = z.mean(0) - (run.state["v"] - 0.5) / 200
    torch.testing.assert_close(run.output.mean(0), expected, atol=1e-5, rtol=0)


def test_it_starts_where_it_is_told_and_is_an_if_otherwise() -> None:
    assert float(RateIF(v_start=0.3).initial_state((1, 1))["v"]) == pytest.approx(0.3)
    assert isinstance(RateIF(), rv.IF) and RateIF().options.reset == rv.Subtract()
