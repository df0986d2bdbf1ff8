"""HodgkinHuxley: rest, spikes against SciPy's LSODA, onset of repetitive firing, anode break, singular points, conventions, refusals."""

import numpy as np
import pytest
import scipy.integrate
import torch

from ranvier.equations import ExponentialMidpoint, ModelError, RungeKutta4, Subtract
from ranvier.neurons import HodgkinHuxley
from ranvier.units import cm, mS, ms, mV, uA

F64 = torch.float64
DENSITY = uA / cm**2


def right_hand_side(_: float, y: np.ndarray, current: float) -> list[float]:
    """The equations in mV, ms, mS/cm^2, uA/cm^2, written for the modern convention."""
    v, m, h, n = y
    am, an = (0.1 * (v + 40) / -np.expm1(-(v + 40) / 10), 0.01 * (v + 55) / -np.expm1(-(v + 55) / 10))
    bm, bn = 4 * np.exp(-(v + 65) / 18), 0.125 * np.exp(-(v + 65) / 80)
    ah, bh = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
    ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.387)
    return [current - ionic, am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n]


def reference(current: float, duration: float) -> np.ndarray:
    """Times of the upward crossings of 0 mV [ms] from rest."""

    def crossing(_: float, y: np.ndarray, __: float) -> float:
        return y[0]

    crossing.direction = 1
    rest = [-65, 0.0529324853, 0.5961207535, 0.3176769141]
    return scipy.integrate.solve_ivp(
        right_hand_side, (0, duration), rest, "LSODA", args=(current,), events=crossing, rtol=1e-9, atol=1e-11
    ).t_events[0]


CURRENTS = (5.0, 6.2, 6.5, 10.0, 20.0)


@pytest.fixture(scope="module")
def second() -> list[torch.Tensor]:
    """Spike times [ms] in 1 s of each constant current."""
    x = torch.tensor(CURRENTS, dtype=F64) * DENSITY
    spikes = HodgkinHuxley()(x.expand(40_000, 1, -1))[:, 0]
    return [(spikes[:, k].nonzero().flatten() + 1) * 0.025 for k in range(len(CURRENTS))]


