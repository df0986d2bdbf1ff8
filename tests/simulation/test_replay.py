"""New spikes for a source of a network that has been built."""

import numpy as np
import pytest
import torch

import ranvier as rv

DT = 1e-4


def built(times=(), neurons=()):
    net = rv.Network(dt=DT, dtype=torch.float64)
    one = net.add(3, rv.SpikeSource(list(times), np.array(neurons, int)), "one")
    other = net.add(2, rv.SpikeSource([4.5 * DT], [1]), "other")
    cells = net.add(3, rv.LIF(dt=DT, input=rv.ImpulseInput()), "cells")
    net.connect(one, cells, rv.OneToOne(), weight=2.0, delay=2 * DT)
    return net, one, other, cells


def test_a_replayed_input_does_what_the_same_input_does_from_the_start():
    times, neurons = np.array([2.5, 0.5, 7.5]) * DT, [0, 1, 2]
    fresh, net = built(times, neurons)[0], built([1.5 * DT], [2])[0]
    net.replay(net.populations[0], times, neurons)
    a, b = fresh.run(15 * DT), net.run(15 * DT)
    np.testing.assert_array_equal(a.steps, b.steps)
    np.testing.assert_array_equal(a.neurons, b.neurons)
    assert a.counts(fresh.populations[2]).tolist() == [1, 1, 1]


def test_one_network_takes_one_input_after_another():
    net, one, other, cells = built()
    rest = net.state()
    for neuron in (2, 0, 1):
        net.restore(rest)
        net.replay(one, [0.5 * DT], [neuron])
        run = net.run(10 * DT)
        assert run.spikes(cells)[1].tolist() == [neuron]
        assert len(run.spikes(other)[0]) == 1  # what other sources replay stays
    net.replay(one, [net.time + 0.5 * DT], [1])
    assert net.run(10 * DT).spikes(cells)[1].tolist() == [1]


def test_a_run_is_played_again_a_step_later_unless_dt_is_subtracted():
    net = built([0.5 * DT, 3.5 * DT], [0, 2])[0]
    run = net.run(10 * DT)
    times, neurons = run.spikes(net.populations[0])
    np.testing.assert_allclose(times, [DT, 4 * DT])
    for shift, steps in ((0.0, [1, 4]), (DT, [0, 3])):
        again = built(times - shift, neurons)[0]
        found = again.run(10 * DT)
        np.testing.assert_array_equal(found.steps[found.neurons < 3], steps)


def test_replay_refuses_what_is_past_and_what_replays_nothing():
    net, one, _, cells = built()
    net.run(10 * DT)
    with pytest.raises(ValueError, match=r"must not lie before now, 0\.001 s, got 0\.0005 s"):
        net.replay(one, [5 * DT], [0])
    with pytest.raises(TypeError, match="cells replays no spikes"):
        net.replay(cells, [1.0])


def test_recorded_events_are_a_source():
    dense = (torch.rand(40, 2, 5, generator=torch.Generator().manual_seed(0)) < 0.2).float()
    events = rv.Events.from_dense(dense)
    net = rv.Network(dt=1e-3)
    source = net.add(events.neurons, rv.SpikeSource(*events.to_times(1e-3)[1]), "recorded")
    run = net.run(0.04)
    found = torch.zeros(40, 5)
    found[run.steps, run.neurons] = 1
    assert torch.equal(found, dense[:, 1]) and source.n == 5
    with pytest.raises(TypeError, match=r"got Events\. Write rv\.SpikeSource\(\*events\.to_times\(dt\)\[0\]\)"):
        rv.SpikeSource(events)
