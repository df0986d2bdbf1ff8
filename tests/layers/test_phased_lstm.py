"""PhasedLSTM: its gate, what a closed unit keeps, and the plain LSTM of a gate that is always open."""

import pytest
import torch

import ranvier as rv
from ranvier.layers.phased_lstm import opening


def test_the_gate_has_these_values() -> None:
    times = torch.tensor([0, 0.5, 1, 1.5, 2, 5, 9.9], dtype=torch.float64)
    tau, zero = torch.tensor(10.0, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)
    expected = torch.tensor([0, 0.5, 1, 0.5, 2e-4, 5e-4, 9.9e-4], dtype=torch.float64)
    for period in (0, 30, -70):  # before the shift, too
        torch.testing.assert_close(opening(times + period, tau, zero, 0.2, 1e-3), expected, rtol=0, atol=1e-12)
    shifted = opening(times + 3, tau, zero + 3, 0.2, 1e-3)  # the shift is subtracted
    torch.testing.assert_close(shifted, expected, rtol=0, atol=1e-12)


def test_a_gate_that_is_always_open_leaves_a_plain_lstm() -> None:
    cell, theirs = rv.PhasedLSTM(4, 6, tau=1.0, shift=0.5, r_on=1.0, dt=1.0).double(), torch.nn.LSTM(4, 6).double()
    cell.gates.load_state_dict({key.removesuffix("_l0"): value for key, value in theirs.state_dict().items()})
    x = torch.randn(15, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(cell(x), theirs(x)[0], rtol=0, atol=1e-13)


def test_a_closed_unit_keeps_its_state_bit_by_bit() -> None:
    cell = rv.PhasedLSTM(2, 6, tau=1.0, shift=0.0, r_on=0.4, dt=0.1).eval()
    run = cell.run(torch.randn(10, 3, 2), record=("c", "h"))
    for name in ("c", "h"):
        rows = run.records[name]
        assert all(torch.equal(rows[t], rows[3]) for t in range(4, 9)), "closed from t = 0.4 to 1"
        assert not torch.equal(rows[2], rows[1])
    leaking = cell.train().run(torch.randn(10, 3, 2), record=("h",)).records["h"]
    assert not torch.equal(leaking[8], leaking[4]), "in training the closed gate leaks"


def test_samples_that_meet_a_closed_gate_change_nothing() -> None:
    """Asynchronous sampling: the same signal with more samples between the open phases."""
    cell = rv.PhasedLSTM(2, 6, tau=1.0, shift=0.0, r_on=0.4, dt=1.0).eval()
    x = torch.randn(6, 3, 2)
    sparse = cell(x[[0, 1, 5]], torch.tensor([0.1, 0.1, 0.9]))
    dense = cell(x, torch.tensor([0.1, 0.1, 0.3, 0.2, 0.2, 0.2]))
    torch.testing.assert_close(dense[-1], sparse[-1])


def test_the_clock_is_precise_in_float32() -> None:
    cell = rv.PhasedLSTM(1, 2, r_on=0.9, dt=1e-3)
    state = cell.initial_state((1, 1))
    state["time"] += 1e5
    assert cell.run(torch.zeros(1, 1, 1), state).state["time"].item() == pytest.approx(1e5 + 1e-3, abs=1e-9)


def test_periods_and_shifts_are_drawn_and_learned() -> None:
    cell = rv.PhasedLSTM(2, 500, dt=1e-3, generator=torch.Generator().manual_seed(1))
    steps = cell.tau.detach() / 1e-3
    assert 2.7 < steps.min() < 3.2 and 350 < steps.max() < 404
    assert bool((cell.shift >= 0).all() & (cell.shift <= cell.tau).all())
    cell(torch.randn(40, 2, 2)).square().sum().backward()
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in (cell.log_tau, cell.shift))


def test_too_few_units_leave_holes() -> None:
    with pytest.warns(
        UserWarning, match=r"size=4 and r_on=0.05 no unit is open in 81 % of the time.*Use size=28 or more"
    ):
        rv.PhasedLSTM(3, 4)


def test_what_makes_no_rhythm_is_refused() -> None:
    for tau in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="PhasedLSTM: tau must be > 0"):
            rv.PhasedLSTM(3, 40, tau=tau)
    with pytest.raises(ValueError, match=r"PhasedLSTM: tau has shape \(3,\), expected a number or \(40,\)"):
        rv.PhasedLSTM(3, 40, tau=torch.ones(3))
    for r_on in (0.0, 1.1, -0.2):
        with pytest.raises(ValueError, match=r"r_on must lie in \(0, 1\], the open share of a period"):
            rv.PhasedLSTM(3, 40, r_on=r_on)
    with pytest.raises(ValueError, match=r"alpha must lie in \[0, 1\), got 1"):
        rv.PhasedLSTM(3, 40, alpha=1.0)
