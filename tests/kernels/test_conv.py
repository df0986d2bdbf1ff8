"""Convolution by events equals torch's: output, and the gradients of weights, bias and input, for every geometry and pooling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier.kernels.cpu import chain, conv, threads
from ranvier.kernels.cpu.chain import Chain
from ranvier.kernels.cpu.conv import SUMS, WIDE_ENOUGH, ConvStage, Geometry
from ranvier.kernels.cpu.lists import densify, of_values, remap
from ranvier.kernels.cpu.pool import FoldedStage, Pooling
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.kernels.cpu.vector import LANES

F64 = torch.float64
MAX, MEAN, SUM = (Pooling(kind, (2, 2), (2, 2)) for kind in ("max", "mean", "sum"))


@dataclass(frozen=True)
class Case:
    """size: (C, H, W) of the input."""

    size: tuple[int, int, int]
    outputs: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    pooling: Pooling | None = None
    bias: bool = True

    def __str__(self) -> str:
        text = f"{self.size}-{self.outputs}-k{self.kernel}-s{self.stride}-p{self.padding}-g{self.groups}-{self.pooling and self.pooling.kind}"
        return text.replace(" ", "").replace(",", "x")


WIDE = WIDE_ENOUGH + 1  # outputs that are gathered, not scattered
CASES = [
    Case((1, 1, 1), 1, (1, 1)),
    Case((1, 1, 1), WIDE, (1, 1)),
    Case((2, 6, 7), 3, (3, 3)),
    Case((2, 6, 7), WIDE, (3, 3), bias=False),
    Case((3, 5, 8), 4, (2, 3), padding=(1, 2), bias=False),
    Case((3, 5, 8), LANES + 5, (2, 3), padding=(1, 2)),
    Case((2, 9, 8), 5, (3, 2), (2, 2), (1, 0)),
    Case((2, 9, 8), LANES, (3, 2), (2, 2), (1, 0)),
    Case((2, 8, 11), 3, (5, 4), (2, 3), (2, 3)),
    Case((2, 8, 11), WIDE, (5, 4), (2, 3), (2, 3)),
    Case((2, 9, 10), 3, (2, 2), (3, 4), (0, 1)),  # inputs that no output sees
    Case((2, 9, 10), WIDE, (2, 2), (3, 4), (0, 1)),
    Case((1, 4, 5), 2, (4, 5)),
    Case((1, 3, 3), WIDE, (5, 5), padding=(2, 2)),  # a kernel larger than the picture
    Case((4, 6, 5), 6, (3, 2), (2, 1), (1, 1), groups=2),
    Case((4, 6, 5), 4, (3, 3), padding=(1, 1), groups=4),
    Case((2, 5, 5), 2 * WIDE, (3, 3), (1, 2), groups=2),  # wide, but scattered: groups
    Case((3, 4, 4), 3 * (LANES + 1), (2, 2), groups=3),
    Case((50, 3, 4), 3, (3, 3), padding=(1, 1)),  # lines of a patch longer than LANES
    Case((2, 7, 9), 3, (2, 2), pooling=MAX),
    Case((2, 7, 9), WIDE, (2, 2), padding=(1, 1), pooling=MAX),
    Case((2, 7, 9), 3, (2, 2), pooling=MEAN),
    Case((2, 7, 9), WIDE, (2, 2), (2, 1), pooling=MEAN),
    Case((2, 7, 9), 9, (2, 2), pooling=SUM),
    Case((4, 7, 9), 6, (2, 2), (1, 2), (1, 1), groups=2, pooling=Pooling("max", (3, 2), (2, 1))),
    Case((4, 7, 9), 6, (2, 2), padding=(1, 1), groups=2, pooling=Pooling("mean", (3, 2), (1, 3))),
    Case((2, 8, 8), WIDE, (3, 3), pooling=Pooling("sum", (2, 3), (1, 1)), bias=False),
]
STEPS, BATCH = 3, 2


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def spikes(shape: tuple[int, ...], density: float | str, seed: int = 3) -> Tensor:
    if density == "one":
        x = torch.zeros(shape, dtype=F64)
        x.view(-1)[-1] = 1
        return x
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < density).to(F64)


def pooled(y: Tensor, p: Pooling | None) -> Tensor:
    if p is None:
        return y
    if p.kind == "max":
        return F.max_pool2d(y, p.size, p.stride)
    return F.avg_pool2d(y, p.size, p.stride, divisor_override=1 if p.kind == "sum" else None)


def reference(case: Case, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x [T, B, C, H, W]."""
    y = F.conv2d(x.flatten(0, 1), weight, bias, case.stride, case.padding, 1, case.groups)
    return pooled(y, case.pooling).unflatten(0, x.shape[:2])


def stages(case: Case, weight: Tensor, bias: Tensor | None, channels_last: bool) -> list[Stage]:
    stage = ConvStage(
        weight, bias, case.stride, case.padding, case.groups, Place(STEPS, (BATCH, *case.size), F64, channels_last)
    )
    stage.pooling = case.pooling
    return [stage] if case.pooling is None else [stage, FoldedStage()]


