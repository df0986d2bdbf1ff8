"""What is counted: brute force on small networks, and the kernels' own counts."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ranvier.energy import Counts, count
from ranvier.energy.count import Count
from ranvier.errors import RanvierError
from ranvier.layers import (
    LTC,
    AvgPool2d,
    Conv2d,
    Delays,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Recurrent,
    Residual,
    SegmentLinear,
    Sequential,
    SumPool2d,
)
from ranvier.layers.scale import Scale
from ranvier.neurons import LI, LIF
from ranvier.spikes import Events


def lif() -> LIF:
    return LIF(v_threshold=0.02, backend="eager")


def spikes(*shape: int, rate: float = 0.3, seed: int = 0) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < rate).float()


def by_kernels(net: Sequential, x: Tensor) -> Counts:
    return Counts.of(list(net.layers), net.explain(x, timed=False), x.shape[1], x.shape[0])


def test_additions_follow_spikes_and_leave_out_zero_weights():
    net = Sequential(Linear(6, 5), lif(), Linear(5, 3), LI(backend="eager"), rate=None)
    first = net[0]
    assert isinstance(first, Linear)
    first.weight.data[2] = 0
    x = spikes(7, 4, 6)
    found = count(net, x)
    synapses, neurons, last, _ = found.layers
    hidden = net[1](net[0](x))
    assert (synapses.additions, synapses.multiplications, synapses.values) == (int(x.sum()) * 4, 0, 0)
    assert (synapses.events, synapses.inputs, synapses.synapses) == (int(x.sum()), 6, 30)
    assert last.additions == int(hidden.sum()) * 3 and last.events == int(hidden.sum())
    assert (neurons.updates, neurons.states, neurons.synapses) == (7 * 4 * 5, 1, 0)
    assert (found.samples, found.steps, found.footprint) == (4, 7, 4 * sum(p.numel() for p in net.parameters()))
    events = count(net, Events.from_dense(x))
    assert events == found


def test_real_numbers_are_multiplied_in_every_step():
    x = torch.rand((1, 2, 6)).expand(3, 2, 6).clone()
    x[..., :2] = 0
    first = count(Sequential(Linear(6, 5), lif(), rate=None), x).layers[0]
    assert (first.additions, first.multiplications) == (0, 3 * 2 * 4 * 5)
    assert first.analog and first.values == 3 * 2 * 6
    assert count(Sequential(Linear(6, 5), lif(), rate=None), -spikes(3, 2, 6)).layers[0].multiplications > 0


def test_convolutions_by_brute_force():
    conv = Conv2d(2, 4, 3, stride=2, padding=1, groups=2, bias=False)
    conv.weight.data[torch.rand(conv.weight.shape, generator=torch.Generator().manual_seed(1)) < 0.5] = 0
    x = spikes(3, 2, 2, 7, 7)
    found = count(Sequential(conv, rate=None), x).layers[0]
    reach = F.conv2d(x.flatten(0, 1), (conv.weight != 0).float(), None, 2, 1, 1, 2)
    assert found.additions == int(reach.sum()) and found.synapses == 9 * 4 * 4 * 4


@pytest.mark.parametrize("pool", [AvgPool2d, SumPool2d])
def test_a_pooled_spike_is_still_a_spike(pool):
    net = Sequential(pool(2), Flatten(), Dropout(0.5), Linear(8, 3), rate=None)
    x = spikes(4, 3, 2, 4, 4)
    found = count(net, x).layers[0]
    assert (found.additions, found.multiplications) == (int(x.sum()) * 3, 0)
    assert net.training and net[2].training


def test_steps_in_which_something_arrives():
    conv = Conv2d(1, 2, 3, bias=False)
    conv.weight.data[0] = 0
    x = spikes(6, 2, 1, 4, 4, rate=0.05)
    found = count(Sequential(conv, lif(), rate=None), x).layers[1]
    windows = F.max_pool2d(x.flatten(0, 1), 3, 1)
    assert found.updates == 6 * 2 * 2 * 4 and found.arrivals == int(windows.sum()) < found.updates / 2
    segments = SegmentLinear(4, 3, segments=2, steps=2, generator=torch.Generator().manual_seed(0))
    segments.weight.data[1] = 0
    y = torch.zeros((2, 1, 4))
    y[:, 0, 1] = 1
    assert count(Sequential(segments, lif(), rate=None), y).layers[1].arrivals == 3


def test_a_maximum_is_one_spike():
    x = spikes(4, 3, 2, 4, 4)
    found = count(Sequential(MaxPool2d(2), Flatten(), Linear(8, 3), rate=None), x).layers[0]
    assert found.additions == int(F.max_pool2d(x.flatten(0, 1), 2).sum()) * 3


def test_what_recurs_arrives_a_step_later():
    net = Sequential(Linear(6, 5), Recurrent(lif(), 5), rate=None)
    x = spikes(7, 4, 6, rate=0.6)
    found = count(net, x).layers[1]
    sent = net(x).detach()
    assert float(sent[-1].sum()) > 0
    assert found.additions == int(sent[:-1].sum()) * 5
    assert (found.synapses, found.updates, found.states, found.name) == (25, 7 * 4 * 5, 1, "Recurrent")
    arrive = (x.sum(2) > 0) | (torch.cat([torch.zeros(1, 4, 5), sent[:-1]]).sum(2) > 0)
    assert found.arrivals == int(arrive.sum()) * 5


def test_segments_and_delays():
    net = Sequential(Delays(3), Flatten(), SegmentLinear(12, 2, segments=2, steps=5), rate=None)
    layer = net[2]
    assert isinstance(layer, SegmentLinear)
    layer.weight.data[0] = 0  # the first three steps reach nothing
    x = spikes(5, 2, 4)
    late = torch.stack([x[t] + x[t - 1] + x[t - 2] for t in (3, 4)])
    assert count(net, x).layers[0].additions == int(late.sum()) * 2


def test_containers_are_looked_into():
    body = Sequential(Linear(4, 4, bias=False), lif(), Linear(4, 4, bias=False), rate=None)
    net = Sequential(
        Residual(body, Sequential(Linear(4, 4), rate=None)), Sequential(lif(), rate=None), Linear(4, 2), rate=None
    )
    found = count(net, spikes(5, 2, 4))
    assert [c.place for c in found.layers] == ["0.body.0", "0.body.1", "0.body.2", "0.shortcut.0", "1.0", "2"]
    assert found.layers[3].additions == int(spikes(5, 2, 4).sum()) * 4 and not found.layers[5].analog


def test_kernels_count_the_same():
    first, second = LIF(v_threshold=0.01), LIF(v_threshold=0.01)
    net = Sequential(
        Conv2d(1, 3, 3, padding=1), first, AvgPool2d(2), Flatten(), Linear(12, 5), second, Linear(5, 2), LI(), rate=None
    )
    x = spikes(6, 3, 1, 4, 4, rate=0.5)
    ours, theirs = count(net, x), by_kernels(net, x)
    assert ours.layers[2].additions > 0 and ours.layers[4].additions > 0
    for a, b in zip(ours.layers, theirs.layers, strict=True):
        assert b.arrivals is None and (a.arrivals is None) == (a.updates == 0)
        a.arrivals = None
        assert a == b
    assert (ours.samples, ours.steps, ours.footprint) == (theirs.samples, theirs.steps, theirs.footprint)


def test_batches_add_up():
    net = Sequential(Linear(6, 5), lif(), Linear(5, 3), LI(backend="eager"), rate=None)
    x = spikes(7, 4, 6)
    parts = count(net, x[:, :1])
    parts.take(count(net, x[:, 1:]))
    assert parts == count(net, x)


def test_spikes_in_one_batch_and_values_in_another_need_multipliers():
    net = Sequential(Linear(6, 5), rate=None)
    x = spikes(7, 4, 6)
    parts = count(net, x)
    parts.take(count(net, 2 * x))
    assert parts.layers[0] == Count("0", "Linear", 6, 30, 2 * int(x.sum()), 0, 10 * int(x.sum()), 7 * 8 * 6)


def test_what_cannot_be_counted():
    x = spikes(3, 2, 4)
    with pytest.raises(RanvierError, match=r"the work of layer 1 \(LTC\) cannot be counted. Known: Linear"):
        count(Sequential(Linear(4, 4), LTC(4, 4), rate=None), x)
    with pytest.raises(TypeError, match="net must be a Sequential, got Linear"):
        count(nn.Linear(4, 4), x)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="x must be a tensor or Events"):
        count(Sequential(Linear(4, 4)), [0.0])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"x must be \[T, B, \*N\].*got shape \(3, 4\)"):
        count(Sequential(Linear(4, 4)), x[:, 0])


def test_factors_of_a_shortcut_are_a_synapse_a_neuron():
    factors = Scale(torch.tensor([0.5, 0.0, 2.0]))
    net = Sequential(factors, LIF(v_threshold=0.4, backend="eager"), rate=None)
    x = spikes(6, 2, 3, 4)
    found = count(net, x)
    assert (found.layers[0].synapses, found.layers[0].additions) == (12, int(x[:, :, [0, 2]].sum()))
    assert found.layers[1].arrivals == int(x[:, :, [0, 2]].sum())
