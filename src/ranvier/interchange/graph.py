"""`Graph`: layers joined by edges, for what is no row: branches that meet again, loops of several populations."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.interchange.nir_layers import Delay
from ranvier.interchange.wiring import Edge, components, into, is_loop, order_in_loop
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Run, Verbs

SOURCE = ""  # the name of the input


class Graph(Verbs):
    """Layers by name, joined by edges; what several edges bring to a layer is added. x: [T, B, *N] -> [T, B, *M], the output of `sink`.

    layers: name -> layer. edges: pairs of names; "" is the input. shapes: [*N] of each layer's output, [*N] of the input under "".

    A layer outside of loops runs all time steps at once. A loop runs step by step: what a population in it sends to others of the loop
    arrives in the next step, unless a `Delay` of at least one step is in the way, which then is the whole delay.

    State: name -> that of the layer, and name + " last" -> its last output, for those that send to the next step.
    Raises ValueError for names that are not there and for a loop without population and delay.
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], edges: Sequence[Edge], shapes: Mapping[str, Sequence[int]], sink: str
    ) -> None:
        super().__init__()
        self.names, self.edges, self.sink = tuple(layers), tuple(edges), sink
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        self.layers = nn.ModuleList(layers.values())
        everything = (SOURCE, *self.names)
        used = {sink, *(name for edge in edges for name in edge)}
        unknown = sorted(used - set(everything)) + sorted(set(everything) - set(self.shapes))
        if unknown:
            raise ValueError(f"Graph: {unknown[0]!r} is no layer, or has no shape. There are: {', '.join(self.names)}.")
        self.before = into(everything, edges)
        self.groups = [group for group in components(everything, edges) if group != [SOURCE]]
        layer = dict(layers)
        slow = [name for name, module in layer.items() if isinstance(module, Delay) and module.shortest > 0]
        firing = [name for name, module in layer.items() if isinstance(module, Neuron)]
        self.orders: list[tuple[list[str], set[Edge]] | None] = []
        for group in self.groups:
            try:
                loops = is_loop(group, edges)
                self.orders.append(order_in_loop(group, edges, slow, firing) if loops else None)
            except ValueError as error:
                raise ValueError(
                    f"Graph: {error} feed each other within a step: a loop needs a neuron or a delay of at least one step."
                ) from error

    def __getitem__(self, name: str) -> nn.Module:
        return self.layers[self.names.index(name)]

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> dict[str, Any]:
        """State at rest. shape: [B, *N]."""
        reference = like if like is not None else torch.empty(0)
        late = {a for order in self.orders if order for a, _ in order[1]}
        state: dict[str, Any] = {}
        for name, layer in zip(self.names, self.layers, strict=True):
            first = next(iter(self.before[name]))
            make: Any = getattr(layer, "initial_state", None)
            state[name] = {} if make is None else make((shape[0], *self.shapes[first]), reference)
            if name in late:
                full = (shape[0], *self.shapes[name])
                state[f"{name} last"] = torch.zeros(full, dtype=reference.dtype, device=reference.device)
        return state

    def run(self, x: Tensor, state: Mapping[str, Any] | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x [T, B, *N] from `state` (rest if None)."""
        if tuple(x.shape[2:]) != self.shapes[SOURCE]:
            raise ValueError(
                f"Graph: input must be [T, B, *N] with N = {self.shapes[SOURCE]}, got shape {tuple(x.shape)}."
            )
        after = dict(self.initial_state(x.shape[1:], x) if state is None else state)
        values = {SOURCE: x}
        for group, order in zip(self.groups, self.orders, strict=True):
            if order is None:
                (name,) = group
                done = _run(self[name], _total(values, self.before[name]), after[name])
                values[name], after[name] = done.output, done.state
            else:
                values |= self._loop(*order, values, after, x.shape[0])
        return Run(values[self.sink], after, {})

    def _loop(
        self, order: list[str], late: set[Edge], values: Mapping[str, Tensor], after: dict[str, Any], steps: int
    ) -> dict[str, Tensor]:
        """Runs a loop step by step: outputs [T, B, *N] of its nodes; puts their states into `after`."""
        inside = set(order)
        outside = {name: [n for n in self.before[name] if n not in inside] for name in order}
        driven = {name: _total(values, names) for name, names in outside.items() if names}
        slow = {name: layer for name in order if isinstance(layer := self[name], Delay) and layer.shortest > 0}
        last = {name: after[f"{name} last"] for name, _ in late}
        outputs: dict[str, list[Tensor]] = {name: [] for name in order}
        for t in range(steps):
            now = {name: delay.peek(after[name]) for name, delay in slow.items()}
            for name in order:
                parts = [driven[name][t]] if name in driven else []
                for source in self.before[name]:
                    if source in inside:
                        parts.append(last[source] if (source, name) in late else now[source])
                x = sum(parts[1:], parts[0])
                if name in slow:
                    after[name] = slow[name].push(x, after[name])
                else:
                    now[name], after[name] = _step(self[name], x, after[name])
            last = {name: now[name] for name in last}
            for name in order:
                outputs[name].append(now[name])
        after |= {f"{name} last": value for name, value in last.items()}
        return {name: torch.stack(rows) for name, rows in outputs.items()}

    def extra_repr(self) -> str:
        return ", ".join(f"{a or 'input'} -> {b}" for a, b in self.edges) + f"; output {self.sink}"


def _total(values: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    first, *rest = (values[name] for name in names)
    return sum(rest, first)


def _run(layer: nn.Module, x: Tensor, state: Any) -> Run:
    call: Any = getattr(layer, "run", None)
    return Run(layer(x), {}, {}) if call is None else call(x, state)


def _step(layer: nn.Module, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    call: Any = getattr(layer, "step", None)
    return (layer(x.unsqueeze(0))[0], {}) if call is None else call(x, state)
