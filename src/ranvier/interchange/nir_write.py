"""`save_nir`: from a network to a NIR file."""

import io
import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import nir
import numpy as np
from torch import nn

from ranvier.errors import RanvierError
from ranvier.files import refuse_to_replace, write_atomic
from ranvier.interchange.graph import SOURCE, Graph
from ranvier.interchange.network import Network
from ranvier.interchange.nir_neurons import write_neuron
from ranvier.interchange.nir_nodes import Shape, output_shape, write_node
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.sequential import Sequential
from ranvier.layers.shape import Dropout
from ranvier.neurons.neuron import Neuron

Names = tuple[str, ...]


def save_nir(
    net: nn.Module,
    path: str | Path,
    *,
    shape: Sequence[int] | None = None,
    dt: float | None = None,
    strict: bool = False,
    force: bool = False,
) -> tuple[str, ...]:
    """Writes a network as a NIR file, which `load_nir(path)` reads back to the same spikes. Returns what other readers cannot know.

    net: a `Sequential`, or one layer. shape: [*N] of a sample's input; known without it where the first layer is `Linear` or `Recurrent`, and
    of networks of `load_nir`. dt: time step [s], of a network without neurons.

    force: write over a file that is there.

    Time constants, resistances, thresholds and weights stand in NIR's primitives, what a step does (dt, integrator, reset, order,
    comparison) in their metadata, which only Ranvier reads. Where that contradicts the primitive, such as a reset by subtraction, there is
    a warning, or with `strict` an error. `Dropout` is left out: a trained network passes everything on. Nothing else is.

    Raises `RanvierError` for what NIR cannot say, with the layer's place and type and what would map, and where the file cannot be written.

    >>> save_nir(Sequential(Linear(64, 10), LIF()), "net.nir")  # doctest: +SKIP
    """
    step = _time_step(net, dt)
    writer = _Writer(step)
    first = _input_shape(net, shape)
    writer.add_node("input", "Input", {"input_type": np.array(first)})
    names = net.names if isinstance(net, Network) else None
    row = net if isinstance(net, Sequential) else Sequential(net, rate=None)
    last, after = writer.add_row(row, names, first)
    writer.add_node("output", "Output", {"output_type": np.array(after)})
    writer.edges += [(source, "output") for source in last]
    if len(set(writer.edges)) < len(writer.edges):
        raise RanvierError(
            "save_nir: a layer adds the same signal twice, which NIR cannot say. Put a Scale or Linear in between."
        )
    if writer.untold and strict:
        raise RanvierError(
            f"save_nir: {writer.untold[0]}. Change the network, or leave strict out to keep it in the metadata."
        )
    refuse_to_replace(path, force)
    if writer.untold:
        warnings.warn(
            f"save_nir: other readers of {path} will not know: " + "; ".join(writer.untold), UserWarning, stacklevel=2
        )
    whole = {} if step is None else {"ranvier": json.dumps({"dt": step})}
    # nir's own check of shapes refuses grouped and oblong convolutions, whose sizes it takes from the wrong axes
    graph = nir.NIRGraph(writer.nodes, writer.edges, metadata=whole, type_check=False)
    content = io.BytesIO()
    nir.write(cast(Any, content), graph)
    write_atomic(path, content.getvalue())
    return tuple(writer.untold)


