"""All-to-all products by events equal the dense product, forward and backward, at any density, width and length of stretch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier.kernels.cpu import chain, linear, threads
from ranvier.kernels.cpu.chain import Chain
from ranvier.kernels.cpu.linear import DENSEST, FEWEST, LinearStage, WeightGradient, pack, product
from ranvier.kernels.cpu.lists import CHUNK, Lists, densify, of_values, remap
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.vector import LANES

F64, F32 = torch.float64, torch.float32
STRETCHES = [
    (3, 0.3, 1.0),
    (1, "one", 0.5),
    (7, None, 1.0),
    (5, 0.0, 1.0),
    (4, 1.0, 0.25),
    (2, None, 1.0),
]  # rows, density, scale
WIDTHS = [1, 7, LANES - 1, LANES, LANES + 1, 2 * LANES + 3]


def close(a: Any, b: Any, dtype: torch.dtype = F64) -> None:
    tolerance = 1e-12 if dtype == F64 else 1e-5
    torch.testing.assert_close(a, b, rtol=tolerance, atol=10 * tolerance)


def spikes(shape: tuple[int, ...], density: float | str, dtype: torch.dtype = F64, seed: int = 3) -> Tensor:
    if density == "one":
        x = torch.zeros(shape, dtype=dtype)
        x.view(-1)[-1] = 1
        return x
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < density).to(dtype)


def normal(*shape: int, dtype: torch.dtype = F64, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64).to(dtype)


def lists_of(x: Tensor) -> Lists:
    found = of_values(x.numpy().reshape(-1, x.shape[-1]))
    assert found is not None
    return found


# ---- the kernels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", WIDTHS)
@pytest.mark.parametrize("transposed", [False, True])
def test_packed_weights_stand_input_by_input(outputs: int, transposed: bool) -> None:
    weight = normal(5, outputs).t() if transposed else normal(outputs, 5)
    packed = pack(weight, 0.5).reshape(-1, 5, LANES)
    assert len(packed) == -(-outputs // LANES)
    whole = torch.from_numpy(packed).transpose(1, 2).reshape(-1, 5)
    assert torch.equal(whole[:outputs], 0.5 * weight) and (whole[outputs:] == 0).all()


@pytest.mark.parametrize("dtype", [F64, F32])
@pytest.mark.parametrize("outputs", WIDTHS)
@pytest.mark.parametrize("density", [0.0, "one", 0.1, 1.0])
def test_product_of_active_inputs(outputs: int, density: float | str, dtype: torch.dtype) -> None:
    x, weight, bias = spikes((9, 13), density, dtype), normal(outputs, 13, dtype=dtype), normal(outputs, dtype=dtype)
    for offset in (bias, None):
        y = torch.full((9, outputs), torch.nan, dtype=dtype)
        product(lists_of(x), pack(weight, 2.0), offset, y)
        close(y, F.linear(2 * x, weight, offset), dtype)


@pytest.mark.parametrize("outputs", WIDTHS)
def test_weight_gradient_over_stretches_of_events_and_values(outputs: int) -> None:
    total = WeightGradient(normal(outputs, 6))
    expected, bias = torch.zeros(outputs, 6, dtype=F64), torch.zeros(outputs, dtype=F64)
    for k, (rows, density, scale) in enumerate(STRETCHES):
        error = normal(rows, outputs, seed=k)
        x = normal(rows, 6, seed=9) if density is None else spikes((rows, 6), density, seed=k)
        if density is None:
            total.add_values(x, error)
        else:
            total.add_events(lists_of(x), scale, error)
        expected += error.t() @ (x * scale)
        bias += error.sum(0)
    weight, offset = total.result()
    close(weight, expected)
    close(offset, bias)


def test_weight_gradient_of_one_kind_alone_and_of_nothing() -> None:
    x, error, weight = spikes((8, 6), 0.3), normal(8, 5), normal(5, 6)
    for events in (True, False):
        total = WeightGradient(weight)
        total.add_events(lists_of(x), 1.0, error) if events else total.add_values(x, error)
        close(total.result()[0], error.t() @ x)
        close(total.result()[1], error.sum(0))
    none = WeightGradient(weight).result()
    assert (none[0] == 0).all() and (none[1] == 0).all() and none[0].shape == (5, 6)


def test_weight_gradient_over_several_chunks_of_rows() -> None:
    rows = 2 * CHUNK + 5
    x, error = spikes((rows, 3), 0.2), normal(rows, 4)
    total = WeightGradient(normal(4, 3))
    total.add_events(lists_of(x), 1.0, error)
    total.add_events(lists_of(x), 1.0, error)
    close(total.result()[0], 2 * error.t() @ x)
    close(total.result()[1], 2 * error.sum(0))


def test_an_error_that_is_no_plain_matrix() -> None:
    """Autograd hands over gradients of any strides: a sum's is one number for all."""
    x, total = spikes((8, 6), 0.3), WeightGradient(normal(5, 6))
    total.add_events(lists_of(x), 1.0, torch.ones((), dtype=F64).expand(8, 5))
    total.add_events(lists_of(x), 1.0, torch.ones(5, 8, dtype=F64).t())
    close(total.result()[0], 2 * x.sum(0).expand(5, 6))


