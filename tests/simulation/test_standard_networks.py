"""The standard networks: sizes, synapses and weights of their definitions, and what small ones do."""

from typing import Any

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.errors import BadFileError
from ranvier.simulation import Population, networks
from ranvier.simulation.networks.celegans import CONNECTIONS, MUSCLES, SENSORY, names
from ranvier.simulation.networks.izhikevich import HalfSteps, Izhikevich2003
from ranvier.simulation.networks.microcircuit import CHANCES, NEURONS, synapses
from ranvier.simulation.networks.synfire import SynfireLIF
from ranvier.units import mV, nS


def expected(net: rv.Network) -> float:
    return sum(c.pattern.expected(c.pre.n, c.post.n) for c in net.projections)


def model(population: Population) -> Any:
    return population.model


def test_vogels_abbott_networks() -> None:
    net, (e, i) = networks.coba()
    assert (e.n, i.n) == (3200, 800) and expected(net) == pytest.approx(320_000)
    assert {c.weight for c in net.projections} == {6 * nS, -67 * nS} and e.current == 200e-12
    net, (e, i) = networks.cuba(w_inh=13.95 * mV)
    assert {c.weight for c in net.projections} == {1.62 * mV, -13.95 * mV} and model(e).v_leak == -49 * mV
    net, (e, i) = networks.hh_coba(n_exc=80, n_inh=20)
    assert sorted(e.starts) == ["g_conductance", "g_conductance2", "v"] and isinstance(model(e), rv.TraubMiles)


def test_brunel() -> None:
    net, (e, i) = networks.brunel(g=6, eta=4)
    assert (e.n, i.n) == (10_000, 2_500) and expected(net) == pytest.approx(15.625e6)
    assert net.drives[0].rate == pytest.approx(40_000) and net.projections[1].weight == pytest.approx(-0.6 * mV)


def test_microcircuit() -> None:
    assert sum(
        round(synapses(CHANCES[k, j], NEURONS[j], NEURONS[k])) for k in range(8) for j in range(8)
    ) == pytest.approx(298_880_969, abs=40)
    net, layers = networks.microcircuit(scale=0.1, thalamus=True)
    assert [p.n for p in layers[:8]] == [2068, 583, 2192, 548, 485, 106, 1440, 295] and layers[8].n == 902
    assert sum(c.pattern.expected(0, 0) for c in net.projections if c.pre is not layers[8]) == pytest.approx(
        2_988_810, rel=1e-4
    )
    assert net.projections[0].weight.mean == pytest.approx(87.81e-12 / 0.1**0.5)
    assert {c.name: c.weight.mean / net.projections[0].weight.mean for c in net.projections}[
        "L4E -> L2/3E"
    ] == pytest.approx(2)
    full, _ = networks.microcircuit(poisson=False)
    assert not full.drives and full.populations[0].current == pytest.approx(0.5e-3 * 8 * 1600 * 87.81e-12)
    assert networks.microcircuit().populations[0].current == 0
    with pytest.raises(ValueError, match=r"microcircuit: scale must lie in \(0, 1\], got 2"):
        networks.microcircuit(scale=2)


