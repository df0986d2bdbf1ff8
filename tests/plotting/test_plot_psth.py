"""The histogram of spikes around a stimulus."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.units import ms


def heights(ax) -> tuple[np.ndarray, np.ndarray]:
    values, edges, _ = ax.patches[0].get_data()
    return values, edges


def test_bins_hold_the_mean_rate_over_trials() -> None:
    ax = rv.plot.psth([[0.011, 0.012, 0.032], [0.012], []], width=10 * ms, stop=0.04)
    values, edges = heights(ax)
    assert values == pytest.approx([0, 100, 0, 100 / 3]) and edges == pytest.approx([0, 10, 20, 30, 40])
    assert ax.get_xlabel() == "time (ms)" and ax.get_ylabel() == "firing rate (Hz)" and ax.get_ylim()[0] == 0


def test_a_raster_is_as_many_trials_as_samples_and_neurons() -> None:
    spikes = torch.zeros(40, 2, 5)
    spikes[12, 0, 0] = spikes[15, 1, 3] = 1
    for given in (spikes, spikes.numpy(), rv.Events.from_dense(spikes)):
        values, edges = heights(rv.plot.psth(given, dt=1 * ms))
        assert values == pytest.approx([0, 2 / 10 / 0.01, 0, 0]) and edges[-1] == pytest.approx(40)


def test_the_window_follows_the_spikes_and_the_stimulus_is_marked() -> None:
    ax = rv.plot.psth([np.array([-0.012, 0.03])], width=5 * ms, onset=0.0)
    values, edges = heights(ax)
    assert edges[0] == -12 and edges[-1] >= 30 and values.sum() == pytest.approx(2 / 0.005)
    assert ax.lines[0].get_xdata() == [0.0, 0.0]
    silent = rv.plot.psth([[]])
    assert silent.get_ylim() == (0, 1) and heights(silent)[1].tolist() == [0, 10]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="psth: a raster needs the time step in seconds, got dt=None"):
        rv.plot.psth(np.zeros((3, 1, 1)))
    with pytest.raises(ValueError, match="psth: there is no trial"):
        rv.plot.psth([])
    with pytest.raises(ValueError, match="psth: the window must begin before it ends, got start=1.0 and stop=0.5 s"):
        rv.plot.psth([[0.1]], start=1.0, stop=0.5)
    with pytest.raises(ValueError, match="psth: width must be a time above 0 s"):
        rv.plot.psth([[0.1]], width=0.0)
