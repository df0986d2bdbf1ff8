"""ConductanceLIF: closed form, bounds, shunting, sign of the input, refusals, a network that keeps itself going."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.equations import BlockInput, Clamp, CurrentInput, Euler
from ranvier.neurons import LIF, ConductanceLIF
from ranvier.synapses import ConductanceSynapse
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


def test_two_ports_raise_both_conductances_in_one_step() -> None:
    """Against a loop that raises both states; a sum of signed impulses is another thing."""
    g = torch.Generator().manual_seed(4)
    excitatory, inhibitory = (
        (torch.rand(30, 2, 3, generator=g, dtype=F64) < p).double() * nS * w for p, w in ((0.5, 9), (0.2, 5))
    )
    neuron = ConductanceLIF(dt=0.5 * ms, refractory=Clamp(1 * ms), backend="eager")
    run = neuron.run_ports(excitatory, inhibitory, record=("v", "g_inh"))
    state, spikes, rows = neuron.initial_state((2, 3), excitatory), [], []
    for e, i in zip(excitatory, inhibitory, strict=True):
        spike, state = neuron.step(e, state)
        state = {**state, "g_inh": state["g_inh"] + i}
        spikes.append(spike)
        rows.append((state["v"], state["g_inh"]))
    assert torch.equal(run.output, torch.stack(spikes)) and run.output.sum() > 3
    for k, name in enumerate(("v", "g_inh")):
        torch.testing.assert_close(run.records[name], torch.stack([row[k] for row in rows]), rtol=1e-12, atol=1e-22)
        assert torch.equal(run.state[name], run.records[name][-1])
    assert not torch.equal(neuron(excitatory - inhibitory), run.output), "there they cancel"
    half = neuron.run_ports(excitatory[:13], inhibitory[:13])
    rest = neuron.run_ports(excitatory[13:], inhibitory[13:], half.state)
    assert torch.equal(torch.cat([half.output, rest.output]), run.output)


def test_each_port_is_a_conductance_synapse_on_a_lif() -> None:
    x = 2 * nS * (torch.rand(60, 1, 4, dtype=F64) < 0.3).double()
    silent = torch.zeros_like(x)
    neuron = ConductanceLIF(backend="eager")
    lif = {"tau_mem": 20 * ms, "r": 1 / (10 * nS), "v_leak": -60 * mV, "v_threshold": -50 * mV, "v_reset": -60 * mV}
    for ports, tau, v_rev in (((x, silent), 5 * ms, 0.0), ((silent, x), 10 * ms, -80 * mV)):
        alone = ConductanceSynapse.onto(LIF)(tau=tau, v_rev=v_rev, dt=0.1 * ms, backend="eager", **lif)
        v, expected = neuron.run_ports(*ports, record=("v",)), alone.run(x, record=("v",))
        assert torch.equal(v.output, expected.output)
        torch.testing.assert_close(v.records["v"], expected.records["v"], rtol=0, atol=1e-12)


def test_a_gradient_reaches_both_ports() -> None:
    excitatory, inhibitory = (torch.full((8, 1, 1), s * nS, dtype=F64, requires_grad=True) for s in (2, 1))
    v = ConductanceLIF(v_threshold=1.0, backend="eager").run_ports(excitatory, inhibitory, record=("v",)).records["v"]
    up, down = torch.autograd.grad(v[-1].sum(), (excitatory, inhibitory))
    assert (up[:-1] > 0).all() and (down[:-1] < 0).all() and up[-1] == down[-1] == 0


def test_ports_that_cannot_be_are_refused() -> None:
    x, neuron = torch.full((3, 1, 2), 1 * nS), ConductanceLIF(backend="eager")
    with pytest.raises(
        ValueError,
        match=r"run_ports: inhibitory impulses open conductances and must be >= 0, got a minimum of -1e-09 S",
    ):
        neuron.run_ports(x, -x)
    with pytest.raises(ValueError, match=r"excitatory has shape \(3, 1, 2\), inhibitory \(3, 1, 1\)"):
        neuron.run_ports(x, x[:, :, :1])
    for options in ({"input": CurrentInput()}, {"refractory": BlockInput(2 * ms)}):
        with pytest.raises(
            ValueError, match=r"ConductanceLIF\.run_ports: ports take impulses, and all of them; got input="
        ):
            ConductanceLIF(backend="eager", **options).run_ports(x, x)


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
