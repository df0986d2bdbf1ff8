"""`Count`: what one layer did, in numbers that any technology can put a price on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import nn

from ranvier.energy.step import arithmetic
from ranvier.kernels.cpu.stage import Work
from ranvier.layers import Recurrent
from ranvier.layers.explain import Explanation
from ranvier.neurons.neuron import Neuron


@dataclass
class Count:
    """One layer, summed over samples and steps, but for what is said to be of one pass or one neuron.

    place, name: in the network. inputs: numbers that come in at a step; synapses: multiply-accumulates of one dense pass, borders included.
    events: spikes that came in (one that enters a pooling window once for each window), or values that are not zero where they are no
    spikes. additions (AC), multiplications (MAC): synaptic operations, one for each event and each synapse that is not zero; an input with
    any value but 0 and 1 makes all of its layer's operations multiplications. values: numbers that came in where they are no spikes, zeros
    as well. updates: neuron steps; arrivals: those in which an event arrives, None where it was not looked at. states: numbers a neuron
    keeps; adds, multiplies: of one neuron step. once: a layer that works once a sample, such as a readout of pooled states, however many passes the
    others would make without spikes.
    """

    place: str
    name: str
    inputs: int = 0
    synapses: int = 0
    events: int = 0
    additions: int = 0
    multiplications: int = 0
    values: int = 0
    updates: int = 0
    states: int = 0
    adds: int = 0
    multiplies: int = 0
    arrivals: int | None = None
    once: bool = False

    @property
    def analog(self) -> bool:
        """Whether other values than spikes came in."""
        return self.values > 0

    def take(self, other: Self) -> None:
        """Adds the same layer's work on other samples."""
        for name in ("events", "additions", "multiplications", "values", "updates"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.arrivals = (
            None if None in (self.arrivals, other.arrivals) else (self.arrivals or 0) + (other.arrivals or 0)
        )
        if self.analog and self.additions:  # spikes in one part and values in another: the layer needs multipliers
            self.additions, self.multiplications = 0, self.multiplications + self.additions


@dataclass
class Counts:
    """All layers with synapses or neurons, in order. steps: of a sample. footprint: bytes of parameters and buffers.

    spiking: whether anything spikes; a model of real numbers alone is its own network without spikes.
    """

    layers: list[Count]
    samples: int
    steps: int
    footprint: int
    spiking: bool = True

    def take(self, other: "Counts") -> None:
        """Adds the work of the same network on other samples of as many steps."""
        for mine, its in zip(self.layers, other.layers, strict=True):
            mine.take(its)
        self.samples += other.samples
        for c in self.layers:
            c.values = c.inputs * self.steps * self.samples if c.analog else 0

    @staticmethod
    def of(layers: Sequence[nn.Module], seen: Explanation, samples: int, steps: int) -> "Counts":
        """From what the kernels counted on the way (`Sequential.explain`).

        Synapses that are zero count there like others, pooling whose windows overlap hands on values, and what containers such as
        `Residual` hold is not seen.
        """
        found = [_of_work(str(k), layers[k], work) for k, work in seen.layers.items()]
        return Counts([c for c in found if c.synapses or c.updates], samples, steps, footprint(layers))


def neurons(place: str, neuron: Neuron, updates: int) -> Count:
    """A population that took so many neuron steps."""
    adds, multiplies = arithmetic(neuron)
    states = len(neuron.program.state_names)
    return Count(place, type(neuron).__name__, updates=updates, states=states, adds=adds, multiplies=multiplies)


def footprint(layers: Sequence[nn.Module]) -> int:
    """Bytes of all parameters and buffers."""
    held: dict[int, torch.Tensor] = {}
    for layer in layers:
        held |= {id(x): x for x in (*layer.parameters(), *layer.buffers())}
    return sum(x.numel() * x.element_size() for x in held.values())


def _of_work(place: str, layer: nn.Module, work: Work) -> Count:
    neuron = layer.neuron if isinstance(layer, Recurrent) else layer
    count = neurons(place, neuron, work.updates) if isinstance(neuron, Neuron) else Count(place, type(layer).__name__)
    count.name = type(layer).__name__
    if work.dense:
        count.inputs, count.synapses = work.inputs, work.dense // work.rows
        count.events = work.events
        count.additions, count.multiplications = (0, work.operations) if work.analog else (work.operations, 0)
        count.values = work.inputs * work.rows if work.analog else 0
    return count


def address_bits(inputs: int) -> int:
    """Bits that tell which of the inputs an event is."""
    return max(1, math.ceil(math.log2(max(2, inputs))))
