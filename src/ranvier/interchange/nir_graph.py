"""A NIR file as one flat graph: nodes of subgraphs under their full names, wires in place of inner inputs and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ranvier.errors import BadFileError
from ranvier.interchange.hdf5 import LARGEST, read_tree
from ranvier.interchange.nir_node import Node

MOST_NODES, MOST_EDGES = 10_000, 2**18
WIRES = ("Input", "Output")


@dataclass(frozen=True)
class NirGraph:
    """Nodes by name, edges, the names of the one input and the one output, and what was read otherwise than it stands."""

    file: str
    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    source: str
    sink: str
    notes: tuple[str, ...]
    note: str | None  # what Ranvier wrote about the whole


def read_graph(path: str | Path, largest: int = LARGEST) -> NirGraph:
    """Reads a file's graph. Raises `BadFileError` where it is none, with the place."""
    tree, file = read_tree(path, largest), str(path)
    top = tree.get("node")
    if not isinstance(top, dict):
        raise BadFileError(
            f"{file}: has no group /node, so it is no NIR file. It holds: {', '.join(tree) or 'nothing'}."
        )
    root = _node(file, "node", top)
    if root.kind != "NIRGraph":
        raise root.refusal("is a single node; expected a NIRGraph. Wrap it with nir.NIRGraph.from_list(node).")
    flat = _Flat(file)
    flat.add(root, "")
    flat.remove_inner_wires()
    source, sink = (flat.only(kind) for kind in WIRES)
    flat.check(source, sink)
    return NirGraph(file, flat.nodes, tuple(flat.edges), source, sink, tuple(flat.notes), root.note)