class _Writer:
    """Collects nodes and edges."""

    def __init__(self, dt: float | None) -> None:
        self.dt = dt
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.untold: list[str] = []

    def add_row(self, net: Sequential, names: Sequence[Names] | None, shape: Shape) -> tuple[Names, Shape]:
        """Layers one after another: the nodes whose sum is the output, and its shape. names: of each layer's nodes, by default numbers."""
        sources: Names = ("input",)
        for k, layer in enumerate(net.layers):
            sources, shape = self.add(layer, (str(k),) if names is None else names[k], sources, shape)
        return sources, shape

    def add(self, layer: nn.Module, names: Names, sources: Names, shape: Shape) -> tuple[Names, Shape]:
        """One layer, fed by the sum of `sources` with [*N]: the nodes whose sum is its output, and its shape."""
        name = names[0]
        if isinstance(layer, Dropout | nn.Identity):
            return sources, shape
        if isinstance(layer, Sequential):
            for k, inner in enumerate(layer.layers):
                sources, shape = self.add(inner, (f"{name}.{k}",), sources, shape)
            return sources, shape
        if isinstance(layer, Graph):
            return self.add_graph(layer, names, sources, shape)
        self.edges += [(source, name) for source in sources]
        if isinstance(layer, Recurrent):
            self.add_layer(name, layer.neuron, shape)
            back = names[1] if len(names) > 1 else f"{name}.w_rec"
            self.add_node(back, "Linear", {"weight": layer.weight.detach().cpu().numpy().copy()})
            self.edges += [(name, back), (back, name)]
            return (name,), shape
        self.add_layer(name, layer, shape)
        return (name,), output_shape(layer, shape)

    def add_graph(self, graph: Graph, names: Names, sources: Names, shape: Shape) -> tuple[Names, Shape]:
        """The nodes of a graph. names: theirs, or one for all. A layer that only adds has no node: its edges go to those behind it."""
        if shape != graph.shapes[SOURCE]:
            raise _refusal(names[0], graph, f"takes input of shape {graph.shapes[SOURCE]}, what arrives has {shape}.")
        own = set(names) == set(graph.names)
        full: dict[str, Names] = {SOURCE: sources}
        full |= {name: (name if own else f"{names[0]}.{name}",) for name in graph.names}
        for name in graph.names:
            if isinstance(graph[name], nn.Identity):
                full[name] = tuple(source for before in graph.before[name] for source in full[before])
        for name in graph.names:
            if not isinstance(graph[name], nn.Identity):
                (node,) = full[name]
                self.add_layer(node, graph[name], graph.shapes[graph.before[name][0]])
                self.edges += [(source, node) for before in graph.before[name] for source in full[before]]
        return full[graph.sink], graph.shapes[graph.sink]

    def add_layer(self, name: str, layer: nn.Module, shape: Shape) -> None:
        """The node of one layer for input [*N]."""
        try:
            if isinstance(layer, Neuron):
                kind, fields, note, untold = write_neuron(layer, shape)
                self.untold += [f"node {name!r} ({type(layer).__name__}) has {text}" for text in untold]
                self.add_node(name, kind, fields, {"ranvier": note})
            else:
                self.add_node(name, *write_node(layer, shape, self.dt))
        except ValueError as error:
            raise _refusal(name, layer, str(error)) from error

    def add_node(self, name: str, kind: str, fields: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
        if name in self.nodes:
            raise RanvierError(
                f"save_nir: there are two nodes named {name!r}. Rename one in the file that it was read from."
            )
        self.nodes[name] = getattr(nir, kind)(**fields, metadata=metadata or {})


def _refusal(name: str, layer: nn.Module, text: str) -> RanvierError:
    return RanvierError(f"save_nir: layer {name} ({type(layer).__name__}): {text}")


def _time_step(net: nn.Module, dt: float | None) -> float | None:
    """dt of all neurons, or the one given where there are none."""
    found = sorted({m.dt for m in net.modules() if isinstance(m, Neuron)})
    if len(found) > 1:
        raise RanvierError(
            f"save_nir: neurons have time steps of {', '.join(f'{t:g} s' for t in found)}; expected one."
        )
    if found and dt not in (None, found[0]):
        raise RanvierError(f"save_nir: dt is {dt} s, that of the neurons {found[0]:g} s. Leave dt out.")
    if dt is not None and not (math.isfinite(dt) and dt > 0):
        raise RanvierError(f"save_nir: dt must be a positive number of seconds, got {dt}. Write dt=1 * ms.")
    return found[0] if found else dt


def _input_shape(net: nn.Module, shape: Sequence[int] | None) -> Shape:
    first: Any = net
    while isinstance(first, Sequential) and shape is None and not isinstance(first, Network):
        first = first.layers[0]
    if shape is None and isinstance(first, Linear | Recurrent | Network):
        shape = (
            first.shape
            if isinstance(first, Network)
            else (first.in_features if isinstance(first, Linear) else first.size,)
        )
    if shape is None:
        raise RanvierError("save_nir: give the shape of a sample's input, such as shape=(1, 28, 28).")
    given = tuple(int(n) for n in shape)
    if not given or min(given) < 1:
        raise RanvierError(
            f"save_nir: shape must hold sizes of at least 1, got {tuple(shape)}. Leave out time and batch."
        )
    return given
