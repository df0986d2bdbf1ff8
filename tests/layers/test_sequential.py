"""Sequential: three verbs that agree, state as a value, records, and the manners of a torch module."""

import copy
import pickle

import pytest
import torch

from ranvier.layers import (
    AvgPool2d,
    Conv2d,
    Delays,
    Dropout,
    Flatten,
    Linear,
    Recurrent,
    SegmentLinear,
    Sequential,
)
from ranvier.neurons import ALIF, LI, LIF
from ranvier.surrogates import FastSigmoid
from ranvier.units import ms


def deep(**options) -> Sequential:
    """A chain of every kind of layer; a chain within it."""
    g = torch.Generator().manual_seed(2)
    inner = Sequential(Linear(24, 10, generator=g), LIF(tau_mem=3 * ms, surrogate=FastSigmoid(5.0)))
    net = Sequential(
        Delays(2), Conv2d(2, 3, 3, padding=1, generator=g), ALIF(tau_mem=3 * ms), AvgPool2d(2), Flatten(), Dropout(0.2), inner,
        Linear(10, 6, generator=g), Recurrent(LIF(tau_mem=3 * ms), 6, generator=g), torch.nn.Identity(),
        SegmentLinear(6, 4, segments=2, steps=9, generator=g), LI(), **options,
    )  # fmt: skip
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(4)  # few steps: let every population fire at once
    return net


SHAPE = (3, 4, 8)  # [B, H, W]; Delays add the channel axis


def test_three_verbs_agree() -> None:
    net, x = deep().eval(), 9 * torch.rand(9, *SHAPE)
    whole = net.run(x)
    torch.testing.assert_close(net(x), whole.output)
    state, rows = None, []
    for x_t in x:
        out, state = net.step(x_t, state)
        rows.append(out)
    torch.testing.assert_close(torch.stack(rows), whole.output)
    first = net.run(x[:4], net.initial_state(SHAPE))
    second = net.run(x[4:], first.state)
    torch.testing.assert_close(torch.cat([first.output, second.output]), whole.output)
    assert whole.output.shape == (9, 3, 4) and whole.output.abs().max() > 0


def test_state_is_a_value() -> None:
    net = Sequential(Linear(5, 8), LIF(), Linear(8, 3), LI())
    x = torch.rand(20, 2, 5)
    before = copy.deepcopy(net.state_dict())
    middle = net.run(x[:10]).state
    branches = [net.run(x[10:], middle).output for _ in range(2)]
    assert torch.equal(*branches), "a state may be used twice"
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    rest = net.initial_state((2, 5))
    assert len(rest) == 4 and rest[0] == {} and rest[1]["v"].shape == (2, 8) and rest[3]["v"].shape == (2, 3)
    with pytest.raises(
        ValueError, match=r"Sequential: state has 2 entries, the network 4 layers\. Start from initial_state"
    ):
        net.run(x, middle[:2])


def test_records_are_named_by_layer_and_never_change_what_is_returned() -> None:
    net, x = deep().eval(), 9 * torch.rand(9, *SHAPE)
    run = net.run(x, record=("v", "b", "output", "input"))
    assert sorted(run.records) == sorted(
        ["2.v", "2.b", "2.output", "2.input", "6.1.v", "6.1.output", "6.1.input", "8.v", "8.output", "8.input",
         "11.v", "11.output", "11.input"]
    )  # fmt: skip
    assert torch.equal(run.records["11.output"], run.output) and torch.equal(run.output, net.run(x).output)
    assert run.records["2.b"].shape == (9, 3, 3, 4, 8)
    assert type(run) is type(net.run(x)) and net.run(x).records == {}


def test_a_record_that_no_population_has_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Sequential: no population has u to record\. There are: input, output, rate, v"
    ):
        Sequential(Linear(5, 3), LIF()).run(torch.zeros(2, 1, 5), record=("v", "u"))


def test_gradients_reach_every_weight() -> None:
    net, x = deep(), 9 * torch.rand(9, *SHAPE)
    net(x).sum().backward()
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in net.parameters())
    assert all(float(p.grad.abs().sum()) > 0 for p in net.parameters())


def test_copies_pickles_and_saved_weights() -> None:
    net, x = deep().eval(), 9 * torch.rand(5, *SHAPE)
    y = net(x)
    assert torch.equal(copy.deepcopy(net)(x), y) and torch.equal(pickle.loads(pickle.dumps(net))(x), y)
    other = deep().eval()
    with torch.no_grad():
        for p in other.parameters():
            p.mul_(0.5)
    assert not torch.equal(other(x), y)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(x), y)
    assert net.double()(x.double()).dtype == torch.float64


def test_items_and_length() -> None:
    net = Sequential(Linear(5, 3), LIF())
    assert len(net) == 2 and isinstance(net[1], LIF) and isinstance(net[-1], LIF)


def test_shape_errors_name_layer_and_axis() -> None:
    net = Sequential(Linear(64, 32), LIF(), Linear(32, 10), LI())
    with pytest.raises(
        ValueError,
        match=r"Linear\(64, 32, bias=True\): input has 60 features on axis 2 \(shape \(25, 8, 60\)\), expected 64",
    ):
        net(torch.zeros(25, 8, 60))
    with pytest.raises(ValueError, match=r"LIF: input has no entries along time \(axis 0\)"):
        net(torch.zeros(0, 8, 64))


def test_what_makes_no_chain_is_refused() -> None:
    with pytest.raises(ValueError, match="Sequential needs at least one layer"):
        Sequential()
    with pytest.raises(
        TypeError, match=r"Sequential: layer 1 must be a module, got <class .*LIF.*>\. Write LIF\(\) with brackets"
    ):
        Sequential(Linear(3, 2), LIF)
    for rate in (0.0, 1.0, -1.0):
        with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
            Sequential(Linear(3, 2), LIF(), rate=rate)
    with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
        Sequential(Linear(3, 2), LIF(), input_rate=1.5)


def test_a_run_of_100_is_two_runs_of_50() -> None:
    net, x = Sequential(Linear(6, 12), ALIF(), Recurrent(LIF(), 12), Linear(12, 2), LI()), torch.randn(100, 4, 6)
    whole, half = net.run(x), net.run(x[:50])
    rest = net.run(x[50:], half.state)
    torch.testing.assert_close(torch.cat([half.output, rest.output]), whole.output)
    for a, b in zip(whole.state, rest.state, strict=True):
        assert a.keys() == b.keys()
        for k in a:
            torch.testing.assert_close(a[k], b[k])
