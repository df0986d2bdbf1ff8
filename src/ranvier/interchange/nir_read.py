"""`load_nir`: from a NIR file to a network."""

import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from ranvier.errors import BadFileError
from ranvier.interchange.conventions import Convention
from ranvier.interchange.graph import SOURCE, Graph
from ranvier.interchange.hdf5 import LARGEST
from ranvier.interchange.network import Network
from ranvier.interchange.nir_graph import NirGraph, read_graph
from ranvier.interchange.nir_neurons import Setting
from ranvier.interchange.nir_node import Node, without_batch
from ranvier.interchange.nir_nodes import MOST_VALUES, PRIMITIVES, Shape, read_node
from ranvier.interchange.wiring import components, into, is_loop, narrow_places
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.neurons.neuron import Neuron
from ranvier.surrogates import Surrogate
from ranvier.units import ms

DT = 1 * ms


def load_nir(
    path: str | Path,
    *,
    dt: float | None = None,
    convention: Convention | None = None,
    surrogate: Surrogate | None = None,
    learn: Sequence[str] = (),
    backend: str = "auto",
    largest: int = LARGEST,
) -> Network:
    """The network in a NIR file, as a `Sequential` that runs batched, streams and trains. x: [T, B, *N], N the shape of its Input.

    dt: time step [s]; convention: what a step does (`CONVENTIONS` has those of other platforms). Files of `save_nir` tell both of
    themselves; for others dt is 1 ms and the convention `Convention()`: forward Euler, spike where v > v_threshold, reset to v_reset in the
    same step, a current for LI and LIF, impulses for I and IF. surrogate, learn, backend: of all neurons, as in any `Neuron`.
    largest: bytes of numbers that the file may hold. Weights get torch's default dtype.

    A row of nodes becomes a row of layers. A population that feeds itself through Linear or Affine becomes `Recurrent`; other branches and
    loops a `Graph`, in which signals of a loop take one step from a population to the next. `Network.names` tells which node a layer is,
    `Network.notes` what was read otherwise than it stands, of which the repairs of old or faulty files are warned about as well.

    Raises `BadFileError` for what is no NIR file, is damaged or does not map, with the node's name, its type and what was expected.

    >>> load_nir("lif_norse.nir", dt=0.1 * ms, convention=CONVENTIONS["norse"])  # doctest: +SKIP
    """
    graph = read_graph(path, largest)
    setting = Setting(_time_step(graph, dt), convention, surrogate, _names(learn), backend)
    return _Builder(graph, setting).network()


