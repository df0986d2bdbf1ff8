"""AdEx: golden spike times and counts, rheobase, refusals."""

import math

import pytest
import torch

from ranvier.equations import Euler, ImpulseInput
from ranvier.neurons import AdEx
from ranvier.units import ms, mV, nA, nS, pA, pF

# c_mem pF, g_leak nS, v_leak, v_t, delta_t mV, tau_w ms, a nS, b pA, v_reset, v_peak mV; current pA -> spikes in 600 ms
NAUD = {
    "tonic": ((200, 10, -70, -50, 2, 30, 2, 0, -58, 0), 500, 62),
    "adaptation": ((200, 12, -70, -50, 2, 300, 2, 60, -58, 0), 500, 12),
    "initial burst": ((130, 18, -58, -50, 2, 150, 4, 120, -50, 0), 400, 12),
    "regular bursting": ((200, 10, -58, -50, 2, 120, 2, 100, -46, 0), 210, 11),
    "delayed accelerating": ((200, 12, -70, -50, 2, 300, -10, 0, -58, 0), 300, 46),
    "delayed regular bursting": ((100, 10, -65, -50, 2, 90, -10, 30, -47, 0), 110, 32),
    "transient": ((100, 10, -65, -50, 2, 90, 10, 100, -47, 0), 180, 1),
}
BRETTE = ((281, 30, -70.6, -50.4, 2, 144, 4, 80.5, -70.6, 20), 1000, 5)
UNITS = {
    "c_mem": pF, "g_leak": nS, "v_leak": mV, "v_t": mV, "delta_t": mV, "tau_w": ms, "a": nS, "b": pA, "v_reset": mV,
    "v_peak": mV,
}  # fmt: skip


@pytest.fixture(scope="module")
def spikes() -> dict[str, torch.Tensor]:
    """Spike times [ms] of all patterns of Naud et al. and of the parameters of 2005, one neuron each in one run."""
    table = torch.tensor([numbers for numbers, _, _ in [*NAUD.values(), BRETTE]], dtype=torch.float64).T
    given = {name: row * unit for row, (name, unit) in zip(table, UNITS.items(), strict=True)}
    x = (torch.tensor([current for _, current, _ in [*NAUD.values(), BRETTE]], dtype=torch.float64) * pA).repeat(
        60_000, 1, 1
    )
    x[:2000, :, -1] = 0
    x[12_000:, :, -1] = 0
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # constants of each neuron are kept in the default type
    try:
        fired = AdEx(**given, integrator=Euler(), dt=0.01 * ms)(x)[:, 0]
    finally:
        torch.set_default_dtype(before)
    return {name: fired[:, k].nonzero().flatten() * 0.01 for k, name in enumerate([*NAUD, "2005"])}


def test_golden_spike_times(spikes: dict[str, torch.Tensor]) -> None:
    """Parameters of Brette and Gerstner (2005), which are the defaults, 1 nA from 20 to 120 ms."""
    given = {name: AdEx().parameter_value(name) / unit for name, unit in UNITS.items()}
    assert tuple(given.values()) == pytest.approx(BRETTE[0])
    assert spikes["2005"].tolist() == pytest.approx([31.82, 45.45, 61.32, 79.95, 101.86], abs=0.011)


@pytest.mark.parametrize("name", NAUD)
def test_golden_counts_of_firing_patterns(name: str, spikes: dict[str, torch.Tensor]) -> None:
    assert len(spikes[name]) == NAUD[name][2]


def test_signatures_of_firing_patterns(spikes: dict[str, torch.Tensor]) -> None:
    gaps = {name: times.diff() for name, times in spikes.items()}
    assert gaps["tonic"][20:].max() / gaps["tonic"][20:].min() < 1.01
    assert (gaps["adaptation"].diff() > -0.1).all() and gaps["adaptation"][-1] > 2 * gaps["adaptation"][0]
    assert spikes["delayed accelerating"][0] > 20 and gaps["delayed accelerating"][0] > gaps["delayed accelerating"][-1]
    assert gaps["regular bursting"].max() > 5 * gaps["regular bursting"].min()
    assert gaps["initial burst"][0] < 10 < gaps["initial burst"][-1]


def test_bursting_parameters_of_2005_may_reset_above_the_threshold() -> None:
    neuron = AdEx(tau_w=20 * ms, b=500 * pA, v_reset=(-50.4 + 5) * mV)
    times = neuron(torch.full((3000, 1, 1), 1.5 * nA, dtype=torch.float64)).flatten().nonzero().flatten() * 0.1
    gaps = times.diff()
    assert len(times) > 6 and gaps.max() > 4 * gaps.min()


def test_rheobase_is_the_closed_form() -> None:
    """Saddle-node: (g_leak + a)(v_t - v_leak - delta_t + delta_t ln(1 + a/g_leak)), a/g_leak < tau_m/tau_w; a = 0: EIF's."""
    for a in (0.0, 1 * nS):
        neuron = AdEx(a=a)
        assert a / neuron.g_leak < neuron.c_mem / neuron.g_leak / neuron.tau_w
        span = neuron.v_t - neuron.v_leak - neuron.delta_t + neuron.delta_t * math.log1p(a / neuron.g_leak)
        rheobase = (neuron.g_leak + a) * span
        x = rheobase * torch.tensor([0.99, 1.01], dtype=torch.float64)
        ramp = torch.linspace(0, 1, 5000, dtype=torch.float64).clamp(max=0.5).view(-1, 1, 1) * 2  # slow: no overshoot
        assert (neuron(ramp * x).sum(0).flatten() > 0).tolist() == [False, True]


def test_it_rests_and_takes_impulses() -> None:
    neuron = AdEx(input=ImpulseInput(), backend="eager")
    x = torch.zeros(400, 1, 2, dtype=torch.float64)
    x[0] = torch.tensor([15.0, 30.0]) * mV
    done = neuron.run(x)
    assert done.output.sum(0).flatten().tolist() == [0, 1]
    assert neuron.run(0 * x).state["v"][0, 0].item() == pytest.approx(-70.6 * mV, abs=0.01 * mV)


def test_the_upswing_does_not_reach_the_adaptation() -> None:
    """Whatever the step: a spike adds b to w, not a times a membrane that overflowed."""
    neuron = AdEx(a=20 * nS, dt=1 * ms, backend="eager")
    done = neuron.run(torch.full((100, 1, 1), 2 * nA, dtype=torch.float64), record=("w",))
    assert done.output.sum() > 2 and done.records["w"].abs().max() < 5 * nA


def test_contradictory_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"AdEx: v_peak must lie above v_reset"):
        AdEx(v_peak=-71 * mV)
    with pytest.raises(ValueError, match=r"AdEx: \(v_peak - v_t\)/delta_t must not exceed 50, got 70\.4"):
        AdEx(delta_t=1 * mV)
    with pytest.raises(ValueError, match=r"AdEx: dt must not exceed tau_w"):
        AdEx(tau_w=0.05 * ms)
