"""What holds for every network in the fused engine, whatever its size, its input and the length of a stretch: found by hypothesis."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

import ranvier as rv
from ranvier.kernels.cpu import linear as linear_kernels
from ranvier.kernels.cpu import threads

F64 = torch.float64


@pytest.fixture(autouse=True)
def _smallest_work_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small inputs too go by events and are shared by threads."""
    monkeypatch.setattr(linear_kernels, "FEWEST", 1)
    monkeypatch.setattr(threads, "LEAST", 1)


def flat(inputs: int, hidden: int, g: torch.Generator) -> rv.Sequential:
    return rv.Sequential(
        rv.Linear(inputs, hidden, generator=g), rv.LIF(tau_mem=0.005), rv.Linear(hidden, 7, generator=g), rv.ALIF(tau_mem=0.005),
        rv.Linear(7, 2, generator=g), rv.LI(), rate=None,
    )  # fmt: skip


def recurrent(inputs: int, hidden: int, g: torch.Generator) -> rv.Sequential:
    return rv.Sequential(
        rv.Linear(inputs, hidden, generator=g), rv.Recurrent(rv.LIF(tau_mem=0.005), hidden, generator=g),
        rv.Linear(hidden, 2, generator=g), rv.LI(), rate=None,
    )  # fmt: skip


def pictures(inputs: int, hidden: int, g: torch.Generator) -> rv.Sequential:
    return rv.Sequential(
        rv.Conv2d(1, hidden % 40 + 1, 2, padding=1, generator=g), rv.LIF(tau_mem=0.005), rv.MaxPool2d((2, 1)),
        rv.Conv2d(hidden % 40 + 1, 3, (2, 1), stride=(1, 2), generator=g), rv.LIF(tau_mem=0.005), rv.AvgPool2d(1), rv.Flatten(), rate=None,
    )  # fmt: skip


MAKERS = {"flat": flat, "recurrent": recurrent, "pictures": pictures}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))
quick = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
    database=None,
)


@st.composite
def runs(draw: st.DrawFn, least_steps: int = 1, least_batch: int = 1) -> dict[str, Any]:
    """Sizes, a share of spikes (a single one, too) and a stretch."""
    return {
        "steps": draw(st.integers(least_steps, 14)),
        "batch": draw(st.integers(least_batch, 6)),
        "inputs": draw(st.sampled_from([1, 2, 7, 8, 9, 64, 65])),
        "hidden": draw(st.sampled_from([1, 5, 33, 63, 64, 65, 130])),
        "density": draw(st.sampled_from([0.0, "one", 0.05, 0.3, 0.6, 1.0, "values"])),
        "stretch": draw(st.integers(1, 15)),
        "seed": draw(st.integers(0, 2**31 - 1)),
    }


def build(make: Callable[..., rv.Sequential], r: dict[str, Any]) -> tuple[rv.Sequential, Tensor]:
    """A network with strong weights, so that it fires, and its input."""
    g = torch.Generator().manual_seed(r["seed"])
    net = make(r["inputs"], r["hidden"], g).double()
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(5).add_(0.05 if p.dim() == 1 else 0)
    size = (r["steps"], r["batch"], *((1, 4, r["inputs"]) if make is pictures else (r["inputs"],)))
    if r["density"] == "values":
        return net, torch.randn(size, generator=g, dtype=F64)
    if r["density"] == "one":
        x = torch.zeros(size, dtype=F64)
        x.view(-1)[int(torch.randint(x.numel(), (), generator=g))] = 1
        return net, x
    return net, (torch.rand(size, generator=g) < r["density"]).to(F64)


def measure(net: rv.Sequential, x: Tensor, count: int = 1) -> list[Tensor]:
    """Output, final states and all gradients, our kernels on `count` threads; torch's own products stay on one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "torch", SimpleNamespace(get_num_threads=lambda: count))
        x = x.clone().requires_grad_()
        run = net.run(x)
        states = [v for s in run.state for v in s.values()]
        total = sum(v.sum() * (k + 1) for k, v in enumerate([run.output.square(), *states]))
        leaves = [x, *net.parameters()]
        return [run.output.detach(), *(s.detach() for s in states), *torch.autograd.grad(total, leaves)]


def same(found: list[Tensor], expected: list[Tensor]) -> None:
    for a, b in zip(found, expected, strict=True):
        assert float((a - b).abs().max()) <= 1e-9 * max(float(b.abs().max()), 1e-6)


@each
@quick
@given(r=runs())
def test_fused_is_layer_by_layer(
    stretch: Callable[[int], None], make: Callable[..., rv.Sequential], r: dict[str, Any]
) -> None:
    net, x = build(make, r)
    stretch(r["stretch"])
    found = measure(net, x)
    net.fused = False
    same(found, measure(net, x))


@each
@quick
@given(r=runs(), other=st.integers(1, 15))
def test_the_length_of_a_stretch_changes_nothing(
    stretch: Callable[[int], None], make: Callable[..., rv.Sequential], r: dict[str, Any], other: int
) -> None:
    net, x = build(make, r)
    stretch(r["stretch"])
    found = measure(net, x)
    stretch(other)
    same(found, measure(net, x))


@each
@quick
@given(r=runs(), count=st.integers(2, 4))
def test_the_number_of_threads_changes_no_bit(
    stretch: Callable[[int], None], make: Callable[..., rv.Sequential], r: dict[str, Any], count: int
) -> None:
    net, x = build(make, r)
    stretch(r["stretch"])
    alone, together = measure(net, x), measure(net, x, count)
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


@each
@quick
@given(r=runs(least_steps=2), cut=st.integers(1, 13))
def test_a_run_is_two_runs_with_the_state_between_them(
    make: Callable[..., rv.Sequential], r: dict[str, Any], cut: int
) -> None:
    net, x = build(make, r)
    cut = min(cut, r["steps"] - 1)
    whole, first = net.run(x), net.run(x[:cut])
    rest = net.run(x[cut:], first.state)
    torch.testing.assert_close(torch.cat([first.output, rest.output]), whole.output, rtol=1e-9, atol=1e-9)
    for a, b in zip(rest.state, whole.state, strict=True):
        assert a.keys() == b.keys()
        assert all(torch.allclose(a[k], b[k], rtol=1e-9, atol=1e-9) for k in b)


@each
@quick
@given(r=runs(least_batch=2), last=st.integers(1, 5))
def test_samples_do_not_know_of_each_other(make: Callable[..., rv.Sequential], r: dict[str, Any], last: int) -> None:
    """A sample alone, and a last batch that is shorter, give what they give among others."""
    net, x = build(make, r)
    whole = net(x)
    last = min(last, r["batch"] - 1)
    torch.testing.assert_close(net(x[:, -last:].contiguous()), whole[:, -last:], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(net(x[:, :1].contiguous()), whole[:, :1], rtol=1e-9, atol=1e-9)


@each
@quick
@given(r=runs())
def test_events_stand_for_the_spikes(make: Callable[..., rv.Sequential], r: dict[str, Any]) -> None:
    net, x = build(make, r)
    if r["density"] != "values":
        with torch.no_grad():
            torch.testing.assert_close(net.run(rv.Events.from_dense(x)).output, net(x), rtol=1e-9, atol=1e-9)


@each
@quick
@given(r=runs())
def test_silence_of_weights_is_silence(make: Callable[..., rv.Sequential], r: dict[str, Any]) -> None:
    net, x = build(make, r)
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
    run = net.run(x)
    assert (run.output == 0).all() and all((v == 0).all() for s in run.state for v in s.values())
