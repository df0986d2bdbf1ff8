from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier.layers import AvgPool2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Recurrent, Sequential, SumPool2d
from ranvier.neurons import LI, LIF
from ranvier.training import measure as module
from ranvier.training.measure import Measured, measure, population_names
from ranvier.training.recipe import image_recipe

RECIPE = image_recipe(("a", "b", "c"), (1, 8, 8))


@dataclass
class Given:
    """Inputs that are what they are: x [T, n, *N]."""

    x: Tensor

    @property
    def y(self) -> Tensor:
        return torch.zeros(self.x.shape[1], dtype=torch.long)

    def batch(self, index: Tensor, generator: torch.Generator | None) -> Tensor:
        return self.x[:, index]

    def flat(self) -> np.ndarray:
        return self.x[0].flatten(1).numpy()

    def picture(self, index: int) -> np.ndarray:
        return self.x[0, index].numpy()


def spikes(*shape: int, rate: float = 0.3) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(0)) < rate).float()


def run(net: Sequential, x: Tensor) -> Measured:
    return measure(net, Given(x), np.arange(x.shape[1]), RECIPE)


def test_a_spike_costs_one_operation_for_each_synapse():
    x = spikes(7, 4, 6)
    net = Sequential(Linear(6, 5), LIF(), Linear(5, 3), LI())
    found = run(net, x)
    first, last = found.layers
    hidden = net[1](net[0](x)).detach()
    assert float(hidden.sum()) > 0
    assert (first.operations, last.operations) == (float(x.sum()) * 5, float(hidden.sum()) * 3)
    assert (first.dense, last.dense) == (7 * 4 * 6 * 5, 7 * 4 * 5 * 3)
    assert (first.neurons, last.neurons, first.parameters, last.parameters) == (5, 3, 6 * 5 + 5, 5 * 3 + 3)
    assert not first.analog and not last.analog and first.fires and not last.fires
    np.testing.assert_allclose(first.rates, hidden.mean((0, 1)).numpy())
    assert last.rates.size == 0


def test_real_numbers_cost_a_multiplication_each_and_zeros_none():
    x = torch.rand((3, 2, 6))
    x[:, :, :2] = 0
    first = run(Sequential(Linear(6, 3), LIF()), x).layers[0]
    assert first.analog and first.operations == 3 * 2 * 4 * 3


def brute(x: Tensor, conv: Conv2d) -> float:
    """Synapses that the events reach: a convolution with ones counts them."""
    ones = torch.ones((conv.out_channels, conv.in_channels // conv.groups, *conv.kernel_size))
    return float(F.conv2d(x.flatten(0, 1), ones, None, conv.stride, conv.padding, 1, conv.groups).sum())


@pytest.mark.parametrize("options", [{}, {"padding": 1}, {"stride": 2, "padding": 1}, {"groups": 2}])
def test_a_convolution_counts_borders_strides_and_groups(options):
    x = spikes(3, 2, 2, 6, 5)
    conv = Conv2d(2, 4, 3, **options)
    first = run(Sequential(conv, LIF(), Flatten()), x).layers[0]
    assert first.operations == pytest.approx(brute(x, conv))
    assert first.dense == conv.fan_in * conv(x)[:, 0].numel() * 2


@pytest.mark.parametrize("pool", [AvgPool2d(2), SumPool2d(2)])
def test_pooled_spikes_are_still_spikes(pool):
    x = spikes(3, 2, 2, 6, 4)
    layer = run(Sequential(pool, Flatten(), Linear(12, 3), LIF()), x).layers[0]
    assert not layer.analog and layer.operations == pytest.approx(float(x.sum()) * 3)


def test_the_largest_of_a_window_is_one_spike():
    x = spikes(3, 2, 2, 6, 4)
    layer = run(Sequential(MaxPool2d(2), Flatten(), Linear(12, 3), LIF()), x).layers[0]
    pooled = F.max_pool2d(x.flatten(0, 1), 2)
    assert not layer.analog and layer.operations == float(pooled.sum()) * 3


def test_recurrent_spikes_reach_their_population():
    x = spikes(7, 4, 6)
    net = Sequential(Linear(6, 5), Recurrent(LIF(), 5), Linear(5, 3), LI())
    first = run(net, x).layers[0]
    hidden = net[1](net[0](x)).detach()
    assert first.operations == pytest.approx(float(x.sum()) * 5 + float(hidden.sum()) * 5)
    assert first.dense == 7 * 4 * (6 * 5 + 5 * 5)


def test_samples_are_measured_in_parts_without_a_difference(monkeypatch: pytest.MonkeyPatch):
    x = spikes(7, 5, 6)
    net = Sequential(Linear(6, 5), LIF(), Linear(5, 3), LI())
    whole, told = run(net, x), []
    monkeypatch.setattr(module, "BATCH", 2)
    parts = measure(net, Given(x), np.arange(5), RECIPE, told.append)
    assert told == [2, 2, 1] and parts.samples == 5
    assert np.array_equal(whole.decision, parts.decision)
    np.testing.assert_allclose(whole.probability, parts.probability, rtol=1e-5)
    np.testing.assert_allclose([w.operations for w in whole.layers], [w.operations for w in parts.layers])
    np.testing.assert_allclose(whole.probability.sum(1), 1, rtol=1e-5)


def test_only_the_samples_asked_for_are_run_in_evaluation_mode():
    x = spikes(7, 5, 6)
    net = Sequential(Linear(6, 5), LIF(), Dropout(0.9), Linear(5, 3), LI())
    found = measure(net, Given(x), np.array([3, 1]), RECIPE)
    again = measure(net, Given(x[:, [3, 1]]), np.arange(2), RECIPE)
    assert net.training and len(found.decision) == 2
    assert np.array_equal(found.probability, again.probability)


def test_accuracy_counts_no_decision_as_wrong():
    measured = Measured(np.array([0, 1, -1, 2]), np.full((4, 3), 1 / 3), [], 4)
    assert measured.accuracy(np.array([0, 2, 0, 2])) == 0.5


def test_populations_are_numbered_in_order():
    net = Sequential(Linear(6, 5), Recurrent(LIF(), 5), Dropout(0.1), Linear(5, 3), LI())
    assert population_names(net) == {1: "1 LIF", 4: "2 LI"}