def parameters(case: Case) -> tuple[Tensor, Tensor | None]:
    weight = normal(case.outputs, case.size[0] // case.groups, *case.kernel).requires_grad_()
    return weight, normal(case.outputs, seed=2).requires_grad_() if case.bias else None


def close(got: object, expected: object) -> None:
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("density", [0.0, "one", 0.15, 1.0])
@pytest.mark.parametrize("channels_last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_dense_convolution(
    case: Case, channels_last: bool, density: float | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By events, where 1 allows every density; dense, where 0 allows none. With errors that are few, and that are many."""
    weight, bias = parameters(case)
    x = spikes((STEPS, BATCH, *case.size), density).requires_grad_()
    expected = reference(case, x, weight, bias)
    leaves = [v for v in (x, weight, bias) if v is not None]
    memory = x.detach().movedim(2, -1).contiguous() if channels_last else x.detach()
    for densest in (1.0, -1.0):
        monkeypatch.setattr(conv, "DENSEST", densest)
        given = memory.clone().requires_grad_()
        source = Signal(tuple(given.shape), F64, values=given.detach(), channels_last=channels_last)
        made = stages(case, weight, bias, channels_last)
        made[0].measured = True
        y, _ = chain.run(Chain(made, source, (BATCH, *case.size)), given, [])
        assert made[0].work.path == ("events" if densest > 0 else "dense")
        close(y.detach(), expected.detach())
        for error in (normal(*y.shape, seed=5), normal(*y.shape, seed=5) * spikes(tuple(y.shape), 0.1, seed=6)):
            found = torch.autograd.grad(y, [given, *leaves[1:]], error, retain_graph=True)
            theirs = torch.autograd.grad(expected, leaves, error, retain_graph=True)
            found = (found[0].movedim(-1, 2), *found[1:]) if channels_last else found
            close(found, theirs)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("case", [CASES[8], CASES[9], CASES[14], CASES[20], CASES[25]], ids=str)
def test_repeated_events_that_count_a_share_over_stretches(
    case: Case, steps: int, stretch: Callable[[int], None]
) -> None:
    """As they arrive from a mean over windows; between them a stretch whose density makes it dense."""
    stretch(steps)
    weight, bias = parameters(case)
    inputs = int(np.prod(case.size))
    before = spikes((5, BATCH, 2 * inputs), 0.15)
    before[2:4] = spikes((2, BATCH, 2 * inputs), 0.9)
    events = of_values(before.view(5 * BATCH, -1).numpy())
    assert events is not None
    events = remap(events, np.tile(np.arange(inputs, dtype=np.int32), 2)[None], inputs)
    x = torch.from_numpy(densify(events, 0.5, np.float64)).view(5, BATCH, *case.size)
    source = Signal(tuple(x.shape), F64, lists=events, scale=0.5, repeated=True)
    y, _ = chain.run(Chain(stages(case, weight, bias, False), source, (BATCH, *case.size)), None, [])
    expected, leaves = reference(case, x, weight, bias), [v for v in (weight, bias) if v is not None]
    close(y.detach(), expected.detach())
    error = normal(*y.shape, seed=5)
    close(torch.autograd.grad(y, leaves, error), torch.autograd.grad(expected, leaves, error))


@pytest.mark.parametrize("case", [CASES[2], CASES[5], CASES[14], CASES[20], CASES[24]], ids=str)
def test_thread_count_changes_no_bit(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LEAST", 1)
    monkeypatch.setattr(conv, "DENSEST_ERROR", 1.1)  # by events, whatever the density
    weight, bias = parameters(case)
    x = spikes((7, BATCH, *case.size), 0.2).requires_grad_()
    before, results = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            made = stages(case, weight, bias, False)
            y, _ = chain.run(Chain(made, Signal.outer(x.detach()), (BATCH, *case.size)), x, [])
            grads = torch.autograd.grad(y, [v for v in (x, weight, bias) if v is not None], normal(*y.shape))
            results.append([y.detach(), *grads])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
    assert 7 * BATCH > SUMS, "the partial sums have several rows"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table_of_an_input_names_the_outputs_that_it_reaches(case: Case) -> None:
    channels, height, width = case.size
    g = Geometry(channels, height, width, case.outputs, case.kernel, case.stride, case.padding, case.groups)
    assert len(g.columns) == case.kernel[1] and sorted(g.columns) == list(range(case.kernel[1]))
    high, wide = g.after
    for channels_first in (True, False):
        table = g.decode(channels_first)
        assert sorted(table[:, 7] * channels + table[:, 0]) == list(range(channels * height * width))
        for c, place, ox, columns, ky, oy, rows, pixel in table.tolist():
            y, x = divmod(pixel, width)
            reached = {
                (oy - n, ox + m, ky + n * g.stride[0], int(g.columns[place + m]))
                for n in range(rows)
                for m in range(columns)
            }
            every = {
                (v, u, y + g.padding[0] - v * g.stride[0], x + g.padding[1] - u * g.stride[1])
                for v in range(high)
                for u in range(wide)
            }
            assert reached == {e for e in every if 0 <= e[2] < g.kernel[0] and 0 <= e[3] < g.kernel[1]}, (c, pixel)
