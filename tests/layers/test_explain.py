"""`net.explain(x)`: what every layer did, from the kernels that did it."""

import pytest
import torch
from torch import nn

import ranvier as rv


def test_counts_what_a_plain_sum_counts() -> None:
    torch.manual_seed(0)
    net = rv.Sequential(rv.Linear(40, 64), rv.LIF(), rv.Linear(64, 5), rv.LI(), input_rate=0.2)
    x = (torch.rand(9, 4, 40) < 0.2).float()
    seen = net.explain(x)
    hidden = net.run(x, record=("output",)).records["1.output"]
    first, population, second, readout = (seen.layers[k] for k in range(4))
    assert first.path == "events" and not first.analog
    assert first.events == int(x.sum()) and first.operations == 64 * int(x.sum())
    assert first.dense == x.numel() * 64
    assert population.updates == 9 * 4 * 64 and population.spikes == int(hidden.sum()) > 0
    assert population.fired is not None and population.fired.tolist() == hidden.sum((0, 1)).tolist()
    assert second.events == int(hidden.sum()) and second.operations == 5 * int(hidden.sum())
    assert readout.updates == 9 * 4 * 5 and readout.fired is None
    assert torch.equal(seen.output, net(x))


@pytest.mark.parametrize("fused", [True, False])
def test_a_convolution_counts_the_synapses_that_exist(fused: bool) -> None:
    torch.manual_seed(0)
    net = rv.Sequential(rv.Conv2d(2, 6, 3, stride=2, padding=1, groups=2), rv.LIF(), fused=fused)
    x = (torch.rand(5, 2, 2, 9, 8) < 0.2).float()
    work = net.explain(x, timed=False).layers[0]
    ones = torch.ones_like(net[0].weight)
    reached = nn.functional.conv2d(x.flatten(0, 1), ones, None, (2, 2), (1, 1), 1, 2).sum()
    assert work.operations == int(reached)
    assert work.dense == 9 * 6 * 5 * 4 * 5 * 2


def test_pooled_spikes_count_for_each_synapse_behind_the_window() -> None:
    net = rv.Sequential(rv.IF(), rv.AvgPool2d(2), rv.Flatten(), rv.Linear(8, 3), rv.LI(), rate=None)
    x = 2 * (torch.rand(6, 3, 2, 4, 4, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    seen = net.explain(x)
    assert seen.layers[3].operations == 3 * seen.layers[0].spikes > 0


def test_analog_input_is_said_so() -> None:
    net = rv.Sequential(rv.Linear(8, 3), rv.LIF())
    x = torch.randn(7, 40, 8, generator=torch.Generator().manual_seed(0))
    x[0, 0, 0] = 0
    work = net.explain(x).layers[0]
    assert work.analog and work.path == "dense" and work.events == x.numel() - 1


def test_prints_a_table() -> None:
    net = rv.Sequential(rv.Linear(64, 40), rv.LIF(), nn.Identity(), rv.Recurrent(rv.LIF(), 40))
    text = str(net.explain((torch.rand(5, 40, 64) < 0.1).float()))
    lines = text.splitlines()
    assert lines[0].split() == ["layer", "path", "density", "operations", "of", "dense", "updates", "moved", "time"]
    assert [line.split()[1] for line in lines[1:]] == ["Linear", "LIF", "Identity", "Recurrent"]
    assert "events" in lines[1] and "own" in lines[3]


def test_rates_are_a_record_of_the_fused_run() -> None:
    torch.manual_seed(0)
    net = rv.Sequential(rv.Linear(40, 64), rv.LIF(), rv.Linear(64, 5), rv.LIF(), input_rate=0.2)
    x = (torch.rand(9, 4, 40) < 0.2).float()
    rates = net.run(x, record=("rate",)).records
    whole = net.run(x, record=("output", "rate")).records
    for k in (1, 3):
        assert float(rates[f"{k}.rate"]) == pytest.approx(float(whole[f"{k}.output"].detach().mean()))
        assert float(whole[f"{k}.rate"]) == pytest.approx(float(whole[f"{k}.output"].detach().mean()))
