"""Small networks whose metrics NeuroBench's own harness computed: ours are the same numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ranvier.energy import neurobench
from ranvier.layers import AvgPool2d, Conv2d, Flatten, Linear, Recurrent, Sequential
from ranvier.neurons import LIF, presets

STORED = dict(np.load(Path(__file__).with_name("neurobench_models.npz")))


def leaky() -> LIF:
    return presets.snntorch_leaky(0.75, backend="eager")


def networks() -> dict[str, list[nn.Module]]:
    return {
        "linear": [Linear(12, 9), leaky(), Linear(9, 5), leaky()],
        "analog": [Linear(12, 9, bias=False), leaky(), Linear(9, 5), leaky()],
        "conv": [
            Conv2d(2, 4, 3, padding=1), leaky(), AvgPool2d(2), Conv2d(4, 6, 3, stride=2, padding=1, groups=2), leaky(), Flatten(),
            Linear(24, 5), leaky(),
        ],
        "recurrent": [Linear(12, 9), Recurrent(leaky(), 9), Linear(9, 5), leaky()],
        "ann": [Linear(12, 9), nn.ReLU(), Linear(9, 5), nn.ReLU()],
    }  # fmt: skip


def shared(name: str) -> tuple[Sequential, Tensor]:
    """The stored network in our layers, and its input [T, B, *N]."""
    net = Sequential(*networks()[name], rate=None)
    for k, layer in enumerate(net.layers):
        for kind in ("weight", "bias"):
            if f"{name}.{k}.{kind}" in STORED:
                getattr(layer, kind).data = torch.from_numpy(STORED[f"{name}.{k}.{kind}"])
    x = torch.from_numpy(STORED[f"{name}.x"])
    return net, x.unsqueeze(0) if name == "ann" else x.transpose(0, 1).contiguous()


@pytest.mark.parametrize("name", networks())
def test_the_harness_gives_the_same_numbers(name):
    net, x = shared(name)
    found = neurobench(net, x).as_dict()
    theirs = {key: float(STORED[f"{name}.metric.{key}"]) for key in (*found, "neuron_bytes")}
    own = theirs.pop("neuron_bytes")  # snnTorch's neurons keep constants and a recurrent bias, ours none
    theirs["footprint"] -= own
    theirs["parameters"] -= 9 if name == "recurrent" else 0
    assert found == pytest.approx(theirs, rel=1e-12)
    assert str(STORED["version.neurobench"]) == "2.3.0"
