"""The compiled liquid time-constant cell equals its eager steps: output, records, final state and every gradient, in both precisions."""

import math

import pytest
import torch
from tests.kernels.cells import assert_equal, drawn, measure
from torch import Tensor

import ranvier as rv
from ranvier.kernels.cpu import memory
from ranvier.kernels.cpu.lanes import WIDTH
from ranvier.reservoirs.wired import WiredLTC

SIZES = [
    (1, 1, 1, 1),
    (4, 3, 2, 5),
    (3, WIDTH, 4, 3),
    (2, WIDTH + 1, 1, 7),
    (3, 2 * WIDTH + 3, 3, 2),
]  # T, B, inputs, units
WIRING = [
    [1, 0, -1],
    [0, 0, 1],
    [0, -1, 0],
    [1, 0, 0],
    [0, 0, 0],
]  # two inputs, three units, one of which nobody listens to


def cell(inputs: int, units: int, unfolds: int = 3) -> rv.LTC:
    return rv.LTC(inputs, units, unfolds=unfolds, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("sizes", SIZES)
def test_equals_the_eager_steps(sizes: tuple[int, int, int, int]) -> None:
    steps, batch, inputs, units = sizes
    assert_equal(cell(inputs, units), steps, batch, torch.float64, 1e-13)


def test_in_single_precision() -> None:
    assert_equal(cell(4, 9), 5, WIDTH + 2, torch.float32, 1e-5)


@pytest.mark.parametrize("unfolds", [1, 2])
def test_any_number_of_integrator_steps(unfolds: int) -> None:
    assert_equal(cell(2, 3, unfolds), 4, 3, torch.float64, 1e-13)


def test_missing_synapses_are_left_out() -> None:
    net = WiredLTC(torch.tensor(WIRING)).double()
    assert_equal(net, 4, 5, torch.float64, 1e-13)
    alone = WiredLTC(torch.zeros(5, 3)).double()
    assert_equal(alone, 4, 5, torch.float64, 1e-13)


def test_without_gradients_as_with_them() -> None:
    net, x = cell(3, 4), drawn(6, 5, 3)
    with torch.no_grad():
        assert torch.equal(net(x), net(x.clone().requires_grad_()).detach())
    assert torch.equal(net(x).detach(), torch.cat(_in_parts(net, x)))


def _in_parts(net: rv.LTC, x: Tensor) -> list[Tensor]:
    found, state = [], None
    for part in x.split(2):
        done = net.run(part, state)
        found.append(done.output.detach())
        state = {"v": done.state["v"].detach()}
    return found


def test_sigmoids_at_their_ends_and_nan() -> None:
    net = cell(1, 2, unfolds=1)
    with torch.no_grad():
        net.sigma.fill_(50.0)
    x = torch.tensor([-1e30, -1e3, 0.5, 1e3, 1e30, math.inf, -math.inf, math.nan], dtype=torch.float64)[None, :, None]
    for kind in (torch.float64, torch.float32):
        net.to(kind).backend = "cpu"
        compiled = net(x.to(kind))
        net.backend = "eager"
        torch.testing.assert_close(compiled, net(x.to(kind)), equal_nan=True)


def test_gradients_do_not_depend_on_threads() -> None:
    net, x, v = cell(6, 12), drawn(5, 70, 6), torch.zeros(70, 12, dtype=torch.float64)
    before, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(measure(net, x, v, torch.ones(5, 70), "cpu"))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_large_runs_leave_nothing_unwritten() -> None:
    assert memory.poison, "buffers begin as NaN here"
    net, x = cell(3, 16), drawn(40, 40, 3)
    output, *gradients = measure(net, x, torch.zeros(40, 16, dtype=torch.float64), torch.ones(40, 40), "cpu")
    assert all(bool(g.isfinite().all()) for g in (output, *gradients))


def test_a_time_with_a_gradient_takes_the_eager_steps() -> None:
    net, elapsed = cell(2, 3), torch.ones(4, 1, dtype=torch.float64, requires_grad=True)
    net(drawn(4, 1, 2), elapsed).sum().backward()
    assert elapsed.grad is not None and float(elapsed.grad.abs().min()) > 0


def test_an_unknown_backend_and_a_type_that_is_not_compiled() -> None:
    with pytest.raises(ValueError, match=r"LTC: backend must be one of .*, got 'gpu'"):
        rv.LTC(3, 4, backend="gpu")
    with pytest.raises(ValueError, match="needs a float32 or float64 tensor"):
        rv.LTC(3, 4, backend="cpu").bfloat16()(torch.zeros(2, 1, 3, dtype=torch.bfloat16))
    assert rv.LTC(3, 4).bfloat16()(torch.zeros(2, 1, 3, dtype=torch.bfloat16)).dtype == torch.bfloat16
