"""Weights that a user changes between runs."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.units import ms


def learner(weight: object = 0.5, seed: int = 1) -> tuple[rv.Network, rv.simulation.Projection]:
    net = rv.Network(dt=1 * ms, seed=seed, dtype=torch.float64)
    source = net.add(20, rv.PoissonSource(40))
    cells = net.add(5, rv.LIF(tau_mem=20 * ms, v_threshold=1.0, input=rv.ImpulseInput()), "cells")
    return net, net.connect(source, cells, weight=weight, plasticity=rv.PairSTDP(w_max=2.0))


def test_incoming_weights_are_scaled_to_a_sum_and_columns_of_nothing_stay():
    start = np.random.default_rng(1).uniform(0.1, 0.9, (20, 5))
    start[:, 3] = 0
    net, projection = learner(start)
    net.normalise(projection, 7.0)
    found = net.weights(projection).matrix(20, 5)
    np.testing.assert_allclose(found.sum(1), [7, 7, 7, 0, 7])
    np.testing.assert_allclose(found[0] / found[0, 0], start[:, 0] / start[0, 0])
    net.normalise(projection, 39.0)  # 20 synapses of at most 2: some are at their bound
    found = net.weights(projection).matrix(20, 5)
    assert found.max() == 2.0 and (found.sum(1) <= 39).all()


def test_what_was_learned_before_counts_and_the_run_goes_on_from_the_new_weights():
    net, projection = learner()
    net.run(0.3)
    learned = net.weights(projection).weight
    assert np.ptp(learned) > 1e-3
    net.set_weights(projection, learned)  # the same: nothing is lost, nothing counted twice
    np.testing.assert_array_equal(net.weights(projection).weight, learned)
    other, same = learner()
    other.run(0.3)
    net.run(0.3)
    other.run(0.3)
    np.testing.assert_allclose(net.weights(projection).weight, other.weights(same).weight, rtol=1e-12)
    net.set_weights(projection, 0.25)
    assert set(net.weights(projection).weight) == {0.25}


def test_what_was_learned_is_what_is_scaled():
    net, projection = learner(np.random.default_rng(2).uniform(0.4, 0.6, (20, 5)))
    net.run(0.3)
    learned = net.weights(projection).matrix(20, 5)
    net.normalise(projection, 7.0)
    found = net.weights(projection).matrix(20, 5)
    np.testing.assert_allclose(found.sum(1), 7)
    np.testing.assert_allclose(found, learned * (7 / learned.sum(1))[:, None], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda n, p: n.set_weights(p, 3.0),
            ValueError,
            r"weights must lie in \[0, 2\], the bounds of its rule, got 3 to 3",
        ),
        (lambda n, p: n.set_weights(p, np.zeros(3)), ValueError, r"weights must have shape \(100,\), got \(3,\)"),
        (lambda n, p: n.set_weights("p", 1.0), TypeError, "the projection must be one of this network, got 'p'"),
        (lambda n, p: n.normalise(p, 0.0), ValueError, "total must be a finite number other than 0, got 0.0"),
        (
            lambda n, p: n.normalise(p, -1.0),
            ValueError,
            r"add up to 10, so their sum cannot become -1\. Change the sign",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    net, projection = learner()
    with pytest.raises(error, match=message):
        call(net, projection)


def test_weights_without_a_rule_stay():
    net = rv.Network()
    a, b = net.add(1, rv.SpikeSource([0.0])), net.add(1, rv.LIF())
    projection = net.connect(a, b)
    with pytest.raises(
        ValueError, match=r"has no plasticity, so its weights stay\. Connect it with plasticity=rv\.PairSTDP\(\)"
    ):
        net.set_weights(projection, 1.0)
