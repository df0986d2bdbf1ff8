"""How often neurons fire under a constant input: nothing is read or written that grows with the number of steps."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from ranvier.equations.lowering import Loop
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.run import WIDEST, Plan
from ranvier.kernels.cpu.source import Variant, count_source
from ranvier.kernels.cpu.threads import split

LONGEST = 1 << 24  # steps whose spikes float32 counts exactly


def count(
    loop: Loop, x: Tensor, steps: int, states: Sequence[Tensor], values: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """The compiled twin of `eager.count`: same arguments, same results."""
    plan = Plan.of(loop, (loop.program.output,), values, x.dtype)
    kernel = _kernel(loop, plan.variant)
    _, R, C = plan.layout(torch.Size((1, *x.shape)))
    width = min(WIDEST, C)
    x = x.detach().contiguous()
    final = [s.detach().clone(memory_format=torch.contiguous_format) for s in states]
    part, total = torch.empty_like(x), torch.zeros(x.shape, dtype=torch.int64)
    arrays = [a.view(R, C).numpy() for a in (x, part, *final)]
    for begin in range(0, steps, LONGEST):
        now = min(LONGEST, steps - begin)
        split(R * -(-C // width), now * x.numel(), kernel, *arrays, *plan.values, now, width)
        total += part.long()
    return total, final


@lru_cache(maxsize=256)
def _kernel(loop: Loop, variant: Variant) -> Callable[..., None]:
    return load(count_source(loop, variant), "count").count
