"""Pooling on values and on spikes equals torch's: output and the gradient of the input, ties and NaN included."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import ranvier as rv
from ranvier.kernels.cpu import chain
from ranvier.kernels.cpu.chain import Chain
from ranvier.kernels.cpu.lists import Lists, densify, of_values, remap
from ranvier.kernels.cpu.pool import Pooling, PoolStage, first_active, once, places, pool, unpool
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place

F64, F32 = torch.float64, torch.float32
WINDOWS = [((1, 1), (1, 1)), ((2, 2), (2, 2)), ((2, 3), (2, 3)), ((3, 2), (1, 2)), ((2, 2), (3, 3)), ((5, 7), (1, 1))]
KINDS = ["max", "mean", "sum"]
T, B, C, H, W = 3, 2, 9, 5, 7  # more channels than lanes of a maximum


def torch_pool(x: Tensor, p: Pooling) -> Tensor:
    """x [T, B, C, H, W]."""
    frames = x.flatten(0, 1)
    if p.kind == "max":
        y = F.max_pool2d(frames, p.size, p.stride)
    else:
        y = F.avg_pool2d(frames, p.size, p.stride, divisor_override=1 if p.kind == "sum" else None)
    return y.unflatten(0, x.shape[:2])


def spikes(density: float | str, channels: int = C, seed: int = 3) -> Tensor:
    shape = (T, B, channels, H, W)
    if density == "one":
        x = torch.zeros(shape, dtype=F64)
        x.view(-1)[-1] = 1
        return x
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < density).to(F64)


def run(p: Pooling, source: Signal, x: Tensor | None, channels_last: bool = False, size: tuple = (C, H, W)) -> Tensor:
    stage = PoolStage(p, Place(T, (B, *size), source.dtype, channels_last))
    return chain.run(Chain([stage], source, (B, *size)), x, [])[0]


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


both_layouts = pytest.mark.parametrize("channels_last", [False, True], ids=["channels first", "channels last"])
every_window = pytest.mark.parametrize(("size", "stride"), WINDOWS, ids=str)
every_kind = pytest.mark.parametrize("kind", KINDS)


@both_layouts
@every_window
@every_kind
@pytest.mark.parametrize("channels", [1, C])
@pytest.mark.parametrize("values", ["normal", "ties", 0.0, "one", 0.3, 1.0])
def test_equals_torch(
    kind: str, size: tuple, stride: tuple, channels: int, values: str | float, channels_last: bool
) -> None:
    p = Pooling(kind, size, stride)
    if values == "normal":
        x = normal(T, B, channels, H, W)
    elif values == "ties":
        x = torch.randint(-1, 3, (T, B, channels, H, W), generator=torch.Generator().manual_seed(2)).to(F64)
    else:
        x = spikes(values, channels)
    x.requires_grad_()
    memory = x.detach().movedim(2, -1).contiguous() if channels_last else x.detach()
    given = memory.clone().requires_grad_()
    source = Signal(tuple(given.shape), F64, values=given.detach(), channels_last=channels_last)
    y, expected = run(p, source, given, channels_last, (channels, H, W)), torch_pool(x, p)
    torch.testing.assert_close(y.detach(), expected.detach(), rtol=1e-12, atol=1e-12)
    error = normal(*y.shape, seed=4)
    (ours,), (theirs,) = torch.autograd.grad(y, given, error), torch.autograd.grad(expected, x, error)
    torch.testing.assert_close(ours.movedim(-1, 2) if channels_last else ours, theirs, rtol=1e-12, atol=1e-12)


@every_kind
def test_both_dtypes(kind: str) -> None:
    x = normal(T, B, C, H, W).to(F32).requires_grad_()
    p = Pooling(kind, (2, 3), (2, 2))
    y, expected = run(p, Signal.outer(x.detach()), x), torch_pool(x, p)
    torch.testing.assert_close(y.detach(), expected.detach())
    error = normal(*y.shape, seed=4).to(F32)
    torch.testing.assert_close(torch.autograd.grad(y, x, error), torch.autograd.grad(expected, x, error))


@both_layouts
@every_kind
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_repeated_events_that_count_a_share(kind: str, scale: float, channels_last: bool) -> None:
    """As they arrive from another pooling: an input may count more than once, and the largest is no longer 1."""
    inputs = C * H * W
    before = of_values(
        (torch.rand(T * B, 2 * inputs, generator=torch.Generator().manual_seed(1)) < 0.3).double().numpy()
    )
    assert before is not None
    events = remap(before, np.tile(np.arange(inputs, dtype=np.int32), 2)[None], inputs)
    dense = torch.from_numpy(densify(events, scale, np.float64))
    shape = (T, B, H, W, C) if channels_last else (T, B, C, H, W)
    x = dense.view(shape).movedim(-1, 2) if channels_last else dense.view(shape)
    assert float(x.max()) == 2 * scale
    for stride in ((2, 2), (1, 2)):
        p = Pooling(kind, (2, 2), stride)
        y = run(
            p,
            Signal(shape, F64, lists=events, scale=scale, channels_last=channels_last, repeated=True),
            None,
            channels_last,
        )
        torch.testing.assert_close(y, torch_pool(x, p), rtol=1e-12, atol=1e-12)


def test_a_window_with_more_places_than_a_byte_counts_is_no_stage() -> None:
    for size, known in (((16, 16), True), ((16, 17), False)):
        stage = rv.MaxPool2d(size).stage(Place(2, (1, 1, 40, 40), F64), None)
        assert isinstance(stage, PoolStage) == known
    x = torch.rand(2, 1, 1, 40, 40, dtype=F64)
    assert torch.equal(rv.Sequential(rv.MaxPool2d(20))(x), rv.MaxPool2d(20)(x))


@pytest.mark.parametrize("size", [(1, 255), (1, 256), (16, 16)])
@pytest.mark.parametrize("spiking", [False, True])
def test_a_maximum_over_a_window_of_any_size(size: tuple[int, int], spiking: bool) -> None:
    """Every place of the window in turn is the largest."""
    height, width = size
    count = height * width
    x = torch.eye(count, dtype=F64).view(count, 1, 1, height, width)
    x = (x if spiking else 2 * x - 0.5).requires_grad_()
    p = Pooling("max", size, size)
    stage = PoolStage(p, Place(count, (1, 1, height, width), F64))
    y, _ = chain.run(Chain([stage], Signal.outer(x.detach()), (1, 1, height, width)), x, [])
    assert torch.equal(y.detach(), torch_pool(x, p).detach())
    (grad,) = torch.autograd.grad(y.sum(), x)
    assert grad.view(count, count).argmax(1).tolist() == list(range(count)) and float(grad.sum()) == count


@pytest.mark.parametrize("channels", [1, C, 16])
@pytest.mark.parametrize("where", [[0], [3], [1, 2], [0, 1, 2, 3]], ids=str)
def test_no_number_is_the_maximum(where: list[int], channels: int) -> None:
    x = normal(T, B, channels, H, W)
    for k in where:
        x[1, 0, :, 2 + k // 2, 2 + k % 2] = torch.nan
    for stride in ((2, 2), (1, 1)):
        p, given = Pooling("max", (2, 2), stride), x.clone().requires_grad_()
        expected = torch_pool(given, p)
        y = run(p, Signal.outer(x), given, size=(channels, H, W))
        torch.testing.assert_close(y, expected, equal_nan=True)
        error = normal(*y.shape, seed=2)
        torch.testing.assert_close(torch.autograd.grad(y, given, error), torch.autograd.grad(expected, given, error))


@pytest.mark.parametrize("change", [lambda x: x, lambda x: 2 * x], ids=["spikes", "values"])
@every_kind
def test_several_stretches(kind: str, change: Callable[[Tensor], Tensor], stretch: Callable[[int], None]) -> None:
    stretch(1)
    x = change(spikes(0.3)).requires_grad_()
    for stride in ((2, 2), (1, 2)):
        p = Pooling(kind, (2, 2), stride)
        y, expected = run(p, Signal.outer(x.detach()), x), torch_pool(x, p)
        torch.testing.assert_close(y.detach(), expected.detach())
        error = normal(*y.shape, seed=4)
        torch.testing.assert_close(torch.autograd.grad(y, x, error), torch.autograd.grad(expected, x, error))


def test_each_input_stands_once() -> None:
    lists = Lists(np.array([0, 3, 3, 5]), np.array([4, 0, 4, 1, 1], np.int32), 5)
    found = once(lists)
    assert found.start.tolist() == [0, 2, 2, 3] and found.index.tolist() == [0, 4, 1]


def test_places_outside_all_windows_are_none() -> None:
    p = Pooling("sum", (2, 2), (2, 2))
    table = places(p, 3, 5, 1, channels_first=True)
    assert table.tolist() == [[0, 0, 1, 1, -1, 0, 0, 1, 1, -1, -1, -1, -1, -1, -1]]


def test_the_first_active_input_of_a_window_in_any_order_of_events() -> None:
    p = Pooling("max", (2, 2), (2, 2))
    lists = Lists(np.array([0, 3, 3]), np.array([5, 4, 3], np.int32), 8)  # 2 x 4: places 4, 5 and 3 of their picture
    assert first_active(lists, p, (2, 4, 1), channels_first=False).tolist() == [[2, 1], [0, 0]]


def test_pool_and_unpool_are_adjoint() -> None:
    """<error, pool(x)> = <unpool(error), x> for a linear pooling."""
    x = normal(4, H, W, C)
    for kind in ("mean", "sum"):
        for size, stride in WINDOWS:
            p = Pooling(kind, size, stride)
            y, arg = pool(x, p)
            error = normal(*y.shape, seed=3)
            back = unpool(error.view(4, -1), arg, p, (H, W, C))
            assert float((error * y).sum()) == pytest.approx(float((back * x.view(4, -1)).sum()))