class _Builder:
    """Makes layers of nodes, then pieces of layers, then the row of pieces."""

    def __init__(self, graph: NirGraph, setting: Setting) -> None:
        self.graph, self.setting, self.file = graph, setting, graph.file
        self.repairs, self.merged = list(graph.notes), []
        self.before = into(graph.nodes, graph.edges)
        order = [graph.source, *(name for name in graph.nodes if name != graph.source)]
        self.groups = components(order, graph.edges)[1:]
        self.layers: dict[str, nn.Module] = {}
        self.inputs: dict[str, Shape] = {}
        self.shapes: dict[str, Shape] = {graph.source: self.source_shape()}

    def network(self) -> Network:
        """The whole; warns of repairs."""
        for group in self.groups:
            self.read(group)
        neurons = [layer for layer in self.layers.values() if isinstance(layer, Neuron)]
        known = {name for neuron in neurons for name in neuron.declaration.parameters}
        missing = sorted(set(self.setting.learn) - known)
        if missing:
            raise ValueError(
                f"load_nir: learn names {', '.join(missing)}, which no neuron of the file has. There are: {', '.join(sorted(known))}."
            )
        names, layers = self.row()
        for note in self.repairs:
            warnings.warn(f"{self.file}: {note}", UserWarning, stacklevel=4)
        shape = self.shapes[self.graph.source]
        return Network(layers, names, shape, self.setting.dt, (*self.repairs, *self.merged))

    def source_shape(self) -> Shape:
        """[*N] of the input; a batch axis of older files comes off where the next node has no place for it."""
        node = self.graph.nodes[self.graph.source]
        node.check_keys("shape")
        shape = node.shape("shape")
        after = [self.graph.nodes[b].kind for a, b in self.graph.edges if a == self.graph.source]
        ranks = [
            row.rank for row in (PRIMITIVES.get(kind) for kind in after) if row is not None and row.rank is not None
        ]
        bare = without_batch(shape, min(ranks, default=len(shape)))
        if bare != shape:
            self.repairs.append(f"the input's shape {shape} is read as {bare}, without its batch")
        if math.prod(bare) > MOST_VALUES:
            raise node.refusal(f"has shape {bare}: more than {MOST_VALUES} values a step.")
        return bare

    def read(self, group: list[str]) -> None:
        """Layers of one node or of the nodes of a loop, each once the shape of its input is known."""
        for name in group:  # depth first from the input: something that feeds it came before
            arriving = {self.shapes[b]: b for b in self.before[name] if b in self.shapes}
            if len(arriving) > 1:
                what = ", ".join(f"{b!r} sends {shape}" for shape, b in arriving.items())
                raise self.graph.nodes[name].refusal(f"its inputs differ in shape: {what}.")
            self.inputs[name] = next(iter(arriving))
            self.place(self.graph.nodes[name], self.inputs[name])
        for name in group:
            for b in self.before[name]:
                if self.shapes[b] != self.inputs[name]:
                    raise self.graph.nodes[name].refusal(
                        f"takes shape {self.inputs[name]}, {b!r} sends {self.shapes[b]}."
                    )

    def place(self, node: Node, shape: Shape) -> None:
        if node.name == self.graph.sink:
            self.layers[node.name], self.shapes[node.name] = nn.Identity(), shape
            self.check_output(node, shape)
        else:
            self.layers[node.name], self.shapes[node.name] = read_node(node, shape, self.setting)

    def check_output(self, node: Node, shape: Shape) -> None:
        """The shape that the Output promises; axes of size 1 too many are a note."""
        node.check_keys("shape")
        promised = node.shape("shape")
        if promised == shape:
            return
        if [n for n in promised if n > 1] != [n for n in shape if n > 1]:
            raise node.refusal(f"its shape is {promised}, what arrives has {shape}.")
        self.repairs.append(f"the output's shape {promised} is read as {shape}")

    # ---- the row -----------------------------------------------------------------------------------------------------

    def row(self) -> tuple[list[tuple[str, ...]], list[nn.Module]]:
        """Pieces between places where everything goes through one wire, in order: node names and layer of each."""
        names: list[tuple[str, ...]] = []
        layers: list[nn.Module] = []
        start, source = 1, self.graph.source
        groups = [[source], *self.groups]
        for end in narrow_places(groups, self.graph.edges)[1:]:  # the first is behind the input itself
            piece = groups[start:end]
            if piece == [[self.graph.sink]] and len(self.before[self.graph.sink]) == 1:
                break  # the end of the row
            sink = self.sink_of(piece)
            layer = self.layer_of(piece, source, sink, layers)
            names.append(tuple(name for group in piece for name in group))
            layers.append(layer)
            start, source = end, sink
        if not layers:
            raise BadFileError(f"{self.file}: there is nothing between the input and the output; expected nodes.")
        return names, layers

    def sink_of(self, piece: list[list[str]]) -> str:
        """The node of a piece that the rest of the network listens to."""
        inside = {name for group in piece for name in group}
        senders = {a for a, b in self.graph.edges if a in inside and b not in inside}
        return senders.pop() if senders else self.graph.sink

    def layer_of(self, piece: list[list[str]], source: str, sink: str, row: list[nn.Module]) -> nn.Module:
        inside = {name for group in piece for name in group}
        edges = [(a, b) for a, b in self.graph.edges if b in inside]
        if len(piece) == 1 and not is_loop(piece[0], edges):
            return self.layers[sink]
        recurrent = self.recurrent(piece, edges, source, sink, row)
        if recurrent is not None:
            return recurrent
        named = [(SOURCE if a == source else a, b) for a, b in edges]
        shapes = {SOURCE: self.shapes[source], **{name: self.shapes[name] for name in inside}}
        order = [name for group in piece for name in group]
        try:
            return Graph({name: self.layers[name] for name in order}, named, shapes, sink)
        except ValueError as error:
            first = self.graph.nodes[sorted(inside)[0]]
            raise BadFileError(
                f"{self.file}: {str(error).removeprefix('Graph: ')} (near node {first.name!r}, {first.kind})"
            ) from error

    def recurrent(
        self, piece: list[list[str]], edges: list[tuple[str, str]], source: str, sink: str, row: list[nn.Module]
    ) -> Recurrent | None:
        """A population [N] that feeds itself through one Linear or Affine, as one layer; None where the piece is anything else.

        The bias of an Affine is the same in every step, so it joins that of the Linear before; None where there is none.
        """
        if len(piece) != 1 or len(piece[0]) != 2:
            return None
        neuron = self.layers[sink]
        (other,) = set(piece[0]) - {sink}
        back = self.layers[other]
        if (
            set(edges) != {(source, sink), (sink, other), (other, sink)}
            or not (isinstance(neuron, Neuron) and neuron.fires)
            or not isinstance(back, Linear)
        ):
            return None
        if back.bias is not None:
            before = row[-1] if row else None
            if not isinstance(before, Linear):
                return None
            total = back.bias.data if before.bias is None else before.bias.data + back.bias.data
            before.bias = nn.Parameter(total)
            self.merged.append(f"the bias of {other!r} joined that of the layer before: it comes in every step")
        layer = Recurrent(neuron, back.in_features)
        layer.weight = back.weight
        return layer


def _time_step(graph: NirGraph, dt: float | None) -> float:
    """dt as asked for, or as the file tells, or the default."""
    if dt is not None:
        if not (math.isfinite(dt) and dt > 0):
            raise ValueError(f"load_nir: dt must be a positive number of seconds, got {dt}. Write dt=0.1 * ms.")
        return dt
    if graph.note is None:
        return DT
    try:
        told = json.loads(graph.note)
        found = float(told["dt"])
        if set(told) != {"dt"} or not (math.isfinite(found) and found > 0):
            raise ValueError(f"dt is {found}")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadFileError(
            f"{graph.file}: its metadata is not what Ranvier writes: {error}. Give load_nir a dt."
        ) from error
    return found


def _names(learn: Sequence[str]) -> tuple[str, ...]:
    return (learn,) if isinstance(learn, str) else tuple(learn)
