"""Weights and traces of plastic synapses over time."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.simulation import room
from ranvier.units import ms


def learner() -> tuple[rv.Network, rv.simulation.Projection]:
    net = rv.Network(dt=1 * ms, seed=1, dtype=torch.float64)
    source = net.add(20, rv.PoissonSource(40), "source")
    cells = net.add(5, rv.LIF(tau_mem=20 * ms, v_threshold=1.0, input=rv.ImpulseInput()), "cells")
    return net, net.connect(source, cells, weight=0.5, plasticity=rv.PairSTDP(w_max=2.0))


def test_samples_are_the_weights_of_their_time_and_looking_changes_nothing():
    net, projection = learner()
    net.record(projection, "weight", every=50 * ms)
    run = net.run(0.32)
    times, weights = run.trace(projection, "weight")
    np.testing.assert_allclose(times, np.arange(1, 7) * 0.05)
    assert weights.shape == (6, 100) and np.ptp(weights[-1]) > 1e-3
    other, same = learner()
    seen = [(other.run(0.05), other.weights(same).weight)[1] for _ in range(6)]
    np.testing.assert_array_equal(weights, seen)
    plain, _ = learner()
    unseen = plain.run(0.32)
    np.testing.assert_array_equal(run.steps, unseen.steps)
    np.testing.assert_array_equal(run.neurons, unseen.neurons)


def test_any_cut_of_a_run_gives_the_same_samples_of_some_synapses_and_of_traces():
    whole, pieces = learner(), learner()
    for net, projection in (whole, pieces):
        net.record(projection, "weight", every=100 * ms)
        net.record(projection, "weight", every=20 * ms, synapses=[3, 99])  # in place of the first
        net.record(projection, "x")
    one = whole[0].run(0.25)
    two = [pieces[0].run(t) for t in (0.013, 0.127, 0.11)]
    for state, shape in (("weight", (12, 2)), ("x", (2, 100))):
        expected = one.trace(whole[1], state)
        assert expected[1].shape == shape
        for k in range(2):
            np.testing.assert_array_equal(np.concatenate([r.trace(pieces[1], state)[k] for r in two]), expected[k])
    assert one.trace(whole[1], "x")[1].max() > 0


def test_a_record_that_has_no_room_is_refused_and_a_large_one_is_said(monkeypatch: pytest.MonkeyPatch):
    net, projection = learner()
    net.record(projection, "weight", every=1 * ms)
    monkeypatch.setattr(room, "SMALL", 0)
    monkeypatch.setattr(room, "available", lambda: 4e4)
    words = r"the records of this run need 8e-05 GB, most of it weight of source -> cells: 100 samples of 100 numbers; 4e-05 GB are available\. Record fewer"
    with pytest.raises(MemoryError, match=words):
        net.run(0.1)
    assert net.time == 0
    monkeypatch.setattr(room, "available", lambda: None)
    monkeypatch.setattr(room, "LARGE", 1e3)
    with pytest.warns(
        UserWarning,
        match=r"need 8e-06 GB, most of it weight of source -> cells: 10 samples of 100 numbers\. Record fewer",
    ):
        net.run(0.01)


def test_what_cannot_be_recorded_is_refused():
    net, projection = learner()
    static = net.connect(*net.populations)
    with pytest.raises(ValueError, match=r"#1 has no plasticity, so its weights stay"):
        net.record(static, "weight")
    with pytest.raises(ValueError, match=r"have no wieght; did you mean weight\?\. They have: weight, x"):
        net.record(projection, "wieght")
    with pytest.raises(TypeError, match=r"cells has neurons, not synapses\. Write neurons="):
        net.record(net.populations[1], "v", synapses=[1])
    net.record(projection, "weight", synapses=[100])
    with pytest.raises(ValueError, match=r"has 100 synapses, so synapses must lie in 0\.\.99, got 100"):
        net.run(0.1)
