"""Graphs: branches, loops, subgraphs, and what is no graph."""

import re
import warnings

import numpy as np
import pytest
import torch

from ranvier.errors import BadFileError
from ranvier.interchange import Graph, load_nir, save_nir
from ranvier.interchange.nir_layers import Delay
from ranvier.interchange.wiring import components, narrow_places, order_in_loop
from ranvier.layers import Linear, Recurrent
from ranvier.neurons import LIF

IN, OUT = {"type": "Input", "shape": [3]}, {"type": "Output", "shape": [3]}
LIN = {"type": "Linear", "weight": 0.5 * np.eye(3)}
TWO = {"type": "Linear", "weight": np.ones((2, 3))}
NEURON = {"type": "LIF", "tau": 0.005, "r": 3.0, "v_leak": 0.0, "v_threshold": 1.0}
DELAY = {"type": "Delay", "delay": 3e-3}


def load(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = load_nir(path, **{"backend": "eager", **options})
    net.fused = False  # the engines are compared elsewhere
    return net


def net_of(write, build, nodes, *edges):
    pairs = [tuple(edge.split(">")) for edge in edges]
    return write(build.graph({"in": IN, **nodes, "out": OUT}, pairs))


def test_branches_meet_in_a_graph_and_the_row_goes_on(here, write, build, tmp_path) -> None:
    path = net_of(
        write, build, {"a": NEURON, "b": LIN, "c": LIN, "d": NEURON}, "in>a", "a>b", "a>c", "b>d", "c>d", "d>out",
    )  # fmt: skip
    net = load(path)
    assert [type(layer).__name__ for layer in net.layers] == ["LIF", "Graph"] and set(net.names[1]) == {"b", "c", "d"}
    x = torch.rand(30, 2, 3)
    same = load(
        net_of(
            write, build, {"a": NEURON, "b": {**LIN, "weight": np.eye(3)}, "d": NEURON}, "in>a", "a>b", "b>d", "d>out"
        )
    )
    assert torch.equal(net(x), same(x)) and net(x).sum() > 0
    first = net.run(x[:11])
    assert torch.equal(torch.cat([first.output, net.run(x[11:], first.state).output]), net(x))
    stream = net.stream()
    assert torch.equal(torch.stack([stream.step(row[0]).clone() for row in x]), net(x)[:, 0])
    save_nir(net, tmp_path / "again.nir")
    assert torch.equal(load(tmp_path / "again.nir")(x), net(x))
    net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert "a" not in str(net.layers[1].names) and "input -> b" in str(net.layers[1])


def test_a_skip_to_the_output_is_added(here, write, build, tmp_path) -> None:
    net = load(net_of(write, build, {"a": LIN, "b": LIN}, "in>a", "a>b", "a>out", "b>out"))
    x = torch.rand(4, 2, 3)
    torch.testing.assert_close(net(x), 0.75 * x)
    save_nir(net, tmp_path / "again.nir", dt=1e-3)
    torch.testing.assert_close(load(tmp_path / "again.nir")(x), 0.75 * x)


def test_a_loop_of_two_populations_takes_a_step_each_way(here, write, build, tmp_path) -> None:
    path = net_of(
        write, build, {"a": NEURON, "w": LIN, "b": NEURON, "u": LIN}, "in>a", "a>w", "w>b", "b>u", "u>a", "b>out"
    )
    net = load(path)
    graph = net.layers[0]
    assert isinstance(graph, Graph)
    x, a, b = 4 * torch.rand(40, 1, 3), LIF(tau_mem=0.005, r=3.0), LIF(tau_mem=0.005, r=3.0)
    for neuron in (a, b):
        neuron.load_state_dict({})
    first, second = graph["a"], graph["b"]
    assert isinstance(first, LIF) and isinstance(second, LIF)
    state_a, state_b, z_a, z_b, found = None, None, torch.zeros(1, 3), torch.zeros(1, 3), []
    for x_t in x:
        new_a, state_a = first.step(x_t + 0.5 * z_b, state_a)
        new_b, state_b = second.step(0.5 * z_a, state_b)
        z_a, z_b = new_a, new_b
        found.append(z_b)
    assert torch.equal(net(x), torch.stack(found)) and net(x).sum() > 0
    save_nir(net, tmp_path / "again.nir")
    assert torch.equal(load(tmp_path / "again.nir")(x), net(x))


def test_a_delay_in_a_loop_is_the_whole_delay(here, write, build) -> None:
    net = load(net_of(write, build, {"a": NEURON, "w": LIN, "d": DELAY}, "in>a", "a>w", "w>d", "d>a", "a>out"))
    graph, x = net.layers[0], 2 * torch.rand(30, 1, 3)
    neuron, state, past, found = graph["a"], None, [torch.zeros(1, 3)] * 3, []
    for x_t in x:
        z, state = neuron.step(x_t + 0.5 * past[-3], state)
        past.append(z)
        found.append(z)
    assert torch.equal(net(x), torch.stack(found)) and net(x).sum() > 0
    first = net.run(x[:7])
    assert torch.equal(torch.cat([first.output, net.run(x[7:], first.state).output]), net(x))


def test_a_recurrent_bias_without_a_linear_before_keeps_its_graph(here, write, build) -> None:
    back = {"type": "Affine", "weight": np.zeros((3, 3)), "bias": [0.9, 0.0, 0.0]}
    plain = load(net_of(write, build, {"a": NEURON, "w": LIN}, "in>a", "a>w", "w>a", "a>out"))
    net = load(net_of(write, build, {"a": NEURON, "w": back}, "in>a", "a>w", "w>a", "a>out"))
    assert isinstance(plain.layers[0], Recurrent) and isinstance(net.layers[0], Graph)
    assert net(torch.zeros(20, 1, 3)).sum((0, 1)).tolist()[1:] == [0, 0] and net(torch.zeros(20, 1, 3)).sum() > 0


def test_old_files_count_a_batch(here, write, build) -> None:
    """Shapes of Sinabs's files before NIR 0.3: a batch of one everywhere, no input_shape."""
    weight = np.random.default_rng(0).normal(size=(2, 1, 3, 3))
    conv = {
        "type": "Conv2d",
        "weight": weight,
        "bias": np.zeros(2),
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
    }
    tree = build.row(
        [1, 1, 5, 5], conv, {"type": "IF", "r": np.ones((1, 2, 3, 3)), "v_threshold": np.ones((1, 2, 3, 3))},
        {"type": "Flatten", "start_dim": 1, "end_dim": -1, "input_type": [0, 0, 0, 0]}, out=[1, 18],
    )  # fmt: skip
    net = load(write(tree))
    assert net.shape == (1, 5, 5) and net(torch.rand(2, 1, 1, 5, 5)).shape == (2, 1, 18)
    assert net.notes == (
        "the input's shape (1, 1, 5, 5) is read as (1, 5, 5), without its batch", "the output's shape (1, 18) is read as (18,)",
    )  # fmt: skip


def sub(**nodes):
    """A subgraph of nodes in a row."""
    names = ["input", *nodes, "output"]
    return {
        "type": "NIRGraph",
        "nodes": {"input": IN, **nodes, "output": OUT},
        "edges": list(zip(names, names[1:], strict=False)),
    }


def test_subgraphs_are_unfolded(here, write, build) -> None:
    net = load(net_of(write, build, {"s": sub(a=LIN, t=sub(b=NEURON))}, "in>s", "s>out"))
    assert net.names == (("s.a",), ("s.t.b",))


@pytest.mark.parametrize(
    ("nodes", "edges", "text"),
    [
        ({"a": LIN}, ("in>a", "a>a", "a>out"), "a feed each other within a step: a loop needs a neuron or a delay"),
        ({"a": LIN, "b": LIN}, ("in>a", "a>b", "b>a", "b>out"), "feed each other within a step"),
        ({"a": LIN, "b": LIN}, ("in>a", "a>out"), "node 'b' (Linear): nothing from the input 'in' reaches it"),
        ({"a": LIN, "b": LIN}, ("in>a", "a>out", "a>b"), "node 'b' (Linear): nothing of it reaches the output 'out'"),
        ({"a": LIN}, ("in>a", "a>out", "x>a", "y>a"), "has edges of 'x', 'y', which are no node; there are 'a', 'in', 'out'"),
        ({"a": LIN}, ("in>a", "a>out", "x>a"), "has edges of 'x', which is no node"),
        ({"a": LIN}, ("in>a", "in>a", "a>out"), "has the edge 'in' -> 'a' twice"),
        ({"a": LIN}, ("in>a", "a>in", "a>out"), "node 'in' (Input): has the edge 'a' -> 'in', against its direction"),
        ({"a": LIN, "i": IN}, ("in>a", "i>a", "a>out"), "expected one Input node, got 2: i, in"),
        ({"a": LIN, "o": OUT}, ("in>a", "a>o", "a>out"), "expected one Output node, got 2"),
        ({}, ("in>out",), "there is nothing between the input and the output"),
        ({"s": {"type": "NIRGraph", "nodes": {"a": LIN}, "edges": [("a", "a")]}}, ("in>s", "s>out"), "(NIRGraph): a subgraph must have one Input, got 0"),
        ({"s": sub(), "a": LIN}, ("in>s", "s>s", "s>out"), "feeds itself through wires alone"),
        ({"s": sub(), "a": LIN}, ("in>s", "in>a", "s>a", "a>out"), "makes the edge 'in' -> 'a' twice"),
        ({"s": sub(a=LIN), "s.a": LIN}, ("in>s", "s>s.a", "s.a>out"), "there are two nodes of this full name"),
        ({"s": {"type": "NIRGraph", "nodes": 1.0, "edges": [("a", "a")]}}, ("in>s", "s>out"), "a subgraph must have one Input"),
        ({"a": {"weight": np.eye(3)}}, ("in>a", "a>out"), "node 'a' has no type; expected a group with a text called type"),
        ({"a": LIN, "b": TWO, "c": NEURON}, ("in>a", "in>b", "a>c", "b>c", "c>out"), "its inputs differ in shape"),
        ({"a": NEURON, "b": TWO}, ("in>a", "a>b", "b>a", "a>out"), "node 'a' (LIF): takes shape (3,), 'b' sends (2,)"),
        ({"b": TWO}, ("in>b", "b>out"), "node 'out' (Output): its shape is (3,), what arrives has (2,)"),
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused(here, write, build, nodes, edges, text) -> None:
    with pytest.raises(BadFileError, match=re.escape(text)):
        load(net_of(write, build, nodes, *edges))


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"type": "Linear", "weight": np.eye(3)}, "node 'node' (Linear): is a single node; expected a NIRGraph"),
        ({"type": "NIRGraph", "edges": [("a", "b")]}, "node 'node' (NIRGraph): has no nodes"),
        ({"type": "NIRGraph", "nodes": {"in": IN}}, "has no edges; expected pairs of node names"),
        ({"type": "NIRGraph", "nodes": {"in": IN}, "edges": np.eye(2)}, "has no edges; expected pairs"),
        ({"type": "NIRGraph", "nodes": {"in": {"type": "Input", "shape": [0]}, "o": OUT}, "edges": [("in", "o")]}, "shape must be 1 whole numbers >= 1"),
        ({"type": "NIRGraph", "nodes": {"in": IN | {"shape": [2**20, 2**20]}, "o": OUT}, "edges": [("in", "o")]}, "values a step"),
        ({"type": "NIRGraph", "nodes": {"in": IN | {"shape": np.ones((2, 2))}, "o": OUT}, "edges": [("in", "o")]}, "shape must list the sizes"),
        ({"type": "NIRGraph", "metadata": {"ranvier": '{"dt": -1}'}, "nodes": {"in": IN, "o": OUT}, "edges": [("in", "o")]}, "its metadata is not"),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_refused(here, write, tree, text) -> None:
    with pytest.raises(BadFileError, match=re.escape(text)):
        load(write(tree))


def test_a_file_without_a_node_says_what_it_holds(here, tmp_path, build) -> None:
    import h5py

    with h5py.File(tmp_path / "other.h5", "w") as file:
        build.put(file, {"weights": {"a": np.eye(2)}})
    with pytest.raises(BadFileError, match="has no group /node, so it is no NIR file. It holds: weights"):
        load(tmp_path / "other.h5")


def test_limits_on_nodes_and_edges(here, write, build, monkeypatch) -> None:
    from ranvier.interchange import nir_graph

    path = net_of(write, build, {"s": sub(a=LIN)}, "in>s", "s>out")
    monkeypatch.setattr(nir_graph, "MOST_EDGES", 1)
    with pytest.raises(BadFileError, match="there are more than 1 edges"):
        load(path)
    monkeypatch.setattr(nir_graph, "MOST_NODES", 1)
    with pytest.raises(BadFileError, match="there are more than 1 nodes"):
        load(path)


def test_a_graph_must_name_its_layers_and_their_shapes() -> None:
    with pytest.raises(ValueError, match="Graph: 'b' is no layer, or has no shape. There are: a"):
        Graph({"a": Linear(2, 2)}, [("", "a"), ("a", "b")], {"": (2,), "a": (2,)}, "a")
    graph = Graph({"a": Linear(2, 2)}, [("", "a")], {"": (2,), "a": (2,)}, "a")
    with pytest.raises(ValueError, match=r"Graph: input must be \[T, B, \*N\] with N = \(2,\), got shape \(4, 1, 3\)"):
        graph(torch.rand(4, 1, 3))


def test_modules_without_verbs_take_part_in_loops() -> None:
    layers = {"a": Delay(1, (2,)), "t": torch.nn.Tanh(), "o": torch.nn.Tanh()}
    shapes = {"": (2,), "a": (2,), "t": (2,), "o": (2,)}
    graph = Graph(layers, [("", "t"), ("t", "a"), ("a", "t"), ("t", "o")], shapes, "o")
    y = graph(torch.ones(2, 1, 2))
    once = np.tanh(1)
    assert y[:, 0, 0].tolist() == pytest.approx([np.tanh(once), np.tanh(np.tanh(1 + once))])


def test_wiring() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("a", "e"), ("e", "d")]
    groups = components("abcde", edges)
    assert groups[0] == ["a"] and sorted(map(sorted, groups[1:3])) == [["b", "c"], ["e"]] and groups[-1] == ["d"]
    assert narrow_places(groups, edges) == [1, 4]
    assert order_in_loop(["b", "c"], edges, (), ("b",)) == (["b", "c"], {("b", "c")}) or order_in_loop(
        ["b", "c"], edges, (), ("b",)
    ) == (["c", "b"], {("b", "c")})
    with pytest.raises(ValueError, match="b"):
        order_in_loop(["b", "c"], edges, (), ())