# ---- the stage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fewest", [1, 10**9], ids=["events", "dense"])
@pytest.mark.parametrize("steps", [1, 3, 7])
@pytest.mark.parametrize("outputs", [5, LANES, LANES + 3])
def test_stage_on_repeated_events_that_count_a_share(
    outputs: int, steps: int, fewest: int, monkeypatch: pytest.MonkeyPatch, stretch: Callable[[int], None]
) -> None:
    """As they arrive from a mean over windows."""
    stretch(steps)
    monkeypatch.setattr(linear, "FEWEST", fewest)
    weight, bias = normal(outputs, 4).requires_grad_(), normal(outputs).requires_grad_()
    events = remap(lists_of(spikes((14, 6), 0.3)), np.array([[0, 3, 3, -1, 1, 3]], np.int32), 4)
    source = Signal((7, 2, 4), F64, lists=events, scale=0.25, repeated=True)
    y, states = chain.run(Chain([LinearStage(weight, bias)], source, (2, 4)), None, [])
    x = torch.from_numpy(densify(events, 0.25, np.float64)).view(7, 2, 4)
    assert states == [] and float(x.max()) > 0.25
    expected = F.linear(x, weight, bias)
    close(y.detach(), expected.detach())
    error = normal(*y.shape, seed=5)
    close(torch.autograd.grad(y, (weight, bias), error), torch.autograd.grad(expected, (weight, bias), error))


def path_of(x: Tensor, measured: bool = True) -> str:
    stage = LinearStage(normal(5, x.shape[-1]), None)
    stage.measured = measured
    stage.forward(Signal.outer(x), None)
    return stage.work.path


def test_the_path_follows_density_and_number_of_rows() -> None:
    few, many = (spikes((5 * FEWEST, 1, 40), d) for d in (DENSEST - 0.05, DENSEST + 0.05))
    assert path_of(few) == "events" and path_of(many) == "dense"
    assert path_of(few[:FEWEST]) == "events" and path_of(few[: FEWEST - 1]) == "dense"
    assert path_of(few * 2) == "dense"


# ---- `linear`, one call ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [F64, F32])
@pytest.mark.parametrize("density", [0.0, "one", 0.1, 1.0])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 2, 7, 5), (11, 3, 130, LANES + 9)])
def test_linear_equals_the_dense_product(
    shape: tuple[int, ...], bias: bool, density: float | str, dtype: torch.dtype
) -> None:
    T, B, inputs, outputs = shape
    results = []
    for multiply in (linear.linear, F.linear):
        weight = normal(outputs, inputs, dtype=dtype).requires_grad_()
        offset = normal(outputs, dtype=dtype, seed=2).requires_grad_() if bias else None
        x = spikes((T, B, inputs), density, dtype).requires_grad_()
        y = multiply(x, weight, offset)
        leaves = [x, weight] + ([] if offset is None else [offset])
        results.append([y.detach(), *torch.autograd.grad(y, leaves, normal(*y.shape, dtype=dtype, seed=4))])
    close(*results, dtype)


def took_events(y: Tensor) -> bool:
    node = y.grad_fn
    while node is not None and "EventLinear" not in type(node).__name__:
        node = node.next_functions[0][0] if node.next_functions else None
    return node is not None


@pytest.mark.parametrize(
    ("change", "sparse"),
    [
        (lambda x: x, True),
        (lambda x: x * 2, False),
        (lambda x: x - 1, False),
        (lambda x: torch.where(x > 0, torch.nan, x), False),
        (lambda x: torch.cat([x[:-1], x[-1:] + 0.5]), False),  # spikes at first, values in the last row
        (lambda x: 1 - x, False),  # too dense to gain
    ],
    ids=["spikes", "twos", "negative", "nan", "late values", "dense"],
)
def test_what_is_no_sparse_spikes_takes_the_dense_product(change, sparse: bool) -> None:
    x = change(spikes((6, 40, 40), 0.1, F32))
    weight = torch.randn(9, 40, requires_grad=True)
    y = linear.linear(x, weight, None)
    assert took_events(y) == sparse
    torch.testing.assert_close(y, F.linear(x, weight), equal_nan=True, rtol=1e-5, atol=1e-5)


def test_no_gradient_is_computed_that_is_not_asked_for() -> None:
    x = spikes((40, 2, 30), 0.1, F32).requires_grad_()
    frozen = torch.randn(5, 30)
    linear.linear(x, frozen, None).sum().backward()
    torch.testing.assert_close(x.grad, frozen.sum(0).expand_as(x))
    weight = torch.randn(5, 30, requires_grad=True)
    linear.linear(x.detach(), weight, torch.zeros(5)).sum().backward()
    torch.testing.assert_close(weight.grad, x.detach().sum((0, 1)).expand(5, 30))


@pytest.mark.parametrize("outputs", [5, LANES + 3, 5 * LANES])
def test_thread_count_changes_no_bit(outputs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LEAST", 1)
    x, weight = spikes((CHUNK + 50, 30), 0.15, F32), torch.randn(outputs, 30, requires_grad=True)
    before, results = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            y = linear.linear(x, weight, None)
            results.append([y.detach(), *torch.autograd.grad(y.square().sum(), weight)])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
