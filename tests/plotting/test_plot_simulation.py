"""Plots of a simulation: raster and rate by population, weight histogram, connectivity matrix."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot

import ranvier as rv
from ranvier.plotting import plot_connectivity
from ranvier.plotting.plot_connectivity import connectivity
from ranvier.simulation import Normal, Run, Uniform
from ranvier.units import ms


@pytest.fixture(scope="module")
def net() -> rv.Network:
    net = rv.Network()
    a, b = net.add(40, rv.PoissonSource(10), "a"), net.add(20, rv.LIF(), "b")
    net.connect(a, b, rv.FixedProbability(0.5), weight=2.0)
    net.connect(b, b, rv.OneToOne(), weight=-1.0)
    return net


@pytest.fixture(scope="module")
def run(net: rv.Network) -> Run:
    steps, neurons = np.array([0, 10, 10, 900]), np.array([0, 5, 45, 59], np.int32)
    return Run(0.0, 0.1, 1e-4, 0.5, steps, neurons, tuple(net.populations), {})


def test_raster_has_a_band_for_each_population(run: Run) -> None:
    ax = rv.plot.population_raster(run)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    first, second = (np.array(line.get_data()) for line in ax.lines)
    np.testing.assert_allclose(first, [[0.1, 1.1], [0, 5]])
    np.testing.assert_allclose(second, [[1.1, 90.1], [45, 59]])
    assert ax.get_ylim() == (59.5, -0.5) and ax.get_xlim() == (0, 100)
    given = pyplot.figure().add_subplot()
    thin = rv.plot.population_raster(run, most=30, start=0.05, populations=run.populations[1:], ax=given)
    assert thin is given and len(thin.lines) == 1 and thin.get_xlim() == (50, 100)
    assert rv.plot.population_raster(run, most=6).get_ylim()[0] == 5.5
    with pytest.raises(ValueError, match="population_raster: there is no population to draw"):
        rv.plot.population_raster(run, populations=[])
    with pytest.raises(ValueError, match="population_raster: c is not of this run. It has: a, b"):
        rv.plot.population_raster(run, populations=[rv.Network().add(3, rv.PoissonSource(1), "c")])
    with pytest.raises(
        ValueError, match="population_raster: the window must begin before it ends, got start=0.2 and stop=0.1 s"
    ):
        rv.plot.population_raster(run, start=0.2)
    with pytest.raises(ValueError, match="population_raster: most must be at least 1 neuron, got 0"):
        rv.plot.population_raster(run, most=0)


def test_rate_over_time(run: Run) -> None:
    ax = rv.plot.population_rate(run, width=10 * ms)
    a, b = ax.lines
    assert a.get_ydata()[0] == pytest.approx(2 / (40 * 0.01)) and b.get_ydata()[9] == pytest.approx(1 / (20 * 0.01))
    assert ax.get_legend() is not None and ax.get_ylabel() == "rate (Hz)"
    assert rv.plot.population_rate(run, populations=run.populations[:1]).get_legend() is None
    late = rv.plot.population_rate(run, width=10 * ms, start=0.05)
    assert len(late.lines[0].get_xdata()) == 5 and late.get_xlim() == (50, 100)
    with pytest.raises(ValueError, match="population_rate: width must be a time above 0 s"):
        rv.plot.population_rate(run, width=0.0)


def test_weight_histogram() -> None:
    ax = rv.plot.weight_histogram(
        {"up": np.ones(30), "down": -rv.Linear(2, 5).weight.abs()}, bins=10, label="weight (nS)"
    )
    assert sum(patch.get_data().values.sum() for patch in ax.patches) == 40  # pyright: ignore[reportAttributeAccessIssue]
    assert ax.get_xlabel() == "weight (nS)" and ax.get_legend() is not None
    assert rv.plot.weight_histogram(np.full(3, 0.5)).get_xlim()[0] < 0.5
    with pytest.raises(ValueError, match="weight_histogram: there are no weights"):
        rv.plot.weight_histogram([])
    with pytest.raises(ValueError, match="weight_histogram: NaN or inf in 1 of 2 weights"):
        rv.plot.weight_histogram([1.0, np.nan])
    with pytest.raises(ValueError, match="weight_histogram: bins must be at least 1, got 0"):
        rv.plot.weight_histogram([1.0], bins=0)


def test_connectivity_counts_synapses_of_blocks(net: rv.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ax = connectivity(net, blocks=6)
    image = np.asarray(ax.images[0].get_array())
    assert image.shape == (6, 7)  # b: six rows; a: four columns, b: three
    assert image[:, :4].mean() == pytest.approx(0.5, abs=0.05) and image[:, :4].min() > 0
    own = image[:, 4:]
    assert own.sum() < 0 and own[0, 0] < 0 and own[0, 2] == 0
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"] and [
        t.get_text() for t in ax.get_yticklabels()
    ] == ["b"]
    monkeypatch.setattr(plot_connectivity, "DRAWN", 0)  # as in a network that is too large to look at
    rough = np.asarray(connectivity(net, blocks=6, ax=pyplot.figure().add_subplot()).images[0].get_array())
    np.testing.assert_allclose(rough, [[0.5] * 4 + [-1 / 20] * 3] * 6)
    with pytest.raises(ValueError, match="connectivity: blocks must be at least 1, got 0"):
        connectivity(net, blocks=0)
    with pytest.raises(ValueError, match="connectivity: the network has no projections"):
        connectivity(rv.Network())


def test_sign_of_what_is_drawn(net: rv.Network) -> None:
    projection = net.projections[0]
    signs = [
        plot_connectivity._sign(replace(projection, weight=w).weight)
        for w in (Normal(-1, 2), Uniform(-1, 3), [-1.0, -2.0], rv.simulation.LogNormal(-9, 1))
    ]
    assert signs == [-1, 1, -1, 1]