class _Flat:
    """Collects the nodes of nested graphs."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str], None] = {}
        self.inner_wires: list[str] = []
        self.notes: list[str] = []

    def add(self, graph: Node, prefix: str) -> None:
        """Adds a graph's nodes and edges; its inner wires stay for now."""
        graph.check_keys("nodes", "edges")
        members = graph.values.get("nodes")
        if not isinstance(members, Mapping) or not members:
            raise graph.refusal("has no nodes.")
        inner = {name: _node(self.file, prefix + name, members[name]) for name in members}
        ends = {name: self.ends(name, node) for name, node in inner.items()}
        for name, node in inner.items():
            if node.kind == "NIRGraph":
                self.add(node, f"{prefix}{name}.")
            elif node.name in self.nodes:
                raise node.refusal("there are two nodes of this full name.")
            else:
                self.nodes[node.name] = node
                self.inner_wires += [node.name] if prefix and node.kind in WIRES else []
            if len(self.nodes) > MOST_NODES:
                raise graph.refusal(f"there are more than {MOST_NODES} nodes.")
        for pair in self.named(graph, inner, _edges(graph)):
            edge = ends[pair[0]][1], ends[pair[1]][0]
            if edge in self.edges:
                raise graph.refusal(f"has the edge {pair[0]!r} -> {pair[1]!r} twice; expected each once.")
            self.edges[edge] = None

    def ends(self, name: str, node: Node) -> tuple[str, str]:
        """Where edges into a node go, and where those out of it come from: for a subgraph, its own input and output."""
        if node.kind != "NIRGraph":
            return node.name, node.name
        members = node.values.get("nodes")
        found = []
        for wire in WIRES:
            own = [k for k, v in members.items() if _kind(v) == wire] if isinstance(members, Mapping) else []
            if len(own) != 1:
                raise node.refusal(f"a subgraph must have one {wire}, got {len(own)}.")
            found.append(f"{node.name}.{own[0]}")
        return found[0], found[1]

    def named(self, graph: Node, inner: Mapping[str, Node], edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Edges between nodes that are there. One missing name is read as the one node without edges, if both are single."""
        used = {name for edge in edges for name in edge}
        unknown, lonely = sorted(used - set(inner)), sorted(set(inner) - used)
        if not unknown:
            return edges
        if len(unknown) > 1 or len(lonely) != 1:
            raise graph.refusal(
                f"has edges of {', '.join(map(repr, unknown[:4]))}, which {'is' if len(unknown) == 1 else 'are'} no node; "
                f"there are {', '.join(map(repr, list(inner)[:8]))}."
            )
        (missing,), (meant,) = unknown, lonely
        self.notes.append(
            f"{graph.name}: edges name {missing!r}, which is no node; {meant!r} is the one node without edges, so it is meant"
        )
        return [(meant if a == missing else a, meant if b == missing else b) for a, b in edges]

    def remove_inner_wires(self) -> None:
        """Joins what comes into the Input or Output of a subgraph with what it goes to."""
        into, out_of = self.sides()
        for name in self.inner_wires:
            before, after = into.pop(name, {}), out_of.pop(name, {})
            if name in before:
                raise self.nodes[name].refusal("feeds itself through wires alone: a loop needs a neuron or a delay.")
            for a in before:
                del out_of[a][name]
            for b in after:
                del into[b][name]
            for a, b in ((a, b) for a in before for b in after):
                if b in out_of[a]:
                    raise self.nodes[name].refusal(f"makes the edge {a!r} -> {b!r} twice; expected each once.")
                out_of[a][b] = into[b][a] = None
            del self.nodes[name]
            if sum(map(len, out_of.values())) > MOST_EDGES:
                raise BadFileError(f"{self.file}: there are more than {MOST_EDGES} edges.")
        self.edges = {(a, b): None for a, following in out_of.items() for b in following}

    def sides(self) -> tuple[dict[str, dict[str, None]], dict[str, dict[str, None]]]:
        """Nodes before each node, and nodes after each."""
        into: dict[str, dict[str, None]] = {name: {} for name in self.nodes}
        out_of: dict[str, dict[str, None]] = {name: {} for name in self.nodes}
        for a, b in self.edges:
            out_of[a][b] = into[b][a] = None
        return into, out_of

    def only(self, kind: str) -> str:
        """The name of the one node of a kind."""
        found = [name for name, node in self.nodes.items() if node.kind == kind]
        if len(found) != 1:
            raise BadFileError(
                f"{self.file}: expected one {kind} node, got {len(found)}{': ' if found else ''}{', '.join(found[:4])}. "
                "Networks of several inputs or outputs do not map; give a graph with one of each."
            )
        return found[0]

    def check(self, source: str, sink: str) -> None:
        """Refuses nodes that nothing reaches or that reach nothing, and edges into the input or out of the output."""
        for a, b in self.edges:
            if b == source or a == sink:
                raise self.nodes[b if b == source else a].refusal(
                    f"has the edge {a!r} -> {b!r}, against its direction."
                )
        into, out_of = self.sides()
        forward, backward = _reached(source, out_of), _reached(sink, into)
        for name, node in self.nodes.items():
            if name not in forward:
                raise node.refusal(f"nothing from the input {source!r} reaches it; expected an edge into it.")
            if name not in backward:
                raise node.refusal(f"nothing of it reaches the output {sink!r}; expected an edge out of it.")


def _reached(start: str, following: Mapping[str, Mapping[str, None]]) -> set[str]:
    """Nodes that can be come to from `start`."""
    found, waiting = {start}, [start]
    while waiting:
        new = [n for n in following[waiting.pop()] if n not in found]
        found.update(new)
        waiting += new
    return found


def _kind(values: Any) -> str | None:
    kind = values.get("type") if isinstance(values, Mapping) else None
    return kind if isinstance(kind, str) else None


def _node(file: str, name: str, values: Any) -> Node:
    kind = _kind(values)
    if kind is None:
        raise BadFileError(f"{file}: node {name!r} has no type; expected a group with a text called type.")
    return Node(file, name, kind, values)


def _edges(graph: Node) -> list[tuple[str, str]]:
    edges = graph.values.get("edges")
    pairs = [tuple(e) for e in edges if isinstance(e, list)] if isinstance(edges, list) else []
    if (
        not pairs
        or len(pairs) != len(edges or ())
        or not all(len(p) == 2 and all(isinstance(n, str) for n in p) for p in pairs)
    ):
        raise graph.refusal("has no edges; expected pairs of node names [E, 2].")
    return [(a, b) for a, b in pairs]
