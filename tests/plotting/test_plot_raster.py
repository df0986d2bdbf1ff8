"""The raster: every spike at its place, for one neuron and for thousands."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot

import ranvier as rv
from ranvier.units import ms


def places(ax) -> set[tuple[float, float]]:
    x, y = ax.lines[-1].get_data()
    return set(zip(np.round(x, 6).tolist(), y.tolist(), strict=True))


def test_every_kind_of_spikes_is_drawn_alike() -> None:
    dense = torch.zeros(20, 2, 3)
    dense[4, 1, 2] = dense[10, 1, 0] = dense[7, 0, 1] = 1
    expected = {(9.0, 2), (21.0, 0)}
    for spikes in (dense, dense.numpy(), rv.Events.from_dense(dense)):
        ax = rv.plot.raster(spikes, dt=2 * ms, sample=1)
        assert places(ax) == expected and ax.get_xlim() == (0.0, 40.0)
    assert places(rv.plot.raster(dense[:, 1].numpy(), dt=2 * ms)) == expected
    assert ax.get_xlabel() == "time (ms)" and ax.get_ylabel() == "neuron"


def test_thousands_are_all_drawn_as_pixels_and_let_their_density_show() -> None:
    spikes = np.random.default_rng(0).random((400, 5000)) < 0.05
    ax = rv.plot.raster(spikes, dt=1 * ms)
    (ticks,) = ax.lines
    assert len(ticks.get_xdata()) == spikes.sum() and ticks.get_rasterized()
    assert ticks.get_alpha() < 0.5 and ax.get_ylim() == (-0.5, 4999.5)
    few = rv.plot.raster(spikes[:, :10], dt=1 * ms)
    assert few.lines[0].get_alpha() == 1.0
    assert few.figure.get_size_inches()[1] < ax.figure.get_size_inches()[1]


def test_one_neuron_needs_no_axis_of_neurons() -> None:
    ax = rv.plot.raster(np.eye(10)[:, :1], dt=1 * ms)
    assert len(ax.get_yticks()) == 0 and not ax.spines["left"].get_visible() and ax.get_ylabel() == ""
    silent = rv.plot.raster(np.zeros((5, 3)), dt=1 * ms)
    assert len(silent.lines[0].get_xdata()) == 0


def test_it_draws_on_given_axes() -> None:
    ax = pyplot.figure().add_subplot()
    assert rv.plot.raster(np.ones((2, 2)), dt=1 * ms, ax=ax, colour="#0072b2") is ax
    assert ax.lines[0].get_color() == "#0072b2"


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"raster: spikes must have shape \[T, B, \*N\] or \[T, N\], got \(5,\)"):
        rv.plot.raster(np.zeros(5), dt=1 * ms)
    with pytest.raises(ValueError, match="raster: sample 2 is not in a batch of 2"):
        rv.plot.raster(np.zeros((5, 2, 3)), dt=1 * ms, sample=2)
    with pytest.raises(ValueError, match="raster: dt must be a time above 0 s"):
        rv.plot.raster(np.zeros((5, 2)), dt=0.0)
