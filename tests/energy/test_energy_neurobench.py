"""NeuroBench's metrics where they can be worked out by hand; the harness's own numbers are in tests/references."""

import json

import pytest
import torch

from ranvier.energy import neurobench
from ranvier.layers import Conv2d, Linear, Sequential
from ranvier.neurons import LIF


def test_the_definition_on_a_small_matrix():
    layer = Linear(3, 3, bias=False)
    layer.weight.data = torch.tensor([[1.5, 0, -3], [0, 2, -5], [-1, 2.5, 0]])
    found = neurobench(Sequential(layer, rate=None), torch.tensor([[[0, 1.3, -1]]]))
    assert (found.dense, found.effective_macs, found.effective_acs) == (9, 4, 0)
    assert (found.connection_sparsity, found.footprint, found.parameters) == (0.3333, 36, 9)
    assert found.activation_sparsity == 0  # there are no neurons


def test_spikes_have_signs_and_steps_are_judged_one_by_one():
    x = torch.zeros((3, 2, 4))
    x[0, 0, 0], x[1, 1, 1], x[2, 0, 2], x[2, 1, 3] = 1, -1, 1, 0.5
    found = neurobench(Sequential(Linear(4, 5), LIF(v_threshold=1e9, backend="eager"), rate=None), x)
    assert (found.effective_acs, found.effective_macs, found.dense) == (2 * 5 / 2, 2 * 5 / 2, 3 * 20)
    assert found.activation_sparsity == 1


def test_the_border_of_a_picture_is_no_operation():
    found = neurobench(Sequential(Conv2d(1, 1, 3, padding=1), rate=None), torch.ones((1, 1, 1, 2, 2)))
    assert found.dense == found.effective_acs == 4 * 4


def test_printed_and_plain():
    found = neurobench(Sequential(Linear(3, 2), rate=None), torch.ones((5, 1, 3)))
    assert repr(found).startswith("footprint 32 bytes (8 parameters), connection sparsity 0.0000")
    assert json.loads(json.dumps(found.as_dict()))["effective_acs"] == 30


def test_no_weights():
    with pytest.raises(ValueError, match="no layer has weights, so that connection sparsity is not defined"):
        neurobench(Sequential(LIF(backend="eager"), rate=None), torch.ones((3, 2, 4)))
    with pytest.raises(TypeError, match="neurobench: net must be a Sequential, got LIF"):
        neurobench(LIF(), torch.ones((3, 2, 4)))  # pyright: ignore[reportArgumentType]
