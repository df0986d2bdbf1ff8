"""Synaptic currents of a population, from its equations: what they would be worth as a current that is injected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.equations.declaration import Declaration
from ranvier.neurons.neuron import Neuron
from ranvier.simulation.engine import Chunk, Engine, Probe
from ranvier.simulation.memory import Placed, receptor_among
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.receptors import Receptor, joined
from ranvier.units import NAMED

NAME = "currents"  # what `Network.record` and `Run.trace` call them


@dataclass(eq=False)
class Currents:
    """The synaptic states of a population. groups: those of each port; reads: all that a current depends on, as states to record."""

    declaration: Declaration
    values: Mapping[str, Any]
    groups: tuple[frozenset[str], ...]
    reads: tuple[str, ...]

    def of(self, states: Mapping[str, Tensor]) -> list[Tensor]:
        """The current of each port [A].

        d(membrane)/dt with the port's states less the same without, over what a unit of injected current adds to it; where the model takes no current,
        the state that is a current itself.
        """
        given, found = {**self.values, **states}, []
        membrane = self.declaration.membrane
        for group in self.groups:
            own = [k for k in group if self.declaration.dimensions[k] == NAMED["current"]]
            if not self.declaration.takes_input("dynamics"):
                found.append(sum((states[k] for k in own), torch.zeros(())))
                continue
            without = given | dict.fromkeys(group, torch.zeros(()).double())
            slope, rest, raised = (
                torch.as_tensor(self.declaration.call("dynamics", values, current)[membrane])
                for values, current in ((given, 0.0), (without, 0.0), (without, 1.0))
            )
            found.append((slope - rest) / (raised - rest))
        return found


def ports_of(placed: Placed, inputs: Sequence[Projection | Drive], dt: float) -> Currents:
    """The ports of a population whose currents can be told. Raises ValueError where there is none, or where one mixes excitation and inhibition."""
    p, model = placed.population, placed.population.model
    assert isinstance(model, Neuron)
    neuron, pulse = joined(model, placed.receptors, dt)
    declaration = neuron.declaration
    values = {k: torch.as_tensor(v, dtype=torch.float64) for k, v in neuron.parameter_values().items()} | {"dt": dt}
    values |= dict.fromkeys(declaration.draws, torch.zeros(()).double())
    methods = [r for r in placed.receptors if not (pulse and r.synapse is None)]
    names = iter(getattr(neuron.options.drive, "methods", ("receive",) * len(methods)))
    groups = []
    for receptor in methods:
        group = _closed(declaration, values, _raised(declaration, values, next(names), receptor))
        if not group:
            continue
        _unmixed(p.name, receptor, inputs, placed)
        groups.append(group)
    if not groups:
        raise ValueError(
            f"Network.record: impulses act on the membrane of {p.name} at once, so there are no synaptic currents. "
            "Connect it with a synapse, as in synapse=rv.ExponentialSynapse(tau=5 * ms)."
        )
    if not declaration.takes_input("dynamics") and any(
        declaration.dimensions[k] != NAMED["current"] for group in groups for k in group
    ):
        raise ValueError(
            f"Network.record: {type(model).__name__} takes no current in its dynamics, so its synaptic currents have no scale. "
            "Use a LIF with synapse=, or ConductanceLIF."
        )
    reads = tuple(k for k in placed.states if k in declaration.states)
    return Currents(declaration, values, tuple(groups), reads)


def _raised(declaration: Declaration, values: Mapping[str, Any], method: str, receptor: Receptor) -> frozenset[str]:
    """The states that an impulse of this port changes, but the membrane."""
    states = dict.fromkeys(declaration.states, torch.zeros(()).double())
    x = torch.tensor(float(receptor.sign or 1), dtype=torch.float64)
    after = declaration.call(method, {**values, **states}, x)
    return frozenset(k for k, v in after.items() if k != declaration.membrane and float(torch.as_tensor(v).abs().max()))


def _closed(declaration: Declaration, values: Mapping[str, Any], states: frozenset[str]) -> frozenset[str]:
    """Those states and all that follow them, as the current of an alpha synapse follows what impulses raise; never the membrane."""
    base = dict.fromkeys(declaration.states, torch.full((), 0.5).double())
    while states:
        other = base | dict.fromkeys(states, torch.full((), 0.25).double())
        slopes, moved = (declaration.call("dynamics", {**values, **s}, 0.0) for s in (base, other))
        more = {
            k
            for k in slopes
            if k != declaration.membrane and not torch.equal(*map(torch.as_tensor, (slopes[k], moved[k])))
        }
        if more <= states:
            break
        states |= more
    return states


def _unmixed(name: str, receptor: Receptor, inputs: Sequence[Projection | Drive], placed: Placed) -> None:
    signs: set[float] = set()
    for given in inputs:
        if given.post is placed.population and receptor_among([receptor], given) == 0:
            signs |= _signs(given)
    if not receptor.sign and len(signs) > 1:
        raise ValueError(
            f"Network.record: excitation and inhibition of {name} add up in one synaptic current, and cannot be told apart. "
            "Give each a synapse of its own, as in synapse=rv.ExponentialSynapse(tau=10 * ms) for the inhibitory projections."
        )


def _signs(given: Projection | Drive) -> set[float]:
    if isinstance(given, Drive):
        return {1.0, -1.0} if given.rate is None else {float(np.sign(given.weight))}
    if given.pre.excitatory is not None:
        return {1.0 if given.pre.excitatory else -1.0}
    w = given.weight
    ends = (w.low, w.high) if hasattr(w, "kind") else (np.min(w, initial=0), np.max(w, initial=0))
    return {float(np.sign(x)) for x in ends} - {0.0}


class Summed:
    """Sums of the synaptic currents over neurons, of which raw samples are kept for a chunk of steps alone.

    asked: for each record its population, neurons and steps between samples.
    """

    def __init__(self, asked: Sequence[Probe], engine: Engine, inputs: Sequence[Projection | Drive]) -> None:
        self.probes: list[Probe] = []
        self.ports: list[tuple[Currents, slice, np.ndarray]] = []
        for a in asked:
            ports = ports_of(engine.placed[a.population.number], inputs, engine.dt)
            first = len(self.probes)
            self.probes += [Probe(a.population, state, a.neurons, a.every) for state in ports.reads]
            self.ports.append((ports, slice(first, len(self.probes)), a.neurons))

    def reduced(self, chunk: Chunk, before: int) -> Chunk:
        """A chunk whose samples from `before` on, those of `probes`, have become sums [samples, 2]: of excitatory currents and of inhibitory ones."""
        if not self.ports:
            return chunk
        raw, sums = chunk.samples[before:], []
        for ports, mine, neurons in self.ports:
            states = {k: torch.as_tensor(x).double() for k, x in zip(ports.reads, raw[mine], strict=True)}
            chosen = Currents(
                ports.declaration, {k: _some(v, neurons) for k, v in ports.values.items()}, ports.groups, ports.reads
            )
            found = torch.stack([x.expand(len(raw[mine][0]), len(neurons)) for x in chosen.of(states)])
            sums.append(torch.stack([found.clamp(min=0).sum((0, 2)), found.clamp(max=0).sum((0, 2))], 1).numpy())
        return Chunk(chunk.steps, chunk.neurons, [*chunk.samples[:before], *sums])


def _some(value: Any, neurons: np.ndarray) -> Any:
    return value[torch.as_tensor(neurons)] if isinstance(value, Tensor) and value.dim() else value
