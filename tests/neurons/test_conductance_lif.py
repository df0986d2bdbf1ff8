"""ConductanceLIF: closed form, bounds, shunting, sign of the input, refusals, a network that keeps itself going."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.equations import Clamp, CurrentInput, Euler
from ranvier.neurons import ConductanceLIF
from ranvier.units import ms, mV, nA, nS

F64 = torch.float64


def started(neuron: ConductanceLIF, size: tuple[int, ...] = (1, 1), **values: float) -> dict[str, torch.Tensor]:
    state = neuron.initial_state(size, torch.empty(0, dtype=F64))
    return state | {k: torch.full(size, v, dtype=F64) for k, v in values.items()}


def test_a_held_conductance_pulls_to_the_mean_of_the_reversal_potentials() -> None:
    """V_inf = (g_leak v_leak + g_exc v_exc)/G, reached with time constant c_mem/G."""
    neuron = ConductanceLIF(tau_exc=1e6, v_threshold=1.0, backend="eager")
    g, steps = 5 * nS, 70
    done = neuron.run(torch.zeros(steps, 1, 1, dtype=F64), started(neuron, g_exc=g))
    total, target = 15 * nS, 10 * nS * -60 * mV / (15 * nS)
    expected = target + (-60 * mV - target) * math.exp(-steps * 0.1 * ms * total / neuron.c_mem)
    assert done.state["v"].item() == pytest.approx(expected, rel=1e-6)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**31 - 1), size=st.floats(0.1, 1e6))
def test_the_membrane_stays_between_the_reversal_potentials(seed: int, size: float) -> None:
    neuron = ConductanceLIF(v_threshold=1.0, backend="eager")
    x = size * nS * torch.randn((40, 2, 3), generator=torch.Generator().manual_seed(seed), dtype=F64)
    v = neuron.run(x, record=("v",)).records["v"]
    assert v.min() >= -80 * mV - 1e-12 and v.max() <= 1e-12


def test_euler_leaves_those_bounds() -> None:
    neuron = ConductanceLIF(v_threshold=1e6, integrator=Euler(), backend="eager")
    x = torch.zeros(3, 1, 1, dtype=F64)
    x[0] = 1e5 * nS
    assert neuron.run(x).state["v"].abs().item() > 0.1


def test_shunting_inhibition_leaves_rest_and_shrinks_a_response() -> None:
    """v_inh = v_leak: the response to a small constant g_exc shrinks by G/(G + g_inh)."""
    neuron = ConductanceLIF(v_inh=-60 * mV, tau_exc=1e6, tau_inh=1e6, v_threshold=1.0, dt=1 * ms, backend="eager")
    x = torch.zeros(200, 1, 1, dtype=F64)
    alone, shunted = (
        neuron.run(x, started(neuron, g_exc=0.01 * nS, g_inh=g)).state["v"].item() + 60 * mV for g in (0.0, 10 * nS)
    )
    assert neuron.run(x, started(neuron, g_inh=10 * nS)).state["v"].item() == pytest.approx(-60 * mV, abs=1e-12)
    assert shunted / alone == pytest.approx(10.01 / 20.01, rel=1e-3)


def test_the_sign_of_an_impulse_names_the_conductance_and_none_becomes_negative() -> None:
    neuron = ConductanceLIF(backend="eager")
    done = neuron.run(torch.tensor([2.0, -3.0], dtype=F64).view(1, 1, 2) * nS)
    assert done.state["g_exc"].flatten().tolist() == pytest.approx([2 * nS, 0], abs=1e-20)
    assert done.state["g_inh"].flatten().tolist() == pytest.approx([0, 3 * nS], abs=1e-20)
    assert (done.state["v"] == -60 * mV).all(), "it reaches the membrane from the next step on"
    up, down = neuron.run(torch.zeros(1, 1, 2, dtype=F64), done.state).state["v"].flatten().tolist()
    assert down < -60 * mV < up


def test_a_current_may_be_injected_instead() -> None:
    """No conductance: a LIF of tau = 20 ms, T = tau ln((RI)/(RI - 10 mV)), R = 100 Mohm."""
    neuron = ConductanceLIF(input=CurrentInput(), backend="eager")
    times = neuron(torch.full((500, 1, 1), 0.2 * nA, dtype=F64)).flatten().nonzero().flatten()
    assert (times[0].item() + 1) * 0.1 == pytest.approx(20 * math.log(2), abs=0.1)


def test_contradictory_parameters_are_refused_or_warned_of() -> None:
    with pytest.raises(ValueError, match=r"ConductanceLIF: v_threshold must lie above v_reset"):
        ConductanceLIF(v_reset=-50 * mV)
    with pytest.raises(ValueError, match=r"ConductanceLIF: g_leak must be > 0"):
        ConductanceLIF(g_leak=0.0)
    with pytest.warns(
        UserWarning, match=r"v_inh lies above v_threshold, so inhibition makes the neuron fire\. Lower v_inh"
    ):
        ConductanceLIF(v_inh=-40 * mV)


@torch.no_grad()
def test_a_network_keeps_itself_going() -> None:
    """Vogels and Abbott's net of 3,200 and 800 neurons, 2 % connected, 6 and 67 nS: irregular activity without any input."""
    g = torch.Generator().manual_seed(0)
    n, excitatory, degree = 4000, 3200, 80
    targets = torch.randint(n, (n, degree), generator=g)
    neuron = ConductanceLIF(refractory=Clamp(5 * ms), backend="eager")
    state = neuron.initial_state((1, n))
    state["v"] += 5 * mV * (torch.randn((1, n), generator=g) - 1)
    state["g_exc"] += nS * (4 + 1.5 * torch.randn((1, n), generator=g)).clamp(min=0) * 10
    state["g_inh"] += nS * (20 + 12 * torch.randn((1, n), generator=g)).clamp(min=0) * 10
    silence, total = torch.zeros(1, n), torch.zeros(n)
    for step in range(1000):
        spikes, state = neuron.step(silence, state)
        if step >= 500:
            total += spikes[0]
        fired = spikes[0].nonzero().flatten()
        for name, chosen, weight in (("g_exc", fired < excitatory, 6 * nS), ("g_inh", fired >= excitatory, 67 * nS)):
            hit = targets[fired[chosen]].flatten()
            state[name] = state[name].index_put((torch.zeros_like(hit), hit), torch.tensor(weight), accumulate=True)
    rate = total.mean().item() / 0.05
    assert 5 < rate < 50
    assert float((total > 0).float().mean()) > 0.2 and total.max() <= 10, (
        "many take part; 10 is what 5 ms of rest after a spike allow"
    )
