import copy
import json
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

import ranvier as rv
from ranvier.hardware import codes, quantisation, quantise, quantise_aware


def network() -> Any:
    return rv.Sequential(
        rv.Linear(6, 8),
        rv.Recurrent(rv.LIF(backend="eager"), 8),
        rv.SegmentLinear(8, 3, segments=2, steps=10),
        rv.LI(backend="eager"),
        rate=None,
    )


@pytest.mark.parametrize("bits", (2, 4, 8))
@pytest.mark.parametrize(("per", "scales"), (("channel", (8, 8, 3)), ("layer", (1, 1, 1))))
def test_weights_lie_on_the_grid_of_their_stored_scales(bits: int, per: str, scales: tuple[int, ...]) -> None:
    net = network()
    before = copy.deepcopy(net.state_dict())
    done = quantise(net, bits, per)
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items()), "the network given is left alone"
    assert type(done) is rv.Sequential and [type(k) for k in done.layers] == [type(k) for k in net.layers]
    for place, count in zip((0, 1, 2), scales, strict=True):
        layer: Any = done[place]
        found = codes(layer)
        assert found is not None
        whole, scale, width = found
        assert width == bits and scale.numel() == count == layer.weight_scale.numel()
        assert whole.dtype == torch.int64 and int(whole.abs().max()) == 2 ** (bits - 1) - 1
        assert torch.allclose(layer.weight, (whole * scale).float(), rtol=1e-6)
    first: Any = done[0]
    assert torch.equal(first.bias, net[0].bias)


def test_what_was_done_and_assumed_is_told() -> None:
    told = quantisation(quantise(network(), 4))
    first = told.layers[0]
    assert (first.layer, first.name, first.bits, first.per, first.weights, first.scales) == (
        "0",
        "Linear",
        4,
        "channel",
        48,
        8,
    )
    assert 0.01 < first.error < 0.2
    assert "biases and the parameters of the neurons stay in floating point" in told.assumptions
    assert json.loads(json.dumps(told.as_dict()))["layers"][1]["name"] == "Recurrent"
    assert "layer 2 (SegmentLinear): 48 weights of 4 bit, 3 scales (one a channel)" in str(told)


def test_weights_that_no_grid_knows_are_named() -> None:
    net = rv.Sequential(rv.Linear(4, 4), rv.SpikingLSTM(4, 5), rate=None)
    assert "layer 1 (SpikingLSTM): its matrices stay in floating point" in quantisation(quantise(net)).assumptions


def test_eight_bits_change_little_and_two_bits_much() -> None:
    net = rv.Sequential(rv.Linear(30, 20), rv.LI(backend="eager"), rate=None)
    x = torch.randn(10, 2, 30)
    errors = [float((quantise(net, bits)(x) - net(x)).square().mean().detach()) for bits in (8, 4, 2)]
    assert errors[0] < 1e-2 * errors[1] < 1e-2 * errors[2]


def test_training_that_is_aware_sees_what_is_left_after_it() -> None:
    net = rv.Sequential(rv.Linear(6, 5), rv.LIF(backend="eager"), rv.Linear(5, 2), rv.LI(backend="eager"), rate=None)
    x = (torch.rand(12, 4, 6) < 0.5).float()
    aware = quantise_aware(net, 4, "layer")
    weight = aware[0].parametrizations["weight"].original  # pyright: ignore
    start = weight.detach().clone()
    for _ in range(3):
        y = aware(x)
        aware.zero_grad()
        (y.square().mean() - y.mean()).backward()
        with torch.no_grad():
            for p in aware.parameters():
                p -= 0.5 * p.grad  # pyright: ignore
    assert not torch.equal(weight, start), "the weights behind the grid move"
    before = aware(x).detach()
    done = quantise(aware)
    assert torch.equal(done(x), before) and torch.equal(aware(x), before), "both run on"
    assert (
        not parametrize.is_parametrized(done[0])
        and type(done[0]) is rv.Linear
        and parametrize.is_parametrized(aware[0])
    )
    assert [q.bits for q in quantisation(done).layers] == [4, 4] and quantisation(done).layers[0].per == "layer"


@pytest.mark.thorough
def test_training_that_is_aware_runs_in_the_engine_as_layer_by_layer() -> None:
    aware = quantise_aware(rv.Sequential(rv.Linear(6, 5), rv.LIF(), rv.Linear(5, 2), rv.LI()), 4).double()
    slow = copy.deepcopy(aware)
    slow.fused = False
    x = (torch.rand(12, 4, 6, dtype=torch.float64) < 0.5).double()
    assert [work.path for work in aware.explain(x, timed=False).layers.values()] != ["own"] * 4
    grads = []
    for net in (aware, slow):
        net(x).square().sum().backward()
        grads.append([p.grad for p in net.parameters()])
    assert all(torch.allclose(a, b) for a, b in zip(*grads, strict=True))


def test_a_grid_other_than_the_trained_one_is_refused() -> None:
    aware = quantise_aware(rv.Sequential(rv.Linear(3, 2), rate=None), 4)
    with pytest.raises(
        rv.RanvierError, match=r"layer 0 was trained for 4 bit, .*, asked for are 8 bit.*Write quantise\(net\)"
    ):
        quantise(aware, 8)
    assert quantisation(quantise(aware, 4)).layers[0].bits == 4
    with pytest.raises(rv.RanvierError, match="layer 0 have a parametrisation already. Give the plain network"):
        quantise_aware(aware)


def test_other_parametrisations_are_refused() -> None:
    net = rv.Sequential(rv.Linear(3, 2), rate=None)
    parametrize.register_parametrization(net[0], "weight", nn.Identity())
    with pytest.raises(rv.RanvierError, match="Linear.weight has a parametrisation of another kind. Remove it"):
        quantise(net)


def test_what_cannot_be_quantised_is_refused() -> None:
    with pytest.raises(TypeError, match="net must be a Sequential, got Linear"):
        quantise(rv.Linear(3, 2))  # pyright: ignore[reportArgumentType]
    with pytest.raises(rv.RanvierError, match="no layer has weights that can be quantised"):
        quantise_aware(rv.Sequential(rv.LIF(), rate=None))
    net = rv.Sequential(rv.Linear(3, 2), rate=None)
    with pytest.raises(rv.RanvierError, match=r"did not come from `quantise`. Write net = quantise\(net, bits=8\)"):
        quantisation(net)
    with torch.no_grad():
        net[0].weight[0, 0] = float("nan")  # pyright: ignore
    with pytest.raises(rv.RanvierError, match="the weights of layer 0 hold NaN or inf"):
        quantise(net)


def test_weights_that_left_their_grid_are_noticed() -> None:
    done: Any = quantise(rv.Sequential(rv.Linear(3, 2), rate=None), 4)
    assert codes(rv.Linear(3, 2)) is None
    with torch.no_grad():
        done[0].weight += 0.01
    with pytest.raises(rv.RanvierError, match="layer 0: the weights have left their grid of 4 bit. Call quantise"):
        codes(done[0], "0")
