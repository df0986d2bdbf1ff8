"""The kernels of a `Network` against the rule's own text, called with tensors; and against themselves: threads, cuts, checkpoints."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.plasticity.protocol import DT, dense, network, plastic, states

import ranvier as rv
from ranvier import plasticity
from ranvier.kernels.cpu.plasticity import SPAN
from ranvier.plasticity import PreFirst, Rule, train
from ranvier.simulation import engine

STEPS = 1200
LATE = SPAN - 1024  # of networks that begin here every synapse is looked at once without a spike
RULES = [
    plasticity.AntiSTDP(mu_plus=1.0, mu_minus=0.5),
    plasticity.NearestSTDP(),
    plasticity.RestrictedSTDP(simultaneous=PreFirst()),
    plasticity.CentredSTDP(),
    plasticity.TripletSTDP(a2_plus=1e-3, a3_minus=1e-3),
    plasticity.InhibitorySTDP(rate=27.0, sign=1.0, w_min=0.0, w_max=1.0),
    plasticity.DiehlCookSTDP(),
    plasticity.TsodyksMarkram(),
    plasticity.TsodyksMarkramSTDP(a_plus=0.1, a_minus=0.12),
    plasticity.MSTDP(),
    plasticity.MSTDPET(),
    plasticity.Clopath(theta_minus=-1.0, theta_plus=0.3, a_ltd=1e-2, a_ltp=1e-2, spike=0.1),
    plasticity.ABS(theta_minus=0.2, theta_plus=0.4, a=1.0, b=3.0),
    plasticity.BCM(),
    plasticity.GradedBCM(eta=1e-2, tau_theta=0.05),
]
FEW = [
    plasticity.PairSTDP(mu_plus=1.0, mu_minus=0.5),
    plasticity.RewardSTDP(a_plus=1.0, a_minus=1.2, w_min=-20.0, w_max=20.0),
]
SLOW = plasticity.Clopath(theta_minus=-1.0, theta_plus=0.3, a_ltd=1e-3, a_ltp=1e-3, spike=0.1, w_min=-20.0, w_max=20.0)
REWARDS = [(100, 0.5), (101, -0.2), (200, 0.3)]


def spikes(n: int, rate: float, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [np.flatnonzero(rng.random(STEPS - 2) < rate).tolist() for _ in range(n)]


def made(
    rule: Rule,
    weight: object = 0.5,
    delay: object = DT,
    post: int = 3,
    dtype: torch.dtype = torch.float64,
    first: int = 0,
) -> rv.Network:
    """first: the step in which it begins, as if nothing had happened before."""
    sent = [
        [[first + t for t in own] for own in spikes(n, rate, seed)] for n, rate, seed in ((4, 0.06, 1), (post, 0.05, 2))
    ]
    net = network([], *sent, dtype=dtype)
    source, _, cells = net.populations
    net.connect(source, cells, weight=weight, delay=delay, plasticity=rule)
    if rule.declared.modulators:
        net.reward([amount for _, amount in REWARDS], at=[(first + step) * DT for step, _ in REWARDS])
    state = net.state()
    return net.restore(state | {"step": np.array(first), "visits": state["visits"] + 2 * first})


def agree(rule: Rule, first: int = 0) -> None:
    net = made(rule, first=first)
    net.record(net.populations[2], "v")
    run = net.run(STEPS * DT)
    v = torch.as_tensor(run.trace(net.populations[2], "v")[1])[:, None]
    pre, post = (torch.roll(dense(STEPS, spikes(n, r, s)), 1, 0) for n, r, s in ((4, 0.06, 1), (3, 0.05, 2)))
    rewards = torch.zeros(STEPS, dtype=torch.float64)
    for step, amount in REWARDS:
        rewards[step] = amount
    records = {"v": v} if rule.reads() else None
    if rule.declared.traces and rule.reads():
        # a trace that follows v starts where v starts, at 0
        records = {"v": torch.cat([torch.zeros_like(v[:1]), v])}
        pre, post, rewards = (torch.cat([torch.zeros_like(x[:1]), x]) for x in (pre, post, rewards))
    found = train(torch.full((3, 4), 0.5, dtype=torch.float64), pre, post, rule, DT, rewards=rewards, records=records)
    w = net.weights(plastic(net)[0])
    assert np.ptp(w.weight) > 1e-4 or type(rule) is plasticity.TsodyksMarkram
    np.testing.assert_allclose(w.matrix(4, 3), found.weight.numpy(), rtol=0, atol=1e-9)
    mine, order = states(net), (w.post, w.pre)
    for j, k in enumerate(rule.declared.traces):
        np.testing.assert_allclose(mine[:, 1 + j], found.state[k][0].numpy()[order], rtol=1e-8, atol=1e-9, err_msg=k)


@pytest.mark.parametrize("rule", FEW, ids=lambda r: type(r).__name__)
def test_a_network_does_what_the_text_of_the_rule_says(rule):
    agree(rule)


def test_and_where_histories_begin_anew():
    agree(FEW[0], first=LATE)


@pytest.mark.thorough
@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_a_network_does_what_the_text_of_any_rule_says(rule):
    agree(rule, first=LATE)


def unchanged(rule: Rule, steps: int, cut: int, path: Path, monkeypatch: pytest.MonkeyPatch, first: int = 0) -> None:
    """One thread and one run, against three threads, then, in another network, two."""

    def fresh() -> rv.Network:
        weight, delay = rv.simulation.Uniform(0.2, 0.8), rv.simulation.Uniform(3 * DT, 6 * DT)
        return made(rule, weight=weight, delay=delay, post=300, first=first)

    def told(net: rv.Network, *runs: rv.Run) -> tuple:
        state = net.state()
        return (
            [np.concatenate([getattr(r, k) for r in runs]) for k in ("steps", "neurons")],
            net.weights(plastic(net)[0]).weight,
            state,
        )

    whole = fresh()
    expected = told(whole, whole.run(steps * DT))
    assert np.ptp(expected[1]) > 0.1
    threads = torch.get_num_threads()
    monkeypatch.setattr(engine, "WORTH", 0)
    try:
        torch.set_num_threads(3)
        one = fresh()
        a = one.run(cut * DT)
        one.weights(plastic(one)[0])  # looking changes nothing
        one.save(path / "state.npz")
        torch.set_num_threads(2)
        second = fresh().load(path / "state.npz")
        (when, neurons), weights, state = told(second, a, second.run((steps - cut) * DT))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(when, expected[0][0])
    np.testing.assert_array_equal(neurons, expected[0][1])
    np.testing.assert_array_equal(weights, expected[1])
    assert [k for k in state if not np.array_equal(state[k], expected[2][k])] == []


@pytest.mark.parametrize("rule", FEW, ids=lambda r: type(r).__name__)
def test_threads_cuts_and_a_file_change_no_bit(rule, tmp_path, monkeypatch):
    unchanged(rule, 300, 123, tmp_path, monkeypatch)


@pytest.mark.thorough
@pytest.mark.parametrize("cut", [1024, 1100])
@pytest.mark.parametrize("rule", [*FEW, SLOW], ids=lambda r: type(r).__name__)
def test_threads_cuts_and_a_file_change_no_bit_where_histories_end(rule, cut, tmp_path, monkeypatch):
    unchanged(rule, STEPS, cut, tmp_path, monkeypatch, first=LATE)


@pytest.mark.thorough
def test_what_short_term_plasticity_releases_arrives():
    """Three spikes 50 ms apart, as `ShortTermPlasticity` releases them: 0.5000, 0.3091, 0.1510."""
    net = network([plasticity.TsodyksMarkram()], [[0, 50, 100]], [[]], weight=1.0)
    cells = net.populations[2]
    net.record(cells, "v")
    v = net.run(0.11).trace(cells, "v")[1][:, 0]
    assert v[[1, 51, 101]] == pytest.approx([0.5, 0.3091, 0.1510], abs=5e-5)


def test_a_state_with_foreign_rewards_is_refused():
    net = made(FEW[1])
    state = net.state()
    with pytest.raises(ValueError, match="rewards do not belong"):
        net.restore(state | {"reward.modulator": np.array([0, 0, 5])})
