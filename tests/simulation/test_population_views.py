"""Some neurons of a population: connected, recorded, counted."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.simulation import PopulationView
from ranvier.units import ms

DT = 1e-4


def two() -> tuple[rv.Network, rv.simulation.Population, rv.simulation.Population]:
    net = rv.Network(dt=DT, seed=3, dtype=torch.float64)
    source = net.add(40, rv.SpikeSource(np.full(40, 0.5 * DT), np.arange(40)), "source", excitatory=True)
    return net, source, net.add(30, rv.LIF(dt=DT, input=rv.ImpulseInput()), "cells")


def test_views_count_their_neurons_and_say_who_they_are():
    _, source, cells = two()
    view = cells[::10]
    assert (view.n, len(view), view.name, view.neurons.tolist()) == (3, 3, "cells[::10]", [0, 10, 20])
    assert repr(view).startswith("<cells[::10]: 3 of 30 x LIF(")
    assert cells[:10][2:].neurons.tolist() == list(range(2, 10)) and cells[:10][2:].name == "cells[:10][2:]"
    assert cells[-5:].neurons.tolist() == [25, 26, 27, 28, 29] and cells[7].neurons.tolist() == [7]
    mask = np.zeros(30, bool)
    mask[[4, 9]] = True
    assert cells[mask] == cells[[4, 9]] == cells[4:10:5] and hash(cells[mask]) == hash(cells[[4, 9]])
    assert cells[[4, 9]].name == "cells[4..9: 2 neurons]" and cells[:3] != cells[:4] and cells[:3] != source[:3]
    assert [v.neurons.item() for v in cells[:3]] == [0, 1, 2] and len(list(cells)) == 30


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (slice(5, 5), IndexError, r"cells\[5:5\]: there is no neuron in it; cells has 30"),
        (slice(0, 31), IndexError, r"cells\[0:31\]: it has 30 neurons, so 31 is out of range\. Write cells\[:30\]"),
        (slice(None, None, -1), IndexError, r"cells\[::-1\]: the step must be 1 or more"),
        (30, IndexError, r"cells\[30\]: it has 30 neurons, 0 to 29"),
        ([], IndexError, "there is no neuron in it. Choose one at least"),
        ([1, 30], IndexError, r"neurons must lie in 0\.\.29, got 1 to 30"),
        ([3, 1], IndexError, r"neurons must rise, each once\. Use np\.unique"),
        (np.ones(29, bool), IndexError, "a mask must have one entry a neuron, 30, got 29"),
        ("a", TypeError, "expected a slice, whole numbers or a mask, got 'a'"),
    ],
)
def test_views_of_nothing_and_out_of_range_are_refused(index, error, words):
    with pytest.raises(error, match=words):
        two()[2][index]


def test_a_view_is_connected_as_a_population_of_its_size_would_be():
    net, source, cells = two()
    sender, taker = source[5:35:3], cells[[2, 3, 29]]
    matrix = np.arange(1.0, 31.0).reshape(10, 3)
    projections = [
        net.connect(sender, taker, weight=matrix, delay=3 * DT),
        net.connect(source[:30], cells, rv.OneToOne(), weight=1.0),
        net.connect(sender, taker, rv.FixedProbability(0.4), weight=1.0),
        net.connect(sender, taker, rv.FixedInDegree(4), weight=1.0),
        net.connect(sender, taker, rv.Pairs([9, 0, 9], [0, 1, 2]), weight=[1.0, 2.0, 3.0]),
    ]
    assert projections[0].name == "source[5:35:3] -> cells[2..29: 3 neurons]"
    assert "AllToAll() within 5..32 (10, sum 185) to 2..29 (3, sum 34)" in repr(projections[0])
    found = net.weights(projections[0]).matrix(40, 30)
    np.testing.assert_array_equal(found[np.ix_(taker.neurons, sender.neurons)], matrix.T)
    assert np.count_nonzero(found) == 30
    assert [c.pattern.expected(40, 30) for c in projections] == [30, 30, 12, 12, 3]
    one = net.weights(projections[1])
    np.testing.assert_array_equal(one.pre, one.post)
    for projection in projections[2:]:
        assert set(net.weights(projection).pre) <= set(sender.neurons)
        assert set(net.weights(projection).post) <= set(taker.neurons)
    assert np.bincount(net.weights(projections[3]).post, minlength=30)[taker.neurons].tolist() == [4, 4, 4]
    pairs = net.weights(projections[4])
    assert sorted(zip(pairs.pre.tolist(), pairs.post.tolist(), pairs.weight, strict=True)) == [
        (5, 3, 2),
        (32, 2, 1),
        (32, 29, 3),
    ]


def test_only_its_synapses_are_reached_and_a_run_tells_of_it_alone():
    net, source, cells = two()
    net.connect(source[:4], cells[10:14], rv.OneToOne(), weight=2.0, delay=2 * DT)
    net.record(cells[::2], "v")
    net.record(cells[1:3], "v")
    run = net.run(1 * ms)
    assert run.spikes(cells)[1].tolist() == [10, 11, 12, 13]
    assert run.spikes(cells[12:])[1].tolist() == [0, 1] and run.counts(cells[12:15]).tolist() == [1, 1, 0]
    assert run.rate(cells[10:12]) == pytest.approx(1000) and [len(t) for t in run.trains(cells[9:11])] == [0, 1]
    times, v = run.trace(cells[[4, 8]], "v")  # of those that were recorded with others
    np.testing.assert_array_equal(v, run.trace(cells[::2], "v")[1][:, [2, 4]])
    assert run.trace(cells[1:3], "v")[1].shape == (10, 2) == (len(times), 2)
    with pytest.raises(ValueError, match=r"v of cells\[1:4\] was not recorded, but cells\[::2\]\.v, cells\[1:3\]\.v"):
        run.trace(cells[1:4], "v")


def test_states_and_currents_of_some_neurons():
    net = rv.Network(dt=DT, seed=1, dtype=torch.float64)
    cells = net.add(6, rv.LIF(dt=DT), "cells").inject(0.25).initialize(v=0.5)
    cells[1:3].initialize(v=[0.1, 0.2]).inject([0.5, 0.75])
    cells[5].initialize(v=rv.simulation.Uniform(0.8, 0.9))
    net.build()
    v = net.state()["cells.v"]
    assert v[:5].tolist() == [0.5, 0.1, 0.2, 0.5, 0.5] and 0.8 < v[5] < 0.9
    assert cells.current.tolist() == [0.25, 0.5, 0.75, 0.25, 0.25, 0.25]
    with pytest.raises(
        TypeError,
        match=r"cells: a current that changes in time goes to a whole population\. Inject rv\.Timed\(values \[T, 6\]",
    ):
        cells[:2].inject(rv.Timed([1.0], 1))
    fresh = rv.Network().add(3, rv.LIF(), "others")
    fresh[:1].initialize(v=0.5)
    fresh.initialize(v=0.1)  # for all, after
    assert fresh.some_starts == []
    with pytest.raises(ValueError, match=r"others: LIF has no state w\. It has: v"):
        fresh[:1].initialize(w=1.0)


def test_what_takes_populations_alone_says_so():
    net, source, cells = two()
    for call in (net.drive, net.noise):
        with pytest.raises(TypeError, match=r"takes whole populations, got <cells\[:3\]: 3 of 30"):
            call(cells[:3], 1.0, 1.0)
    with pytest.raises(
        ValueError, match=r"cells\[:3\] is a source|source\[:3\] is a source, so nothing can be connected to it"
    ):
        net.connect(cells, source[:3])
    with pytest.raises(TypeError, match="pre must be a population of this network"):
        net.connect(two()[1][:3], cells)
    assert isinstance(cells[:3], PopulationView) and cells[:3].model is cells.model and cells[:3].positions is None
