"""The network that is converted, as a chain: steps in a row, some of which are the sum of two chains."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ranvier.layers.scale import along_channels


@dataclass(frozen=True, eq=False)
class Step:
    """One module. name: as in the model, where its weights have it. shape: of its output, [*N], once it is known."""

    name: str
    module: nn.Module
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Sum:
    """Two chains from one place, added."""

    name: str
    branches: "tuple[Chain, Chain]"
    shape: tuple[int, ...] = ()


Chain = tuple[Step | Sum, ...]


class Affine(nn.Module):
    """y = factor * x + offset, one each a channel [C], for x [B, C, *N]: a batch norm that follows no weights."""

    def __init__(self, factor: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor)
        self.register_buffer("offset", offset)

    def forward(self, x: Tensor) -> Tensor:
        return x * along_channels(self.get_buffer("factor"), x.dim() - 1) + along_channels(
            self.get_buffer("offset"), x.dim() - 1
        )


class Source(nn.Module):
    """A chain as a torch module: [B, *N] -> [B, *M]."""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self.chain = chain
        self.steps = nn.ModuleList([step.module for step in steps_of(chain)])

    def forward(self, x: Tensor) -> Tensor:
        return through(self.chain, x)


def through(chain: Chain, x: Tensor, seen: Callable[[Step, Tensor], None] | None = None) -> Tensor:
    """Output [B, *M] of a chain for x [B, *N]. seen: told the output of each step."""
    for item in chain:
        if isinstance(item, Sum):
            first, second = (through(branch, x, seen) for branch in item.branches)
            x = first + second
        else:
            x = item.module(x)
            if seen is not None:
                seen(item, x)
    return x


def steps_of(chain: Chain) -> Iterator[Step]:
    """Every step, those inside sums too, in order."""
    for item in chain:
        if isinstance(item, Sum):
            for branch in item.branches:
                yield from steps_of(branch)
        else:
            yield item


@torch.no_grad()
def outputs(chain: Chain, x: Tensor, batch: int) -> Tensor:
    """Outputs [n, *M] for many samples x [n, *N]."""
    return torch.cat([through(chain, part) for part in x.split(batch)])
