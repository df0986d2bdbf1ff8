"""Operations of a simulated network: counted by hand from its wiring and its spikes."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.energy import count, estimate
from ranvier.energy.count import Count


@pytest.fixture(scope="module")
def simulated() -> tuple[rv.Network, rv.simulation.Run]:
    net = rv.Network(dt=1e-3, seed=4)
    source = net.add(20, rv.PoissonSource(rate=100), "source")
    cells = net.add(10, rv.LIF(r=30.0), "cells")
    net.connect(source, cells, rv.FixedProbability(0.4), weight=0.6, plasticity=rv.PairSTDP(w_max=1.0), name="in")
    net.connect(cells, cells, rv.FixedOutDegree(3), weight=-0.1, name="back")
    net.drive(cells, rate=50, weight=0.1, name="background")
    net.noise(cells, sd=0.01)
    return net, net.run(0.2)


def test_spikes_reach_the_synapses_of_their_neurons(simulated) -> None:
    net, run = simulated
    source, cells = run.populations
    found = count(net, run)
    into, rule, back, drive, population = found.layers
    pre = net.weights(net.projections[0]).pre
    reached = int(np.bincount(pre, minlength=20) @ run.counts(source))
    sent, fired = int(run.counts(source).sum()), int(run.counts(cells).sum())
    assert fired > 10 and (found.samples, found.steps) == (1, 200) and found.footprint > 0
    assert into == Count("in", "synapses", 20, len(pre), sent, reached)
    assert (back.additions, back.synapses, back.events) == (3 * fired, 30, fired)
    assert (rule.name, rule.states) == ("PairSTDP", 3) and rule.updates == reached + round(fired * len(pre) / 10)
    assert (drive.events, drive.additions, drive.synapses) == (100, 100, 10)
    assert (population.updates, population.name) == (2000, "LIF")
    assert (population.adds, population.multiplies) == (3 + 1, 2 + 1), "the noise is drawn into every step"


def test_an_estimate_of_a_run(simulated) -> None:
    net, run = simulated
    assert rv.energy.bits_of(net) == 8
    found = estimate(net, run, bits=4)
    assert (found.samples, found.steps, found.passes) == (1, 200, 1) and found.quantised.numbers == "4 bit"
    assert found.float32.break_even_passes == found.float32.ratios
    assert "PairSTDP" in repr(found) and found.as_dict()["measured"] is False


def test_what_does_not_belong_together_is_refused(simulated) -> None:
    net, run = simulated
    with pytest.raises(
        TypeError, match=r"of a Network give a run of it, got Tensor. Write estimate\(net, net.run\(1.0\)\)"
    ):
        estimate(net, torch.zeros(3, 1, 2))
    other = rv.Network()
    other.add(2, rv.LIF())
    with pytest.raises(ValueError, match="the run is not one of this network"):
        estimate(other, run)
    with pytest.raises(TypeError, match="a run belongs to a Network, got Sequential"):
        estimate(rv.Sequential(rv.Linear(2, 2), rate=None), run)