def test_gates_at_rest() -> None:
    start = HodgkinHuxley().initial_state((1, 1), torch.empty(0, dtype=F64))
    assert {k: round(v.item(), 4) for k, v in start.items()} == {
        "v": -0.065, "m": 0.0529, "h": 0.5961, "n": 0.3177, "waiting": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize("current", [6.5, 10.0, 20.0])
def test_spike_times_are_those_of_lsoda(current: float, second: list[torch.Tensor]) -> None:
    """Within 0.05 ms over 200 ms at dt = 0.025 ms, of which 0.025 is the grid."""
    expected = reference(current, 200)
    found = second[CURRENTS.index(current)]
    found = found[found < 200].numpy()
    assert len(found) == len(expected) >= 10
    assert np.abs(found - expected).max() < 0.05


def test_counts_and_the_jump_to_repetitive_firing(second: list[torch.Tensor]) -> None:
    """Class 2: a spike or a few below the onset, about 50 Hz at once above it."""
    assert [len(times) for times in second][:2] == [1, 3]
    assert len(second[3]) == 69 and len(second[4]) == 87
    rates = [1e3 / times.diff()[5:].mean().item() for times in second[2:]]
    assert rates == pytest.approx([55.2, 68.4, 86.7], abs=0.3), "known to three digits of a first-order scheme"


def test_anode_break() -> None:
    """Release from hyperpolarisation fires."""
    x = torch.zeros(2400, 1, 1, dtype=F64)
    x[200:1200] = -10 * DENSITY
    times = HodgkinHuxley()(x).flatten().nonzero().flatten() * 0.025
    assert len(times) == 1 and 30 < times[0] < 40


@pytest.mark.parametrize("u", [-40.0, -55.0])
def test_the_rates_have_no_hole(u: float) -> None:
    """0/0 of alpha_m at -40 mV and of alpha_n at -55 mV; their gradient too."""
    neuron = HodgkinHuxley(backend="eager", learn=("v_rest",)).double()
    start = neuron.initial_state((1, 3), torch.empty(0, dtype=F64))
    start["v"] = (torch.tensor([[u - 1e-7, u, u + 1e-7]], dtype=F64) * mV).requires_grad_()
    after = neuron.run(torch.zeros(1, 1, 3, dtype=F64), start).state
    for gate in ("m", "n"):
        assert torch.isfinite(after[gate]).all()
        assert (after[gate] - after[gate].mean()).abs().max() < 1e-9
    (slope,) = torch.autograd.grad(after["m"].sum() + after["n"].sum(), start["v"])
    assert torch.isfinite(slope).all() and (slope - slope.mean()).abs().max() < 1e-4 * slope.abs().max()


def test_one_crossing_is_one_spike() -> None:
    run = HodgkinHuxley(backend="eager").run(torch.full((250, 1, 1), 20 * DENSITY, dtype=F64), record=("v", "waiting"))
    above = (run.records["v"] >= 0).sum()
    assert run.output.sum() == 1 and above > 20, "a comparison at each step would count it many times"
    waiting = run.records["waiting"].flatten()
    first = int(run.output.flatten().nonzero()[0])
    back = int((run.records["v"].flatten()[first:] <= -20 * mV).nonzero()[0]) + first
    assert waiting[first:back].eq(1).all() and waiting[:first].eq(0).all() and waiting[back:].eq(0).all()


def test_the_convention_of_1952_is_a_shift() -> None:
    shifted = HodgkinHuxley(
        v_rest=0.0, e_na=115 * mV, e_k=-12 * mV, e_leak=10.613 * mV, v_threshold=65 * mV, v_rearm=45 * mV
    )
    now, then = (n.run(torch.full((2000, 1, 1), 15 * DENSITY, dtype=F64)) for n in (HodgkinHuxley(), shifted))
    assert torch.equal(now.output, then.output) and now.output.sum() == 4
    torch.testing.assert_close(now.state["v"] + 65 * mV, then.state["v"], rtol=0, atol=1e-9)


def test_units_are_those_of_a_paper() -> None:
    neuron = HodgkinHuxley(g_na=120 * mS / cm**2)
    assert neuron.g_na == HodgkinHuxley().g_na == pytest.approx(1200)  # S/m^2
    assert neuron.c_mem == pytest.approx(0.01) and 10 * DENSITY == pytest.approx(0.1)
    assert int(HodgkinHuxley(g_na=0.0, backend="eager")(torch.full((100, 1, 1), 0.3)).sum()) == 0, "no sodium, no spike"


def test_the_exponential_midpoint_is_stable_and_near() -> None:
    method = ExponentialMidpoint()
    times = (
        HodgkinHuxley(integrator=method)(torch.full((2000, 1, 1), 10 * DENSITY, dtype=F64)).flatten().nonzero() * 0.025
    )
    assert times.flatten().tolist() == pytest.approx(reference(10.0, 50).tolist(), abs=0.1)
    wild = 1e4 * DENSITY * torch.randn((300, 1, 8), generator=torch.Generator().manual_seed(0), dtype=F64)
    state = HodgkinHuxley(integrator=method, dt=0.1 * ms)(wild), HodgkinHuxley(backend="eager").run(wild).state["v"]
    assert all(torch.isfinite(v).all() for v in state)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"dt": 1 * ms}, ValueError, r"HodgkinHuxley: dt must not exceed 0\.05 ms with RungeKutta4\(\), got dt=0\.001 s\. Write dt=0\.025"),
        ({"dt": 0.1 * ms}, ValueError, r"dt must not exceed 0\.05 ms .* or integrator=ExponentialMidpoint\(\)"),
        ({"dt": 0.2 * ms, "integrator": ExponentialMidpoint()}, ValueError, r"must not exceed 0\.1 ms, got dt=0\.0002 s\. Write dt=0\.025"),
        ({"v_rearm": 0.0}, ValueError, r"v_rearm must lie below v_threshold, or one crossing counts as many spikes"),
        ({"g_k": -1.0}, ValueError, r"HodgkinHuxley: g_k must be >= 0, got -1"),
        ({"reset": Subtract()}, ModelError, r"HodgkinHuxley cannot reset by subtraction"),
    ],
)  # fmt: skip
def test_what_makes_no_neuron_is_refused(options: dict, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        HodgkinHuxley(**options)
    assert isinstance(HodgkinHuxley().options.integrator, RungeKutta4)
