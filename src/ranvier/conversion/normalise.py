"""How large an activation one spike a step stands for: the scale of each population.

A population's activation is its scale times its rate. A scale that is too small saturates (rates end at one spike a step); one that is too large
makes rates small, and the network slow, since a rate is known to 1/T after T steps.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.conversion.qcfs import QCFS
from ranvier.conversion.simplify import ACTIVATIONS, WEIGHTS
from ranvier.conversion.source import Affine, Chain, Step, Sum, through

BATCH = 250  # samples that run at a time
Scales = dict[str, Tensor]  # of each population, by name: 0-d, or one a channel [C]


class Normalisation(ABC):
    """A choice of scales from the network and samples x [n, *N] of its training data."""

    @abstractmethod
    def scales(self, chain: Chain, x: Tensor) -> Scales:
        """Scale of each population of a simple chain."""

    @abstractmethod
    def __str__(self) -> str:
        """What it does, for the list of assumptions."""


@dataclass(frozen=True)
class Percentile(Normalisation):
    """A percentile of the positive activations. Outliers beyond it saturate, and do not make all other rates small.

    p: in percent, 99.9 by default. channelwise: one scale for each channel of a picture; populations without pictures have one.

    Source: Rueckauer et al., Frontiers in Neuroscience 11:682 (2017), section 2.2.1; over positive values, as its toolbox does.
    """

    p: float = 99.9
    channelwise: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.p <= 100:
            raise ValueError(f"Percentile: p must lie in (0, 100] percent, got {self.p}. Write Percentile(99.9).")

    def scales(self, chain: Chain, x: Tensor) -> Scales:
        found: dict[str, list[Tensor]] = {}
        _watch(chain, x, lambda step, y: found.setdefault(step.name, []).append(y))
        return {name: self._of(torch.cat(parts)) for name, parts in found.items()}

    def _of(self, y: Tensor) -> Tensor:
        if self.channelwise and y.dim() == 4:
            return torch.stack([self._percentile(channel) for channel in y.transpose(0, 1)])
        return self._percentile(y)

    def _percentile(self, y: Tensor) -> Tensor:
        positive = y[y > 0]
        if not len(positive):
            return y.new_tensor(1.0)  # a population that never fires, whatever its scale
        rank = max(1, math.ceil(self.p / 100 * len(positive)))
        return positive.kthvalue(rank).values

    def __str__(self) -> str:
        each = " of each channel" if self.channelwise else ""
        return f"percentile {self.p:g} of the positive activations{each}; larger ones saturate"


@dataclass(frozen=True)
class MaxActivation(Normalisation):
    """The largest activation, or the largest weight where that is larger. One outlier makes all rates of its layer small.

    Source: Diehl et al., IJCNN (2015), data-based normalisation.
    """

    def scales(self, chain: Chain, x: Tensor) -> Scales:
        found: Scales = {}

        def see(step: Step, y: Tensor) -> None:
            found[step.name] = torch.maximum(found.get(step.name, y.new_tensor(0.0)), y.max())

        _watch(chain, x, see)
        for name, modules in _weights_before(chain).items():
            for module in modules:
                found[name] = torch.maximum(found[name], module.weight.detach().max())
        return {name: torch.where(s > 0, s, torch.ones_like(s)) for name, s in found.items()}

    def __str__(self) -> str:
        return "largest activation, or weight, of each layer; an outlier makes its rates small"


@dataclass(frozen=True)
class ModelBased(Normalisation):
    """The largest activation that any input could cause: the sum of the positive weights and bias of the most excitable neuron.

    Nothing ever saturates and rates are small. No activations are looked at; of the samples only the smallest and largest input.

    Source: Diehl et al., IJCNN (2015), model-based normalisation; negative inputs, biases and sums by intervals.
    """

    def scales(self, chain: Chain, x: Tensor) -> Scales:
        found: Scales = {}
        one = torch.ones_like(x[:1])
        _bounds(chain, x.min() * one, x.max() * one, found)
        return found

    def __str__(self) -> str:
        return "largest activation that any input could cause; nothing saturates and rates are small"


@dataclass(frozen=True)
class ThresholdBalancing(Normalisation):
    """Weights stay; each threshold is the largest input that its population receives in `steps` steps of the spiking network so far.

    The threshold times the scale of the population before it is the scale. Layer by layer, since what a layer receives depends on those before.

    Source: Sengupta et al., Frontiers in Neuroscience 13:95 (2019), "spike-norm"; Diehl et al., IJCNN (2015).
    """

    steps: int = 32

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(
                f"ThresholdBalancing: steps must be at least 1, got {self.steps}. Write ThresholdBalancing(32)."
            )

    def scales(self, chain: Chain, x: Tensor) -> Scales:
        """None beforehand: they are found while the network is built."""
        return {}

    def __str__(self) -> str:
        return f"thresholds balanced: the largest input to each population in {self.steps} steps; weights as they were"


def fixed(chain: Chain) -> Scales:
    """Scales that a network was trained with: the thresholds of its QCFS activations."""
    found: Scales = {}

    def visit(items: Chain) -> None:
        for item in items:
            if isinstance(item, Sum):
                visit(item.branches[0])
                visit(item.branches[1])
            elif isinstance(item.module, QCFS):
                found[item.name] = item.module.threshold.detach()

    visit(chain)
    return found


@torch.no_grad()
def _watch(chain: Chain, x: Tensor, see: Any) -> None:
    """Shows the activations on x [n, *N], in batches."""
    for part in x.split(BATCH):
        through(chain, part, lambda step, y: see(step, y) if isinstance(step.module, ACTIVATIONS) else None)


def _weights_before(chain: Chain) -> dict[str, list[Any]]:
    """Linear and Conv2d modules that each population hears directly."""
    found: dict[str, list[Any]] = {}

    def walk(items: Chain, heard: list[Any]) -> list[Any]:
        for item in items:
            if isinstance(item, Sum):
                heard = [module for branch in item.branches for module in walk(branch, heard)]
            elif isinstance(item.module, WEIGHTS):
                heard = [item.module]
            elif isinstance(item.module, ACTIVATIONS):
                found[item.name], heard = heard, []
        return heard

    walk(chain, [])
    return found


@torch.no_grad()
def _bounds(chain: Chain, low: Tensor, high: Tensor, found: Scales) -> tuple[Tensor, Tensor]:
    """Least and greatest output [1, *M] for any input between `low` and `high` [1, *N]; notes each population's greatest."""
    for item in chain:
        if isinstance(item, Sum):
            first, second = (_bounds(branch, low, high, found) for branch in item.branches)
            low, high = first[0] + second[0], first[1] + second[1]
        elif isinstance(item.module, (*WEIGHTS, Affine)):
            low, high = _weighted(item.module, low, high)
        else:
            low, high = item.module(low), item.module(high)
        if isinstance(item, Step) and isinstance(item.module, ACTIVATIONS):
            top = high.max()
            found[item.name] = torch.where(top > 0, top, torch.ones_like(top))
            low, high = torch.zeros_like(low), torch.full_like(high, float(found[item.name]))
    return low, high


def _weighted(module: nn.Module, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    middle, half = (low + high) / 2, (high - low) / 2
    centre = module(middle)
    if isinstance(module, Affine):
        spread = (module(middle + half) - centre).abs()
    elif isinstance(module, nn.Linear):
        spread = half @ module.weight.abs().T
    else:
        assert isinstance(module, nn.Conv2d)
        spread = nn.functional.conv2d(
            half,
            module.weight.abs(),
            None,
            module.stride,
            module.padding,
            1,
            module.groups,
        )
    return centre - spread, centre + spread
