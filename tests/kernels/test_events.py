"""Products with spikes equal the dense product, forward and backward, at any density."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ranvier.kernels.cpu import events
from ranvier.kernels.cpu.events import DENSEST, active_inputs, linear


@pytest.fixture(autouse=True)
def _any_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow layers too take the sparse product here, so that small shapes can be tested."""
    monkeypatch.setattr(events, "NARROWEST", 1)


def spikes(shape: tuple[int, ...], density: float, dtype: torch.dtype) -> torch.Tensor:
    g = torch.Generator().manual_seed(3)
    if density < 0:  # a single spike
        x = torch.zeros(shape, dtype=dtype)
        x.view(-1)[-1] = 1
        return x
    return (torch.rand(shape, generator=g) < density).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("density", [0.0, -1.0, 0.1, 1.0])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 2, 7, 5), (11, 3, 130, 33)])
def test_equals_the_dense_product(shape: tuple[int, ...], bias: bool, density: float, dtype: torch.dtype) -> None:
    T, B, inputs, outputs = shape
    results = []
    for product in (linear, F.linear):
        g = torch.Generator().manual_seed(1)
        weight = torch.randn((outputs, inputs), generator=g, dtype=torch.float64).to(dtype).requires_grad_()
        offset = torch.randn((outputs,), generator=g, dtype=torch.float64).to(dtype).requires_grad_() if bias else None
        x = spikes((T, B, inputs), density, dtype).requires_grad_()
        y = product(x, weight, offset)
        (y * torch.randn(y.shape, generator=g, dtype=torch.float64).to(dtype)).sum().backward()
        results.append([y.detach(), x.grad, weight.grad] + ([offset.grad] if offset is not None else []))
    for ours, dense in zip(*results, strict=True):
        assert ours.shape == dense.shape
        torch.testing.assert_close(
            ours, dense, rtol=1e-12 if dtype == torch.float64 else 1e-5, atol=1e-12 if dtype == torch.float64 else 1e-5
        )


def took_events(y: torch.Tensor) -> bool:
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
    x = change(spikes((6, 4, 40), 0.1, torch.float32))
    weight = torch.randn(9, 40, requires_grad=True)
    y = linear(x, weight, None)
    assert took_events(y) == sparse
    torch.testing.assert_close(y, F.linear(x, weight), equal_nan=True, rtol=1e-5, atol=1e-5)


def test_the_choice_follows_the_measured_density() -> None:
    few, many = (spikes((50, 400), d, torch.float32) for d in (DENSEST - 0.05, DENSEST + 0.05))
    index, count = active_inputs(few)
    assert index.shape == (50, 400) and count.tolist() == few.sum(1).int().tolist()
    for r in (0, 49):
        assert index[r, : count[r]].tolist() == few[r].nonzero().flatten().tolist()
    assert active_inputs(many) is None
    assert active_inputs(few[:0]) is None


def test_a_narrow_layer_takes_the_dense_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "NARROWEST", 16)
    x = spikes((6, 4, 40), 0.1, torch.float32)
    for width, sparse in ((15, False), (16, True)):
        assert took_events(linear(x, torch.randn(width, 40, requires_grad=True), None)) == sparse


def test_no_gradient_is_computed_that_is_not_asked_for() -> None:
    x = spikes((4, 2, 30), 0.1, torch.float32).requires_grad_()
    frozen = torch.randn(5, 30)
    linear(x, frozen, None).sum().backward()
    torch.testing.assert_close(x.grad, frozen.sum(0).expand_as(x))
    weight = torch.randn(5, 30, requires_grad=True)
    linear(x.detach(), weight, torch.zeros(5)).sum().backward()
    torch.testing.assert_close(weight.grad, x.detach().sum((0, 1)).expand(5, 30))


def test_thread_count_changes_no_bit() -> None:
    x, weight = spikes((200, 300), 0.15, torch.float32), torch.randn(400, 300, requires_grad=True)
    before, results = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            y = linear(x, weight, None)
            results.append([y.detach(), *torch.autograd.grad(y.square().sum(), weight)])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_the_kernels_as_plain_python() -> None:
    """The compiled functions are Python too: the same lists and sums, without the compiler."""
    x = spikes((6, 9), 0.3, torch.float64).numpy()
    index, count = np.zeros((6, 9), np.int32), np.zeros(6, np.int64)
    events.index_rows.py_func(x, index, count, 0, 6)
    assert count.tolist() == x.sum(1).astype(int).tolist()
    weight, y = np.random.default_rng(0).normal(size=(9, 4)), np.full((6, 4), np.nan)
    events.sum_rows.py_func(index, count, weight, np.ones(4), y, 0, 6)
    np.testing.assert_allclose(y, x @ weight + 1)
    start, rows = np.zeros(11, np.int64), np.empty(int(count.sum()), np.int32)
    events.transpose.py_func(index, count, start, rows)
    gradient = np.full((9, 4), np.nan)
    events.sum_errors.py_func(start, rows, y, gradient, 0, 9)
    np.testing.assert_allclose(gradient, x.T @ y)
    x[2, 3] = 0.5
    events.index_rows.py_func(x, index, count, 0, 6)
    assert count[2] == -1


def test_kernels_compile_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = events.njit

    def without_locator(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compiled(**options)

    monkeypatch.setattr(events, "njit", without_locator)
    count = np.zeros(2, np.int64)
    events.kernel(events.index_rows.py_func)(np.eye(2), np.zeros((2, 2), np.int32), count, 0, 2)
    assert count.tolist() == [1, 1]