def test_the_worm(tmp_path) -> None:
    with pytest.raises(BadFileError, match="is no file. Give the folder of the OpenWorm tables"):
        networks.celegans()
    tables = {
        CONNECTIONS: "origin,target,type,number_of_connections,neurotransmitter\n"
        "A,B,Send,3,Glutamate\nB,C,Send,2,GABA\nA,C,GapJunction,9,Generic_GJ\nC,A,Send,1,Acetylcholine\nD,B,Send,1,GABA\n",
        MUSCLES: "neuron,muscle\nC,M1\nA,M1\n",
        SENSORY: "neuron,landmark\nA,Sensory\n",
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
    folder = str(tmp_path)
    assert names(folder) == {"sensory": ["A"], "inter": ["B", "D"], "motor": ["C"]}
    net, populations = networks.celegans(folder=folder, weight=1 * mV)
    assert [p.n for p in populations] == [1, 2, 1] and expected(net) == 4
    found = {c.name: np.asarray(c.weight).tolist() for c in net.projections}
    assert found["inter -> motor"] == pytest.approx([-2 * mV]) and found["sensory -> inter"] == pytest.approx([3 * mV])
    (tmp_path / MUSCLES).write_text("muscle\nM1\n")
    with pytest.raises(BadFileError, match="lacks the column neuron"):
        networks.celegans(folder=folder)


def test_izhikevich_step_is_that_of_the_script() -> None:
    cell = Izhikevich2003(dt=1e-3, v_start=-65 * mV, backend="eager")
    v, u = -65.0, -13.0
    current = 12.0
    run = cell.run(torch.full((30, 1, 1), current, dtype=torch.float64), record=("v", "u"))
    spikes = 0
    for t in range(30):
        for _ in range(2):
            v += 0.5 * (0.04 * v * v + 5 * v + 140 - u + current)
        u += 0.02 * (0.2 * v - u)
        if v >= 30:
            v, u, spikes = -65.0, u + 8, spikes + 1
        assert float(run.records["v"][t]) * 1e3 == pytest.approx(v, rel=1e-9)
        assert float(run.records["u"][t]) == pytest.approx(u, rel=1e-9)
    assert spikes == int(run.output.sum()) > 0 and HalfSteps() == HalfSteps()


def test_izhikevich_network() -> None:
    net, (e, i) = networks.izhikevich(seed=3)
    weights = net.projections[1].weight
    assert expected(net) == 1e6 and (weights.low, weights.high) == (-1.0, 0.0)
    assert net.drives[0].deviation * 1e-3**-0.5 == pytest.approx(5.0)
    assert float(model(e).c.max()) <= -50 * mV and float(model(i).a.min()) >= 19.9


def test_synfire_packet_and_chain() -> None:
    net, (*groups, packet) = networks.synfire(groups=3, spikes=85, seed=1)
    assert [g.n for g in groups] == [100] * 3 and packet.n == 85
    assert np.std(model(packet).times) == pytest.approx(1e-3, rel=0.3) and np.mean(
        model(packet).times
    ) == pytest.approx(50e-3, abs=5e-4)
    assert [c.pre.name for c in net.projections] == ["packet", "group 1", "group 2"]
    cell = SynfireLIF(backend="eager")  # Euler, by hand
    v, x, y = -70e-3, 0.0, 0.0
    state = cell.run(torch.zeros(20, 1, 1, dtype=torch.float64)).state
    for _ in range(20):
        v, x, y = v + 1e-4 * (-70e-3 - v + x) / 10e-3, x + 1e-4 * (y - x) / 0.325e-3, y + 1e-4 * (25.27 - y / 0.325e-3)
    assert (
        float(state["v"]) == pytest.approx(v)
        and float(state["y"]) == pytest.approx(y)
        and float(state["x"]) == pytest.approx(x)
    )


@pytest.mark.thorough
def test_rates_are_those_of_the_definitions() -> None:
    net, (e, i) = networks.brunel(n_exc=1000, n_inh=250, c_exc=100, c_inh=25, j=1 * mV, seed=1)
    assert 35 < net.run(0.3).rate(e) < 60
    net, (e, i) = networks.izhikevich(seed=1)
    assert 6.5 < net.run(1.0).rate(e) < 8.7
    net, (e, i) = networks.hh_coba(seed=1)
    assert 25 < net.run(0.3).rate(e) < 50
    net, layers = networks.microcircuit(scale=0.1, seed=1)
    run = net.run(0.5)
    assert all(0.7 < run.rate(p) / x < 1.4 for p, x in zip(layers[2:6], (3.96, 5.01, 6.48, 7.82), strict=True))


@pytest.mark.thorough
def test_packets_live_and_die() -> None:
    for spikes, lives in ((85, True), (40, False)):
        net, (*groups, _) = networks.synfire(spikes=spikes, seed=1)
        times = net.run(0.08).spikes(groups[-1])[0]
        densest = np.histogram(times[times > 0.05], 5, (0.05, 0.08))[0].max()
        assert (densest > 60) == lives
