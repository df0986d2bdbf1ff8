"""Layers and the populations made of them fire alike."""

import pytest
import torch

import ranvier as rv
from ranvier.simulation.trained import from_layers


def spikes(steps: int, n: int) -> torch.Tensor:
    return (torch.rand(steps, 1, n, generator=torch.Generator().manual_seed(1)) < 0.3).double()


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_trained_network_fires_as_its_layers_do(recurrent):
    torch.manual_seed(0)
    hidden = rv.Recurrent(rv.LIF(), 30) if recurrent else rv.LIF()
    net = rv.Sequential(rv.Linear(20, 30), hidden, rv.Linear(30, 10), rv.LIF()).double()
    with torch.no_grad():
        net[0].bias.normal_(0, 0.3)
        net[2].weight.mul_(3)
    x = spikes(60, 20)
    made = from_layers(net, x, dtype=torch.float64)
    run = made.run()
    out = net(x)
    assert out.sum() > 15
    torch.testing.assert_close(made.spikes(run), out.float())


def test_a_readout_ends_where_the_layers_end():
    torch.manual_seed(0)
    net = rv.Sequential(rv.Linear(20, 15), rv.LIF(), rv.Linear(15, 4), rv.LI()).double()
    x = spikes(40, 20)
    made = from_layers(net, x, dtype=torch.float64)
    made.network.record(made.layers[-1], "v")
    _, v = made.run().trace(made.layers[-1], "v")
    torch.testing.assert_close(torch.from_numpy(v)[2:42], net(x)[:, 0], rtol=1e-9, atol=1e-12)


def test_what_is_no_population_is_refused():
    conv = rv.Sequential(rv.Conv2d(1, 2, 3), rv.LIF())
    with pytest.raises(TypeError, match="Conv2d, has no place"):
        from_layers(conv, torch.zeros(3, 1, 25))
    plain = rv.Sequential(rv.Linear(5, 2), rv.LIF())
    with pytest.raises(ValueError, match="must be spikes"):
        from_layers(plain, torch.full((3, 1, 5), 0.5))
    with pytest.raises(ValueError, match="one sample"):
        from_layers(plain, torch.zeros(3, 2, 5))
    with pytest.raises(TypeError, match="ends with neurons"):
        from_layers(rv.Sequential(rv.Linear(5, 2), rv.LIF(), rv.Linear(2, 2)), torch.zeros(3, 1, 5))
