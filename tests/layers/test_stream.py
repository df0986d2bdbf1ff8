"""`net.stream()`: the same spikes as the batched run, one step at a time."""

import numpy as np
import pytest
import torch
from torch import nn

import ranvier as rv

NETS = {
    "linear": (lambda: rv.Sequential(rv.Linear(50, 70), rv.LIF(), rv.Linear(70, 5), rv.LI()), (50,)),
    "recurrent": (lambda: rv.Sequential(rv.Linear(20, 66), rv.Recurrent(rv.ALIF(), 66), rv.Linear(66, 7), rv.LIF()), (20,)),
    "recurrent last": (lambda: rv.Sequential(rv.Linear(20, 33), rv.Recurrent(rv.CubaLIF(), 33)), (20,)),
    "dropout": (lambda: rv.Sequential(rv.Linear(20, 30), rv.AdaptiveLIF(), rv.Dropout(0.5), rv.Linear(30, 4), rv.Accumulator()), (20,)),
    "neuron first": (lambda: rv.Sequential(rv.LIF(), rv.Linear(12, 4), rv.LIF()), (12,)),
    "convolution": (
        lambda: rv.Sequential(
            rv.Conv2d(1, 4, 3), rv.LIF(), rv.MaxPool2d(2), rv.Flatten(), rv.Linear(100, 20), rv.LIF(), rv.Linear(20, 3), rv.LI()
        ),
        (1, 12, 12),
    ),
    "delays": (lambda: rv.Sequential(rv.Delays(3), rv.Flatten(), rv.Linear(60, 10), rv.LIF(), rv.Linear(10, 3), rv.LI()), (20,)),
    "segments": (lambda: rv.Sequential(rv.Linear(20, 30), rv.LIF(), rv.SegmentLinear(30, 4, segments=3, steps=17), rv.Accumulator()), (20,)),
    "refractory": (lambda: rv.Sequential(rv.Linear(20, 30), rv.LIF(refractory=rv.Clamp(3 * rv.ms)), rv.Linear(30, 4), rv.LI()), (20,)),
    "foreign": (lambda: rv.Sequential(rv.Linear(20, 30), nn.Identity(), rv.LIF(), rv.Linear(30, 4), rv.LI()), (20,)),
}  # fmt: skip


def network(name: str, dtype: torch.dtype = torch.float32) -> tuple[rv.Sequential, torch.Tensor]:
    make, shape = NETS[name]
    torch.manual_seed(0)
    net = make().to(dtype).eval()
    return net, (torch.rand(17, 1, *shape) < 0.3).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NETS)
def test_equals_the_run_spike_for_spike(name: str, dtype: torch.dtype) -> None:
    net, x = network(name, dtype)
    with torch.no_grad():
        run = net.run(x)
    stream = net.stream(x.shape[2:])
    output = torch.stack([stream.step(x_t).clone() for x_t in x[:, 0]])
    torch.testing.assert_close(output, run.output[:, 0])
    if not isinstance(net[len(net) - 1], rv.LI | rv.Accumulator):
        assert torch.equal(output, run.output[:, 0])
    for ours, theirs in zip(stream.state, run.state, strict=True):
        for key in theirs:
            torch.testing.assert_close(ours[key], theirs[key])


def test_events_equal_values() -> None:
    net, x = network("linear")
    by_value, by_event = net.stream(), net.stream()
    for x_t in x[:, 0]:
        expected = by_value.step(x_t).clone()
        by_event.spike(*x_t.nonzero().flatten().tolist())
        assert torch.equal(by_event.step(), expected)


def test_a_step_without_events_has_no_input() -> None:
    net, x = network("linear")
    stream, silent = net.stream(), torch.zeros(50)
    stream.step(x[0, 0])
    other = net.stream(state=stream.state)
    assert torch.equal(stream.step().clone(), other.step(silent))


def test_goes_on_from_a_state_and_from_that_of_a_run() -> None:
    net, x = network("recurrent")
    with torch.no_grad():
        run = net.run(x[:9])
        rest = net.run(x[9:], run.state)
    stream = net.stream(state=run.state)
    output = torch.stack([stream.step(x_t).clone() for x_t in x[9:, 0]])
    assert torch.equal(output, rest.output[:, 0])


def test_reset_starts_anew() -> None:
    net, x = network("recurrent")
    stream = net.stream()
    first = [stream.step(x_t).clone() for x_t in x[:, 0]]
    stream.reset()
    again = [stream.step(x_t).clone() for x_t in x[:, 0]]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_state_is_a_value_that_later_steps_leave_alone() -> None:
    net, x = network("recurrent")
    stream = net.stream()
    stream.step(x[0, 0])
    before = stream.state
    copies = [{k: v.clone() for k, v in s.items()} for s in before]
    stream.step(x[1, 0])
    assert all(torch.equal(s[k], c[k]) for s, c in zip(before, copies, strict=True) for k in c)


def test_values_as_input() -> None:
    net, _ = network("linear")
    x = torch.randn(9, 1, 50, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = net(x)[:, 0]
    stream = net.stream()
    torch.testing.assert_close(torch.stack([stream.step(x_t.numpy()).clone() for x_t in x[:, 0]]), expected)


def test_refusals_say_what_to_type() -> None:
    net, x = network("linear")
    stream = net.stream()
    with pytest.raises(ValueError, match=r"one sample of shape \(50,\) \(no time and no batch axis\), got \(1, 50\)"):
        stream.step(x[0])
    with pytest.raises(ValueError, match=r"inputs 0 to 49, got 50"):
        stream.spike(50)
    stream.spike(1)
    with pytest.raises(ValueError, match=r"either x or events marked by spike\(\)"):
        stream.step(x[0, 0])
    with pytest.raises(ValueError, match=r"state has 1 entries, the network 4 layers"):
        stream.reset([{}])
    conv, _ = network("convolution")
    with pytest.raises(ValueError, match=r"give the shape .* net\.stream\(\(1, 28, 28\)\)"):
        conv.stream()
    recurrent, _ = network("recurrent")
    state = [dict(s) for s in recurrent.stream().state]
    state[1]["last"] = torch.full((1, 66), 0.5)
    with pytest.raises(ValueError, match=r"`last` of a Recurrent must hold spikes"):
        recurrent.stream(state=state)


def test_a_step_gives_back_the_same_buffer() -> None:
    net, x = network("linear")
    stream = net.stream()
    assert stream.step(x[0, 0]).data_ptr() == stream.step(np.zeros(50, np.float32)).data_ptr()
