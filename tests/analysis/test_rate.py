import math

import numpy as np
import pytest
import torch

from ranvier.analysis import exponential, firing_rate, gaussian, instantaneous_rate, psth, rectangular, spike_counts

TRAIN = [0.0, 0.1, 0.25, 0.5, 0.5, 1.0]


def test_firing_rate() -> None:
    assert firing_rate(TRAIN, stop=1.0) == 6.0
    assert firing_rate(TRAIN, start=0.2, stop=0.7) == pytest.approx(6.0)  # three spikes in half a second
    assert firing_rate([], stop=2.0) == 0.0
    assert firing_rate(torch.tensor([-1.0, -0.5]), start=-2.0, stop=0.0) == 1.0
    with pytest.raises(ValueError, match="firing_rate: the window must begin before it ends, got start=0.0 and stop=0"):
        firing_rate([], stop=0.0)
    with pytest.raises(ValueError, match="firing_rate: times must be sorted"):
        firing_rate([1.0, 0.0], stop=2.0)


def test_counts_are_those_of_the_histogram() -> None:
    edges = [0.0, 0.1, 0.5, 0.75, 1.0]
    counts = spike_counts([TRAIN, []], edges=edges)
    assert counts.tolist() == [np.histogram(TRAIN, edges)[0].tolist(), [0, 0, 0, 0]]
    assert counts.tolist()[0] == [1, 2, 2, 1] and counts.dtype == np.int64
    assert spike_counts([], edges=edges).shape == (0, 4)
    assert spike_counts([TRAIN], edges=[0.2, 0.3]).tolist() == [[1]]


@pytest.mark.parametrize("edges", [[0.0], [0.0, 0.0], [1.0, 0.0], [0.0, math.nan], [0.0, math.inf]])
def test_edges_must_rise(edges: list[float]) -> None:
    for refuses in (spike_counts, psth):
        with pytest.raises(ValueError, match="edges must be at least two finite times that rise"):
            refuses([TRAIN], edges=edges)


def test_psth_is_the_mean_rate_over_trials() -> None:
    rates = psth([[-0.1, 0.1, 0.2], [0.1], []], edges=[-0.5, 0.0, 0.25])
    assert rates.tolist() == pytest.approx([1 / (3 * 0.5), 3 / (3 * 0.25)])
    assert np.isnan(psth([], edges=[0.0, 1.0, 2.0])).tolist() == [True, True]


def test_psth_of_poisson_trials_has_the_rate_they_were_drawn_with() -> None:
    random = np.random.default_rng(0)
    trials = [np.sort(random.uniform(0, 1, random.poisson(40))) for _ in range(500)]
    assert psth(trials, edges=np.linspace(0, 1, 6)) == pytest.approx(40.0, rel=0.05)


@pytest.mark.parametrize("kernel", [gaussian, exponential, rectangular])
def test_kernels_have_area_one_and_standard_deviation_one(kernel) -> None:
    x = np.linspace(-30, 30, 600_001)
    density = kernel(x) * (x[1] - x[0])
    mean = (x * density).sum()
    assert density.sum() == pytest.approx(1.0, abs=1e-3)
    assert ((x - mean) ** 2 * density).sum() == pytest.approx(1.0, abs=1e-3)


def test_instantaneous_rate_closed_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    at = [0.3, 0.1, 0.5]
    one = instantaneous_rate([0.3], at, width=0.1)
    assert one == pytest.approx([10 * gaussian(np.array(x)) for x in (0.0, 2.0, 2.0)])
    causal = instantaneous_rate([0.3, 0.4], at, width=0.1, kernel=exponential)
    assert causal == pytest.approx([10.0, 0.0, 10 * (math.exp(-2) + math.exp(-1))])
    regular = np.arange(0, 10, 0.01)
    assert instantaneous_rate(regular, [5.0, 6.123], width=0.05) == pytest.approx(100.0)
    assert instantaneous_rate([], at, width=0.1).tolist() == [0.0, 0.0, 0.0]
    many = np.linspace(0, 10, 37)
    whole = instantaneous_rate(regular, many, width=0.05)
    monkeypatch.setattr("ranvier.analysis.statistics.rate.BLOCK", 5000)
    assert instantaneous_rate(regular, many, width=0.05) == pytest.approx(whole, rel=1e-12)
    with pytest.raises(ValueError, match="instantaneous_rate: width must be a time above 0 s, got 0"):
        instantaneous_rate([], at, width=0.0)
