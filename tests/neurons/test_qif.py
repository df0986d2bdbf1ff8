"""QIF: rheobase, frequency against current in closed form, refusals."""

import math

import pytest
import torch

from ranvier.equations import ImpulseInput
from ranvier.neurons import QIF
from ranvier.units import ms, mV, nA


def interval(neuron: QIF, current: float) -> float:
    """Between two spikes, from the solution of the equation by separation of variables."""
    middle = (neuron.v_leak + neuron.v_critical) / 2
    above = neuron.r * current - neuron.a_0 * (neuron.v_critical - neuron.v_leak) ** 2 / 4
    q = math.sqrt(above / neuron.a_0)
    span = math.atan((neuron.v_peak - middle) / q) - math.atan((neuron.v_reset - middle) / q)
    return neuron.tau_mem / (neuron.a_0 * q) * span


CURRENTS = torch.tensor([0.0374, 0.038, 0.04, 0.05, 0.1, 0.2, 0.5], dtype=torch.float64) * nA


@pytest.fixture(scope="module")
def spikes() -> torch.Tensor:
    """1 s of constant current in steps of 0.02 ms: [T, currents]."""
    return QIF(dt=0.02 * ms)(CURRENTS.expand(50_000, 1, -1))[:, 0]


def test_rheobase_is_a_quarter_of_the_parabola(spikes: torch.Tensor) -> None:
    """a_0 (v_critical - v_leak)^2/4 = 3.75 mV, over 100 Mohm: 0.0375 nA."""
    counts = spikes.sum(0)
    assert counts[0] == 0 and (counts[1:] > 0).all()


@pytest.mark.parametrize("k", range(2, len(CURRENTS)))
def test_frequency_against_current_is_the_closed_form(k: int, spikes: torch.Tensor) -> None:
    times = spikes[:, k].nonzero().flatten().double() * 0.02 * ms
    expected = interval(QIF(), CURRENTS[k].item())
    found = (times[-1] - times[0]).item() / (len(times) - 1)
    assert found == pytest.approx(expected, abs=0.02 * ms)  # a spike is seen at the end of its step


def test_the_rate_grows_as_a_root_above_rheobase() -> None:
    """Saddle-node: with peak and reset far away the interval is pi tau/(a_0 q), so rates at 1 and 4 times the distance are 1 : 2."""
    far = QIF(v_peak=50.0, v_reset=-50.0)
    near, above = (interval(far, 0.0375 * nA + d) for d in (1e-3 * nA, 4e-3 * nA))
    assert near / above == pytest.approx(2, rel=1e-3)


def test_it_rests_runs_away_from_the_critical_potential_and_takes_impulses() -> None:
    neuron = QIF(input=ImpulseInput(), backend="eager")
    x = torch.zeros(700, 1, 2, dtype=torch.float64)
    x[0] = torch.tensor([14.0, 16.0]) * mV
    done = neuron.run(x)
    assert done.output.sum(0).flatten().tolist() == [0, 1], "below it falls back, above it fires by itself"
    assert done.state["v"][0, 0].item() == pytest.approx(-65 * mV, abs=0.5 * mV)
    assert neuron.run(0 * x).state["v"].flatten().tolist() == pytest.approx([-65 * mV] * 2, abs=1e-15)


def test_any_stage_stays_finite_above_the_peak() -> None:
    done = QIF(dt=1 * ms, backend="eager").run(torch.full((50, 1, 1), 1e-6))
    assert done.output.mean() > 0.9 and torch.isfinite(done.state["v"]).all()


def test_a_reset_above_the_peak_is_refused() -> None:
    with pytest.raises(ValueError, match=r"QIF: v_peak must lie above v_reset, .*; got v_peak=0, v_reset=0"):
        QIF(v_reset=0.0)
    with pytest.raises(ValueError, match=r"QIF: a_0 must be > 0, got -1"):
        QIF(a_0=-1.0)
