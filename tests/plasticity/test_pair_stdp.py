"""Pair STDP and its relatives: golden vectors, windows, bounds, refusals."""

import math

import pytest
import torch
from tests.plasticity.protocol import DT, dense, network, plastic, single

from ranvier.plasticity import (
    AntiSTDP,
    CentredSTDP,
    NearestSTDP,
    PairSTDP,
    PreFirst,
    RestrictedSTDP,
    TsodyksMarkramSTDP,
    train,
)
from ranvier.units import ms

GOLDEN = {PairSTDP: 0.0009545645, NearestSTDP: 0.0047892102, RestrictedSTDP: 0.0047179666}
PRE, POST = [10, 30, 50], [15, 28, 55]


def change(rule, pre, post, weight=0.5):
    return single(rule, pre, post, 70, weight).weight.item() - weight


@pytest.mark.parametrize("scheme", GOLDEN)
def test_golden_of_the_pairing_schemes(scheme):
    assert change(scheme(a_plus=0.01, a_minus=0.012), PRE, POST) == pytest.approx(GOLDEN[scheme], abs=5e-11)


def test_golden_of_the_pairing_schemes_in_a_network():
    net = network([scheme(a_plus=0.01, a_minus=0.012) for scheme in GOLDEN], [PRE], [POST], weight=0.5)
    net.run(70 * DT)
    found = [net.weights(p).weight.item() - 0.5 for p in plastic(net)]
    assert found == pytest.approx(list(GOLDEN.values()), abs=5e-11)


def test_centred_pairs_each_presynaptic_spike_with_its_neighbours():
    """pre 10 with post 15; pre 30 with 28 and 55; pre 50 with 28, the last one before it, and 55."""
    up = math.exp(-5 / 20) + math.exp(-25 / 20) + math.exp(-5 / 20)
    down = math.exp(-2 / 20) + math.exp(-22 / 20)
    assert change(CentredSTDP(a_plus=0.01, a_minus=0.012), PRE, POST) == pytest.approx(
        0.01 * up - 0.012 * down, abs=1e-12
    )


def test_pre_before_post_strengthens_and_the_effect_decays_exponentially():
    """s = t_post - t_pre: positive, ever smaller with distance, for s > 0; negative for s < 0; a ratio of exp(-10/20) for 10 ms more, not 10/20."""
    rule = PairSTDP()
    assert change(rule, [10], [20]) > 0 > change(rule, [20], [10])
    for order in (1, -1):
        near, far = (change(rule, *([10], [10 + s])[::order]) for s in (10, 20))
        assert far / near == pytest.approx(math.exp(-10 / 20), rel=1e-9)
    assert change(rule, [10], [10]) == 0


def test_a_pair_in_one_step_is_potentiation_where_asked():
    assert change(PairSTDP(simultaneous=PreFirst()), [10], [10]) == pytest.approx(0.01)


def test_anti_stdp_is_stdp_with_its_sign_exchanged():
    for pre, post in ((PRE, POST), (POST, PRE)):
        assert change(AntiSTDP(a_minus=0.02), pre, post) == pytest.approx(
            -change(PairSTDP(a_minus=0.02), pre, post), abs=1e-15
        )
    soft = AntiSTDP(mu_plus=1.0, mu_minus=1.0)
    assert change(soft, [10], [15], 0.8) == pytest.approx(-0.01 * 0.8 * math.exp(-5 / 20))
    assert change(soft, [15], [10], 0.8) == pytest.approx(0.0105 * 0.2 * math.exp(-5 / 20))


def test_soft_bounds_slow_down_and_hard_bounds_stop():
    soft, hard = PairSTDP(mu_plus=1.0, mu_minus=1.0), PairSTDP(a_plus=0.3, a_minus=0.4)
    assert change(soft, [10], [15], 0.9) == pytest.approx(0.01 * 0.1 * math.exp(-5 / 20))
    assert change(soft, [15], [10], 0.9) == pytest.approx(-0.0105 * 0.9 * math.exp(-5 / 20))
    assert change(hard, [10], [15], 0.9) == pytest.approx(0.1) and change(hard, [15], [10], 0.1) == pytest.approx(-0.1)
    free = PairSTDP(a_plus=0.3, a_minus=0.4, w_min=-math.inf, w_max=math.inf)
    assert change(free, [10], [15], 0.9) == pytest.approx(0.3 * math.exp(-5 / 20))


@pytest.mark.parametrize("rule", [PairSTDP, AntiSTDP])
def test_a_soft_bound_at_infinity_is_refused(rule):
    mu = "mu_plus" if rule is PairSTDP else "mu_minus"
    with pytest.raises(ValueError, match="a soft bound, mu = 1, needs a finite w_max, got inf"):
        rule(w_max=math.inf, **{mu: 1.0})


def test_what_strengthens_every_synapse_is_warned_of():
    with pytest.warns(UserWarning, match=r"a_minus tau_minus = 0\.0001 s is below a_plus tau_plus = 0\.0002 s"):
        PairSTDP(a_minus=0.005)
    NearestSTDP(a_minus=0.005)
    PairSTDP(a_minus=0.005, mu_plus=1.0)


def test_online_is_offline():
    """All spike times known, each pair counted once: the sum that traces give step by step (additive, far from the bounds)."""
    g = torch.Generator().manual_seed(1)
    pre, post = (torch.rand(120, 1, n, generator=g, dtype=torch.float64) < 0.05 for n in (5, 4))
    pre, post = pre.double(), post.double()
    rule = PairSTDP(tau_minus=30 * ms, w_min=-10.0, w_max=10.0)
    online = train(torch.zeros(4, 5, dtype=torch.float64), pre, post, rule, DT).weight
    s = (torch.arange(120)[:, None] - torch.arange(120)).double()  # t_post - t_pre, [T, T]
    window = torch.where(s > 0, 0.01 * torch.exp(-s / 20), 0) - torch.where(s < 0, 0.0105 * torch.exp(s / 30), 0)
    torch.testing.assert_close(online, torch.einsum("tj,tu,ui->ji", post[:, 0], window, pre[:, 0]), rtol=0, atol=1e-12)


def test_short_term_plasticity_leaves_the_pairs_alone():
    both = TsodyksMarkramSTDP(a_plus=0.01, a_minus=0.012)
    assert change(both, PRE, POST) == pytest.approx(GOLDEN[PairSTDP], abs=5e-11)
    with pytest.raises(ValueError, match=r"U must lie in \(0, 1\], got 1\.5"):
        TsodyksMarkramSTDP(U=1.5)


def test_a_pattern_of_spikes_is_learned_by_the_layer_that_sees_it():
    pre, post = dense(40, [[10], [20]]), dense(40, [[15]])
    weight = train(torch.full((1, 2), 0.5, dtype=torch.float64), pre, post, PairSTDP(), DT).weight
    assert weight[0, 0] > 0.5 > weight[0, 1]
