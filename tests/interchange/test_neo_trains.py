"""Spike trains of Neo to and from events, and into the simulator."""

import sys

import neo
import numpy as np
import pytest
import quantities as pq
import torch

import ranvier as rv
from ranvier.errors import RanvierError
from ranvier.interchange import from_neo, spike_source, to_neo


def train(times: list[float], start: float = 0.0, stop: float = 10.0) -> neo.SpikeTrain:
    return neo.SpikeTrain(times * pq.ms, t_start=start * pq.ms, t_stop=stop * pq.ms)


def test_events_there_and_back() -> None:
    spikes = rv.Events.from_dense((torch.rand(25, 3, 2, 4, generator=torch.Generator().manual_seed(1)) < 0.1).float())
    segments = to_neo(spikes, 1e-3)
    assert len(segments) == 3 and [len(s.spiketrains) for s in segments] == [8, 8, 8]
    assert segments[1].spiketrains[5].annotations == {"neuron": 5}
    block = neo.Block()
    block.segments.extend(segments)
    for found in (segments, block):
        back = from_neo(found, dt=1e-3)
        assert back.shape == (25, 3, 8) and torch.equal(back.to_dense(), spikes.to_dense().flatten(2))


def test_units_starts_and_spikes_at_the_end() -> None:
    """Times count from the first start; a spike at the very stop has a step of its own."""
    trains = [train([3.0, 3.4, 12.0], 2.0, 12.0), train([], 3.0, 9.0)]
    found = from_neo(trains, dt=1e-3)
    assert found.shape == (11, 1, 2) and found.to_dense()[:, 0, 0].nonzero().flatten().tolist() == [1, 10]
    segment = neo.Segment()
    segment.spiketrains.extend(trains)
    assert from_neo(segment, dt=1e-3) == found
    assert from_neo(trains[0], dt=0.5e-3).to_dense()[:, 0, 0].nonzero().flatten().tolist() == [2, 20]
    assert from_neo(train([]), dt=1e-3).shape == (10, 1, 1)


def test_a_simulation_replays_them() -> None:
    trains = [train([103.0, 105.5], 100.0, 120.0), train([], 100.0, 120.0), train([119.9], 100.0, 120.0)]
    net = rv.Network(dt=1e-3)
    cells = net.add(3, spike_source(trains), "recorded")
    run = net.run(0.02)
    np.testing.assert_allclose(run.spikes(cells)[0], [0.004, 0.006, 0.020])
    assert run.spikes(cells)[1].tolist() == [0, 0, 2]
    again = from_neo(run.to_neo(), dt=1e-3)  # a run tells the ends of steps
    assert again.to_dense()[:, 0].nonzero().tolist() == [[4, 0], [6, 0], [20, 2]]


def test_what_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        TypeError, match="expected a SpikeTrain, Segment or Block of Neo, or a list of trains or segments, got ndarray"
    ):
        from_neo(np.zeros(3), dt=1e-3)
    with pytest.raises(TypeError, match="got list"):
        from_neo([1, 2], dt=1e-3)
    with pytest.raises(ValueError, match="dt must be a positive number of seconds, got 0"):
        from_neo(train([1.0]), dt=0)
    with pytest.raises(ValueError, match="as many spike trains, one a neuron, got 0"):
        from_neo(neo.Segment(), dt=1e-3)
    segments = [neo.Segment(), neo.Segment()]
    segments[0].spiketrains.append(train([1.0]))
    with pytest.raises(ValueError, match="as many spike trains, one a neuron, got 0, 1. Add empty trains"):
        from_neo(segments, dt=1e-3)
    with pytest.raises(ValueError, match="expected the trains of one segment, got 2 segments"):
        spike_source(segments)
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(RanvierError, match=r"pip install 'ranvier\[neuro\]'"):
        to_neo(rv.Events.from_dense(torch.zeros(2, 1, 1)), 1e-3)
