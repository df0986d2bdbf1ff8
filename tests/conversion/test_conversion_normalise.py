"""Scales: each choice by its definition."""

import pytest
import torch
from torch import nn

from ranvier.conversion import QCFS, MaxActivation, ModelBased, Percentile, ThresholdBalancing
from ranvier.conversion.normalise import fixed
from ranvier.conversion.simplify import simplify
from ranvier.conversion.source import Chain
from ranvier.conversion.trace import trace


def chain_of(net: nn.Module, x: torch.Tensor) -> Chain:
    return simplify(trace(net.eval(), x), x[:1])[0]


def test_percentile_of_the_positive_activations() -> None:
    x = torch.cat([-torch.arange(50.0), torch.arange(1.0, 101.0)])[:, None]
    net = nn.Sequential(nn.ReLU())
    for p, expected in ((50, 50), (99, 99), (99.5, 100), (100, 100)):
        assert float(Percentile(p).scales(chain_of(net, x), x)["0"]) == expected


def test_percentile_of_each_channel() -> None:
    x = torch.rand(40, 3, 4, 4) * torch.tensor([1.0, 10.0, 0.0])[:, None, None]
    scales = Percentile(100, channelwise=True).scales(chain_of(nn.Sequential(nn.ReLU()), x), x)["0"]
    torch.testing.assert_close(scales, torch.tensor([float(x[:, 0].max()), float(x[:, 1].max()), 1.0]))
    flat = chain_of(nn.Sequential(nn.Flatten(), nn.ReLU()), x)
    assert Percentile(100, channelwise=True).scales(flat, x)["1"].dim() == 0


def test_the_largest_activation_or_weight() -> None:
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU(), nn.Linear(1, 1, bias=False), nn.ReLU(), nn.ReLU6())
    net[0].weight.data.fill_(2.0)
    net[2].weight.data.fill_(-3.0)
    x = torch.tensor([[0.1], [3.0]])
    chain = chain_of(net, x)
    found = {name: float(s) for name, s in MaxActivation().scales(chain, x).items()}
    assert found == {"1": 6.0, "3": 1.0, "4": 1.0}  # the second never fires
    assert float(MaxActivation().scales(chain, x[:1])["1"]) == 2.0


def test_model_based_bounds_what_any_input_causes(block: nn.Module) -> None:
    """Diehl: the sum of positive weights of the most excitable neuron, inputs from 0 to 1, each layer from its last bound."""
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1), nn.ReLU())
    net[0].weight.data.copy_(torch.tensor([[1.0, -2.0], [0.5, 0.25]]))
    net[0].bias.data.copy_(torch.tensor([0.0, 1.0]))
    net[2].weight.data.copy_(torch.tensor([[2.0, -1.0]]))
    net[2].bias.data.zero_()
    x = torch.tensor([[0.0, 1.0]])
    assert [float(s) for s in ModelBased().scales(chain_of(net, x), x).values()] == [1.75, 3.5]
    x = torch.randn(20, 1, 8, 8)
    chain = chain_of(block, x)
    bounds, seen = ModelBased().scales(chain, x), Percentile(100).scales(chain, x)
    assert all(bounds[name] >= seen[name] for name in seen) and len(seen) == 3


def test_thresholds_that_were_learned() -> None:
    net = nn.Sequential(nn.Linear(2, 2), QCFS(4, 3.0), nn.ReLU())
    found = fixed(chain_of(net, torch.randn(3, 2)))
    assert {name: round(float(s), 5) for name, s in found.items()} == {"1": 3.0}


def test_bounds_of_a_batch_norm_alone() -> None:
    net = nn.Sequential(nn.BatchNorm1d(2), nn.ReLU())
    net[0].weight.data.copy_(torch.tensor([-1.0, 2.0]))
    x = torch.tensor([[-3.0, 1.0]])
    assert float(ModelBased().scales(chain_of(net, x), x)["1"]) == pytest.approx(3.0, rel=1e-4)


def test_what_is_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"Percentile: p must lie in \(0, 100\] percent, got 0"):
        Percentile(0)
    with pytest.raises(ValueError, match="ThresholdBalancing: steps must be at least 1, got 0"):
        ThresholdBalancing(0)
