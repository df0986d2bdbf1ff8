"""A network in space, and weights over time."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot

import ranvier as rv
from ranvier.plotting import plot_space
from ranvier.plotting.simulation_report import SimulationFacts, render
from ranvier.simulation import Run
from ranvier.units import NAMED, mV


def column() -> tuple[rv.Network, rv.simulation.Projection]:
    net = rv.Network(seed=1, dtype=torch.float64)
    cell = rv.LIF(input=rv.ImpulseInput())
    noise = net.add(4, rv.PoissonSource(10), "noise")
    e = net.add(24, cell, "E", positions=rv.simulation.grid(4, 3, 2))
    i = net.add(6, cell, "I", positions=rv.simulation.grid(3, 2) + 0.5).inject(1.0)
    learned = net.connect(noise, e, weight=10 * mV, plasticity=rv.PairSTDP(w_max=30 * mV))
    net.connect(e, e, rv.FixedProbability(0.5))
    net.connect(i, e, weight=-1.0)
    return net, learned


def recorded(net: rv.Network, learned: rv.simulation.Projection) -> Run:
    steps, neurons = np.array([0, 10, 10, 900]), np.array([0, 5, 25, 30], np.int32)
    weights = np.linspace(5 * mV, 20 * mV, 5 * 96).reshape(5, 96)
    traces: Any = {
        (learned, "weight"): (0.02 * np.arange(1, 6), weights),
        (learned, "x"): (np.arange(2.0), weights[:2]),
    }
    return Run(0.0, 0.1, 1e-4, 0.5, steps, neurons, tuple(net.populations), traces)


def test_neurons_where_they_are_and_lines_between_them() -> None:
    net, _ = column()
    ax: Any = rv.plot.space(net, lines=50)
    lines, dots = (
        [c for c in ax.collections if type(c).__name__ == name] for name in ("Line3DCollection", "Path3DCollection")
    )
    assert [len(c._offsets3d[0]) for c in dots] == [24, 6] and [t.get_text() for t in ax.get_legend().get_texts()] == [
        "E",
        "I",
    ]
    assert sum(len(c._segments3d) for c in lines) == 50 and len(lines) == 2  # from E, and from I
    ends = np.concatenate([np.array(c._segments3d) for c in lines if np.array(c._segments3d).max() != 2.5])
    assert set(map(tuple, ends.reshape(-1, 3))) <= set(
        map(tuple, np.concatenate([p.positions for p in net.populations[1:]]))
    )  # pyright: ignore
    given = pyplot.figure().add_subplot(projection="3d")
    assert rv.plot.space(net, lines=0, most=10, ax=given) is given
    assert [len(c._offsets3d[0]) for c in given.collections] == [8, 2]
    with pytest.raises(ValueError, match=r"space: no population has positions\. Write net\.add\(n, model, positions="):
        rv.plot.space(rv.Network())
    with pytest.raises(ValueError, match="space: lines must be at least 0, got -1"):
        rv.plot.space(net, lines=-1)
    with pytest.raises(ValueError, match="space: ax must have three dimensions"):
        rv.plot.space(net, ax=pyplot.figure().add_subplot())


def test_a_network_too_large_to_look_at_is_drawn_without_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_space, "DRAWN", 10)
    net, _ = column()
    assert len(rv.plot.space(net).collections) == 2 and net._engine is None


def test_weights_over_time() -> None:
    net, learned = column()
    run = recorded(net, learned)
    ax = rv.plot.weight_changes(run, learned, most=7)
    assert ax.get_ylabel() == "weight (mV)" and len(ax.lines) == 8 and ax.get_xlim() == (0, 0.1)
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), run.trace(learned, "weight")[1].mean(1) / mV)
    assert learned.dimension == NAMED["voltage"]
    assert rv.plot.weight_changes(run, learned, "x", most=0).get_ylabel() == "x"
    assert rv.plot.weight_changes(run, learned, label="strength").get_ylabel() == "strength"
    with pytest.raises(ValueError, match=r"weight of E -> E was not recorded, but noise -> E\.weight"):
        rv.plot.weight_changes(run, net.projections[1])
    with pytest.raises(ValueError, match="weight_changes: most must be at least 0, got -1"):
        rv.plot.weight_changes(run, learned, most=-1)
    run.traces[learned, "weight"] = np.zeros(0), np.zeros((0, 96))  # pyright: ignore
    with pytest.raises(ValueError, match=r"weight_changes: the run has no sample of noise -> E\. Run for longer"):
        rv.plot.weight_changes(run, learned)


def test_views_have_bands_and_lines_of_their_own() -> None:
    net, learned = column()
    run, e = recorded(net, learned), net.populations[1]
    ax = rv.plot.population_raster(run, populations=[e[:3], e[20:]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["E[:3]", "E[20:]"]
    assert ax.lines[0].get_ydata().tolist() == [1] and ax.lines[1].get_ydata().tolist() == [3 + 1]  # pyright: ignore
    smooth = rv.plot.population_rate(run, populations=[e[:3]], smooth=0.01)
    assert 0 < smooth.lines[0].get_ydata().max() < 1 / (3 * 0.005)  # pyright: ignore


def test_the_report_shows_space_and_learning_where_there_are_any() -> None:
    net, learned = column()
    run = recorded(net, learned)
    waves = np.sin(np.arange(100.0))[:, None] * [0.5, 1] + [1.0, -1.5]
    for p in (net.populations[1], net.populations[2][:3]):
        run.traces[p, "currents"] = np.arange(1, 101) * 1e-3, waves  # pyright: ignore
    facts = SimulationFacts("Column", net, run, 0.1, {}, {}, "", {p: np.zeros(0) for p in net.populations})
    page = render(facts)
    assert '<a href="#space">In space</a>' in page and '<a href="#learning">Learning</a>' in page
    assert "local field potential from the synaptic currents onto E, I[:3]: excitation 6 ms late" in page
    assert "noise -&gt; E" in page or "noise -> E" in page
    plain = rv.Network()
    plain.add(3, rv.PoissonSource(1), "a")
    none = Run(0.0, 0.1, 1e-4, 0.5, run.steps[:1], run.neurons[:1], tuple(plain.populations), {})
    page = render(SimulationFacts("Plain", plain, none, 0.1, {}, {}, "", {p: np.zeros(0) for p in plain.populations}))
    assert "In space" not in page and "Field potential" not in page and "Learning" not in page
