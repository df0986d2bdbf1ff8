"""Rewards: golden vectors, times, and a loop that a user closes."""

import math

import pytest
import torch
from tests.plasticity.protocol import DT, network, plastic, single, states

import ranvier as rv
from ranvier.plasticity import MSTDP, MSTDPET, PairSTDP, RewardSTDP
from ranvier.units import ms

WIDE = {"w_min": -1.0, "w_max": 1.0}
DOPAMINE = RewardSTDP(a_plus=1e-4, tau_plus=20 * ms, **WIDE)
FLORIAN = {
    "tau_plus": 20 * ms,
    "tau_minus": 20 * ms,
    "a_plus": 1.0,
    "a_minus": 1.0,
    "gamma": 0.1,
    "w_min": -9.0,
    "w_max": 9.0,
}


def held(steps: int, at: int = 0, amount: float = 1.0) -> torch.Tensor:
    rewards = torch.zeros(steps, dtype=torch.float64)
    rewards[at] = amount
    return rewards


def test_golden_dopamine():
    """One pair 10 ms apart, a pulse of 0.005 half a second later: 0.005 c0 exp(-0.5) / (1/1000 + 1/200), time in ms. The user gives it when it is due."""
    c0 = 1e-4 * math.exp(-0.5)
    assert 0.005 * c0 * math.exp(-0.5) / (1 / 1000 + 1 / 200) == pytest.approx(3.0656620e-5, rel=1e-7)
    net = network([DOPAMINE], [[0]], [[10]])
    net.run(511 * DT)  # spikes reach synapses in the step after that in which they are sent
    net.reward(0.005)
    net.run(5.5)
    assert net.weights(plastic(net)[0]).weight.item() / ms == pytest.approx(3.0656620e-5, rel=1e-6)


def test_golden_eligibility():
    found = single(MSTDPET(tau_z=25 * ms, **FLORIAN), [5, 20], [10, 18, 30], 40, rewards=held(40))
    assert found.weight.item() == pytest.approx(0.0318169249, abs=5e-11)
    assert found.state["z"].item() * math.exp(1 / 25) * ms == pytest.approx(
        0.0154299811, abs=5e-11
    )  # 1/ms, before it decays


@pytest.mark.thorough
def test_golden_eligibility_in_a_network():
    net = network([MSTDPET(tau_z=25 * ms, **FLORIAN)], [[5, 20]], [[10, 18, 30]])
    net.reward(1.0, at=0.0)
    net.run(41 * DT)
    w, *_, z = states(net)[0]
    assert w == pytest.approx(0.0318169249, abs=5e-11) and z * math.exp(1 / 25) * ms == pytest.approx(
        0.0154299811, abs=5e-11
    )


def test_without_eligibility_only_pairs_under_reward_count():
    """pre 5, post 10: exp(-5/20) while the reward is 1; post 10, pre 20 after it was taken back."""
    rewards = held(40) + held(40, 15, -1.0)
    assert single(MSTDP(**FLORIAN), [5, 20], [10], 40, rewards=rewards).weight.item() == pytest.approx(
        0.1 * math.exp(-5 / 20)
    )
    assert single(MSTDP(**FLORIAN), [5, 20], [10], 40).weight.item() == 0


def test_rewards_can_be_given_for_one_projection_and_ahead_of_time():
    net = network([DOPAMINE, DOPAMINE], [[0]], [[10]])
    one, other = plastic(net)
    net.reward([0.005, 0.001], at=[0.1, 0.2], to=one)
    net.run(0.15)
    early = net.weights(one).weight.item()
    state = net.state()  # the second reward is yet to come, and belongs to the state
    net.run(0.15)
    late = net.weights(one).weight.item()
    assert late > early > 0 == net.weights(other).weight.item()
    net.restore(state).run(0.15)
    assert net.weights(one).weight.item() == late


def test_rewards_that_cannot_be_are_refused():
    net = network([DOPAMINE], [[0]], [[10]])
    net.run(0.05)
    with pytest.raises(ValueError, match=r"at must not lie before now, 0\.05 s, got 0\.01 s"):
        net.reward(1.0, at=0.01)
    with pytest.raises(ValueError, match=r"amount must have shape \(2,\)"):
        net.reward([1.0, 2.0, 3.0], at=[0.1, 0.2])
    with pytest.raises(ValueError, match="has no rule with a modulator"):
        net.reward(1.0, to=net.projections[0])
    plain = rv.Network()
    plain.add(1, rv.LIF())
    with pytest.raises(
        ValueError, match=r"no projection has a rule with a modulator\. Use plasticity=rv\.RewardSTDP\(\)"
    ):
        plain.reward(1.0)


def test_a_mean_of_zero_is_what_the_eligibility_is_given():
    """The eligibility of RewardSTDP is the weight of pair STDP where nothing is forgotten."""
    rule = RewardSTDP(tau_c=math.inf, a_plus=0.01, a_minus=0.012, **WIDE)
    found = single(rule, [10, 30, 50], [15, 28, 55], 70).state["c"].item()
    pair = single(PairSTDP(a_plus=0.01, a_minus=0.012, **WIDE), [10, 30, 50], [15, 28, 55], 70).weight.item()
    assert found == pytest.approx(pair, abs=1e-15) and found == pytest.approx(0.0009545645, abs=5e-11)
