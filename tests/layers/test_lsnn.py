"""LSNN: one population, part of it adaptive."""

import pytest
import torch

import ranvier as rv
from ranvier.units import ms


def test_regular_neurons_are_leaky_and_reset_by_subtraction() -> None:
    layer = rv.LSNN(4, 0, refractory=None).double()
    other = rv.Recurrent(rv.LIF(reset=rv.Subtract()), 4).double()
    other.load_state_dict({"weight": layer.weight})
    x = 4 * torch.rand(60, 3, 4, dtype=torch.float64)
    assert torch.equal(layer(x), other(x)) and layer(x).sum() > 20


def test_adaptive_neurons_slow_down_to_a_plateau() -> None:
    layer = rv.LSNN(1, 1, tau_adapt=100 * ms, refractory=None)
    with torch.no_grad():
        layer.weight.zero_()
        run = layer.run(torch.full((1300, 1, 2), 6.0), record=("b",))
    first, middle, late = (run.output[a : a + 100, 0].sum(0) for a in (0, 1000, 1200))
    assert abs(late[0] - first[0]) <= 1, "the regular one keeps its rate"
    assert late[1] < late[0] / 4 and late[1] < first[1], "the adaptive one does not"
    assert abs(middle[1] - late[1]) <= 1, "the plateau"
    rate = float(run.output[-400:, 0, 1].mean())
    assert float(run.records["b"][-400:, 0, 1].mean()) == pytest.approx(rate, rel=0.05), "b is the rate, a step"


def test_no_spikes_in_the_refractory_period() -> None:
    spikes = rv.LSNN(5, 5)(torch.full((100, 2, 10), 50.0))
    assert spikes.unfold(0, 6, 1).sum(-1).max() == 1 and spikes.sum() > 100


def test_runs_in_the_compiled_chain_and_as_a_stream() -> None:
    net = rv.Sequential(rv.Linear(6, 8), rv.LSNN(5, 3), rv.Linear(8, 2), rv.LI())
    reference = rv.Sequential(*net.layers, rate=None, fused=False)
    x = (torch.rand(40, 1, 6) < 0.4).float()
    assert "own" not in {work.path for work in net.explain(x, timed=False).layers.values()}
    torch.testing.assert_close(net(x), reference(x))
    run = net.run(x, record=("rate", "b"))
    assert 0 < run.records["1.rate"] < 0.3 and run.records["1.b"].shape == (40, 1, 8)
    stream = net.stream()
    torch.testing.assert_close(torch.stack([stream.step(x_t[0]).clone() for x_t in x]), run.output[:, 0].detach())
    assert repr(net[1]).startswith("LSNN(") and "regular=5, adaptive=3" in repr(net[1])


def test_what_makes_no_network_is_refused() -> None:
    for counts in ((0, 0), (-1, 3), (3, -1)):
        with pytest.raises(ValueError, match="LSNN: regular and adaptive count neurons, at least one together"):
            rv.LSNN(*counts)
    with pytest.raises(ValueError, match=r"ALIF: beta must be >= 0, got -1"):
        rv.LSNN(3, 3, beta=-1.0)
