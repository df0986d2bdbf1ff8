"""The contract of a chip's limits, and what several chips ask of a network."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from ranvier.equations.options import CurrentInput, ImpulseInput, NoReset, Subtract, ToValue, refractory_steps
from ranvier.hardware.chips.projection import Projection, projections
from ranvier.hardware.plan import Gate, Op, Pool, Population, Scaled, Weights, every

KINDS = {ToValue: "to a value", Subtract: "by subtraction", NoReset: "none"}
INPUTS = {CurrentInput: "a current", ImpulseInput: "impulses"}


@dataclass(frozen=True)
class Violation:
    """What a network has that a chip has not. layer: place in the network, "" for the whole of it; name: the layer's class.

    limit: what the chip can do. value: what the network has. source: where the limit is published.
    """

    chip: str
    layer: str
    name: str
    limit: str
    value: str
    source: str

    def __str__(self) -> str:
        where = f"layer {self.layer} ({self.name})" if self.layer else self.name
        return f"{where}: {self.value}; {self.chip} has {self.limit} [{self.source}]"


class Chip(ABC):
    """Limits of one chip. unchecked: what this checker does not look at, or takes for granted."""

    title: ClassVar[str]
    unchecked: ClassVar[tuple[str, ...]]

    def violations(self, ops: Sequence[Op]) -> list[Violation]:
        """Everything in a network that goes beyond the chip, in the order of the layers; the whole network last."""
        flat = list(every(ops))
        places = [op.place for op in flat]
        found = self.find(flat, projections(ops))
        return sorted(found, key=lambda v: places.index(v.layer) if v.layer else len(places))

    @abstractmethod
    def find(self, ops: list[Op], parts: list[Projection]) -> Iterator[Violation]:
        """Each violation."""

    def broken(self, op: Op | None, limit: str, value: str, source: str) -> Violation:
        """A violation by an operation, or by the network."""
        place, name = ("", "network") if op is None else (op.place, op.name)
        return Violation(self.title, place, name, limit, value, source)

    # ---- questions that several chips ask ------------------------------------------------------------------------------

    def spiking(self, ops: list[Op], source: str) -> Iterator[Violation]:
        """What no chip of spiking neurons has: layers after a population whose output is no spikes, and the maximum of a window."""
        for k, op in enumerate(ops):
            if isinstance(op, Population) and not op.fires and k < len(ops) - 1:
                yield self.broken(
                    op, "spikes between neurons", "its output is a membrane that other layers read", source
                )
            if isinstance(op, Pool) and op.kind == "max":
                yield self.broken(
                    op,
                    "weighted sums of spikes",
                    "takes the maximum of a window (an OR of spikes needs neurons)",
                    source,
                )
            if isinstance(op, Gate):
                value = "compares the counts of a window (convert a network with nn.AvgPool2d in place of nn.MaxPool2d)"
                yield self.broken(op, "weighted sums of spikes", value, source)

    def model(
        self, op: Population, models: Collection[str], resets: Collection[type], source: str
    ) -> Iterator[Violation]:
        """A population's model and reset, where the chip has others. models: names of our classes."""
        names = {kind.__name__ for kind in type(op.model).__mro__}
        if not names & set(models):
            yield self.broken(
                op, f"the models {', '.join(models)}", f"its neurons are {type(op.model).__name__}", source
            )
        elif op.fires and type(op.model.options.reset) not in resets:
            has, want = KINDS[type(op.model.options.reset)], " or ".join(KINDS[r] for r in KINDS if r in resets)
            yield self.broken(op, f"a reset {want}", f"its reset is {has}", source)

    def weight_bits(self, part: Projection, most: int, source: str) -> Iterator[Violation]:
        """Weights in floating point, or of too many bits."""
        for op, weights in part.weights:
            if weights.bits is None:
                value = f"its weights are floating point (rv.hardware.quantise(net, bits={min(most, 8)}) rounds them)"
                if isinstance(op, Scaled):
                    value = "its factors are floating point (give the shortcut a Linear or Conv2d in place of them)"
                yield self.broken(op, f"weights of at most {most} bit", value, source)
            elif weights.bits > most:
                yield self.broken(op, f"weights of at most {most} bit", f"its weights have {weights.bits} bit", source)


def whole_scales(weights: Sequence[tuple[Op, Weights]]) -> list[float]:
    """All different scales of the weights that meet in one population, the smallest first."""
    return sorted({float(s) for _, w in weights if w.scale is not None for s in w.scale})


def steps_of(op: Population) -> int:
    """Refractory steps of a population."""
    options = op.model.options
    return 0 if options.refractory is None else refractory_steps(options.refractory, options.dt)


def range_of(op: Population, name: str) -> tuple[float, float] | None:
    """Smallest and largest value of a parameter, or None where the model has none."""
    if name not in op.model.declaration.parameters:
        return None
    value = torch.as_tensor(op.model.parameter_value(name)).detach()
    return float(value.min()), float(value.max())
