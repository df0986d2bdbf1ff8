"""Writing networks that were made here; and the engines on networks that were read."""

import pytest
import torch
from torch import nn

import ranvier as rv
from ranvier.errors import RanvierError
from ranvier.interchange import Graph, load_nir, save_nir


def load(path, **options):
    net = load_nir(path, **{"backend": "eager", **options})
    net.fused = False
    return net


def lif(**options):
    return rv.LIF(backend="eager", **options)


def test_rows_within_rows_and_recurrence(here, tmp_path) -> None:
    inner = rv.Sequential(rv.Linear(4, 3), rv.Recurrent(lif(input=rv.ImpulseInput()), 3), rate=None, fused=False)
    with torch.no_grad():
        inner.layers[0].weight.abs_()
    net = rv.Sequential(lif(), inner, nn.Identity(), rv.LI(backend="eager"), rate=None, fused=False)
    save_nir(net, tmp_path / "net.nir", shape=(4,))
    again = load(tmp_path / "net.nir")
    assert again.names == (("0",), ("1.0",), ("1.1", "1.1.w_rec"), ("3",))
    x = 20 * torch.rand(30, 2, 4)
    assert torch.equal(again(x), net(x)) and net(x).any()


def test_one_layer_is_a_network(here, tmp_path) -> None:
    save_nir(rv.Linear(3, 2), tmp_path / "net.nir")
    save_nir(rv.Recurrent(lif(), 3), tmp_path / "loop.nir")
    assert load(tmp_path / "net.nir").names == (("0",),) and load(tmp_path / "loop.nir").names == (("0", "0.w_rec"),)


def graph_of(*edges: tuple[str, str], sink: str = "b") -> Graph:
    layers = {"a": rv.Linear(3, 3), "b": rv.Linear(3, 3)}
    return Graph(layers, edges, dict.fromkeys(("", *layers), (3,)), sink)


def test_a_graph_of_ones_own(here, tmp_path) -> None:
    net = rv.Sequential(graph_of(("", "a"), ("a", "b"), ("", "b")), rate=None)
    save_nir(net, tmp_path / "net.nir", shape=(3,), dt=1e-3)
    again, x = load(tmp_path / "net.nir"), torch.rand(4, 2, 3)
    assert torch.equal(again(x), net(x)) and set(again.names[0]) == {"0.a", "0.b"}
    with pytest.raises(RanvierError, match=r"layer 0 \(Graph\): takes input of shape \(3,\), what arrives has \(4,\)"):
        save_nir(net, tmp_path / "net.nir", shape=(4,))


def test_a_signal_added_twice_has_no_edge(tmp_path) -> None:
    layers = {"one": nn.Identity(), "two": nn.Identity(), "b": rv.Linear(3, 3)}
    twice = Graph(
        layers, [("", "one"), ("", "two"), ("one", "b"), ("two", "b")], dict.fromkeys(("", *layers), (3,)), "b"
    )
    with pytest.raises(RanvierError, match="adds the same signal twice, which NIR cannot say. Put a Scale or Linear"):
        save_nir(twice, tmp_path / "net.nir", shape=(3,))


def test_names_of_nodes_are_unique(here, write, build, tmp_path) -> None:
    tree = build.row([2], {"type": "Scale", "scale": 1.0})
    tree["nodes"]["in"], tree["nodes"]["input"] = tree["nodes"]["input"], tree["nodes"].pop("n0")
    tree["edges"] = [("in", "input"), ("input", "output")]
    net = load(write(tree))
    with pytest.raises(RanvierError, match="there are two nodes named 'input'. Rename one"):
        save_nir(net, tmp_path / "net.nir", dt=1e-3)


def test_a_loop_of_other_than_linear_is_a_graph(here, write, build) -> None:
    neuron = {"type": "LIF", "tau": 0.01, "r": 30.0, "v_leak": 0.0, "v_threshold": 1.0}
    nodes = {
        "i": {"type": "Input", "shape": [2]},
        "n": neuron,
        "s": {"type": "Scale", "scale": -1.0},
        "o": {"type": "Output", "shape": [2]},
    }
    net = load(write(build.graph(nodes, [("i", "n"), ("n", "s"), ("s", "n"), ("n", "o")])))
    assert isinstance(net.layers[0], Graph)
    assert net(torch.ones(4, 1, 2))[:, 0, 0].tolist() == [1, 0, 1, 0]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["recurrent", "two_lifs"])
def test_compiled_kernels_give_the_same_spikes(here, files, name) -> None:
    x = None
    found = []
    for backend in ("eager", "cpu"):
        net = load_nir(
            files / f"{name}.nir", dt=1e-4, convention=rv.interchange.CONVENTIONS["snntorch"], backend=backend
        )
        x = (torch.rand(50, 3, *net.shape) < 0.3).float() if x is None else x
        found.append(net(x))
        stream = net.stream()
        assert torch.equal(torch.stack([stream.step(row[0]).clone() for row in x]), found[-1][:, 0])
    assert torch.equal(*found)


def test_a_file_that_is_there_is_kept(here, tmp_path) -> None:
    net = rv.Sequential(rv.Linear(3, 2), rate=None)
    save_nir(net, tmp_path / "net.nir", dt=1e-3)
    with pytest.raises(RanvierError, match=r"net.nir: is there already. Give another name, or --force \(force=True\)"):
        save_nir(net, tmp_path / "net.nir", dt=1e-3)
    assert save_nir(net, tmp_path / "net.nir", dt=1e-3, force=True) == ()
