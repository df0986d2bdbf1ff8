"""EIF: rheobase, frequency against an integral, the LIF as a limit, refusals."""

import math

import pytest
import scipy.integrate
import torch

from ranvier.equations import ImpulseInput
from ranvier.neurons import EIF
from ranvier.units import ms, mV, nA


def interval(neuron: EIF, current: float) -> float:
    """Integral of dv/(dv/dt) from reset to peak."""

    def slowness(v: float) -> float:
        upswing = neuron.delta_t * math.exp((v - neuron.v_t) / neuron.delta_t)
        return neuron.tau_mem / (neuron.v_leak - v + upswing + neuron.r * current)

    return scipy.integrate.quad(slowness, neuron.v_reset, neuron.v_peak, epsrel=1e-10, limit=200)[0]


CURRENTS = torch.tensor([0.399, 0.401, 0.45, 0.8, 2.0], dtype=torch.float64) * nA


@pytest.fixture(scope="module")
def spikes() -> torch.Tensor:
    """1 s of constant current in steps of 0.02 ms: [T, currents]."""
    return EIF(dt=0.02 * ms)(CURRENTS.expand(50_000, 1, -1))[:, 0]


def test_rheobase_is_where_leak_and_upswing_touch(spikes: torch.Tensor) -> None:
    """(v_t - v_leak - delta_t)/r = 8 mV/20 Mohm = 0.4 nA."""
    counts = spikes.sum(0)
    assert counts[0] == 0 and (counts[1:] > 0).all()


@pytest.mark.parametrize("k", range(2, len(CURRENTS)))
def test_frequency_against_current_is_the_integral(k: int, spikes: torch.Tensor) -> None:
    times = spikes[:, k].nonzero().flatten().double() * 0.02 * ms
    found = (times[-1] - times[0]).item() / (len(times) - 1)
    assert found == pytest.approx(interval(EIF(), CURRENTS[k].item()), abs=0.02 * ms)


def test_a_sharp_upswing_is_a_lif() -> None:
    """delta_t -> 0: T = tau ln((r i - (v_reset - v_leak))/(r i - (v_t - v_leak)))."""
    neuron = EIF(delta_t=0.002 * mV, v_peak=-54.95 * mV)
    drive = 0.02  # r i
    expected = neuron.tau_mem * math.log((drive - 5 * mV) / (drive - 10 * mV))
    assert interval(neuron, drive / neuron.r) == pytest.approx(expected, rel=0.01)


def test_the_peak_hardly_changes_the_time_of_a_spike() -> None:
    assert interval(EIF(v_peak=-35 * mV), 0.8 * nA) == pytest.approx(interval(EIF(), 0.8 * nA), abs=1e-6)


def test_it_rests_and_takes_impulses() -> None:
    neuron = EIF(input=ImpulseInput(), backend="eager")
    x = torch.zeros(600, 1, 2, dtype=torch.float64)
    x[0] = torch.tensor([10.0, 15.0]) * mV
    done = neuron.run(x)
    assert done.output.sum(0).flatten().tolist() == [0, 1]
    rest = neuron.run(0 * x).state["v"].flatten()
    assert (rest - neuron.v_leak).abs().max() < 0.02 * mV, "the exponential is small at rest, not zero"


def test_any_stage_stays_finite_above_the_peak() -> None:
    done = EIF(dt=1 * ms, v_peak=40 * mV, backend="eager").run(torch.full((50, 1, 1), 1e-6))
    assert done.output.mean() > 0.9 and torch.isfinite(done.state["v"]).all()


def test_contradictory_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"EIF: v_peak must lie above v_reset"):
        EIF(v_reset=-30 * mV)
    with pytest.raises(
        ValueError, match=r"EIF: \(v_peak - v_t\)/delta_t must not exceed 50, got 250: .*Lower v_peak; from v_t \+ 10"
    ):
        EIF(delta_t=0.1 * mV)
    with pytest.raises(ValueError, match=r"EIF: delta_t must be > 0, got 0"):
        EIF(delta_t=0.0)
    with pytest.raises(ValueError, match=r"EIF: dt must not exceed tau_mem"):
        EIF(dt=13 * ms)
