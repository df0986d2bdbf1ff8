"""A chain as a node of autograd: it keeps what it must, no longer than it must, and says so when it cannot go back."""

import gc
import resource
import weakref
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

import ranvier as rv
from ranvier.kernels.cpu import memory
from ranvier.kernels.cpu.chain import Chain


@pytest.fixture
def chains(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref]:
    """Every chain that is made."""
    made: list[weakref.ref] = []
    inner = Chain.__init__

    def watched(self: Chain, *arguments, **options) -> None:
        inner(self, *arguments, **options)
        made.append(weakref.ref(self))

    monkeypatch.setattr(Chain, "__init__", watched)
    return made


@pytest.fixture(params=[1, 4, 10**6], ids=["one step", "four steps", "all steps"])
def stretches(request: pytest.FixtureRequest, stretch: Callable[[int], None]) -> None:
    stretch(request.param)


def flat() -> rv.Sequential:
    g = torch.Generator().manual_seed(0)
    return rv.Sequential(
        rv.Linear(20, 33, generator=g), rv.LIF(learn=("tau_mem",)), rv.Linear(33, 16, generator=g),
        rv.Recurrent(rv.LIF(), 16, generator=g), rv.Linear(16, 3, generator=g), rv.LI(), input_rate=0.3,
    )  # fmt: skip


def pictures() -> rv.Sequential:
    g = torch.Generator().manual_seed(0)
    return rv.Sequential(
        rv.Conv2d(1, 4, 3, generator=g), rv.LIF(), rv.MaxPool2d(2), rv.Conv2d(4, 33, 2, generator=g), rv.AvgPool2d(2),
        rv.LIF(), rv.Flatten(), rv.Linear(33, 2, generator=g), rv.LI(), input_rate=0.3,
    )  # fmt: skip


NETS: list[tuple[Callable[[], rv.Sequential], tuple[int, ...]]] = [(flat, (20,)), (pictures, (1, 8, 8))]
each = pytest.mark.parametrize(("make", "shape"), NETS, ids=["flat", "pictures"])


def spikes(*shape: int, seed: int = 0) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.3).float()


# ---- what is kept ----------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("after", ["backward", "nothing", "states used"])
def test_a_chain_is_gone_when_its_output_is(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], after: str, chains: list[weakref.ref], stretches: None
) -> None:
    """The final states are outputs of the node that holds the chain: it must not hold them in turn."""
    net = make()
    for _ in range(2):
        run = net.run(spikes(9, 2, *shape))
        loss = run.output.sum()
        if after == "states used":
            loss = loss + sum(v.sum() for s in run.state for v in s.values())
        if after != "nothing":
            loss.backward()
        del run, loss
    gc.collect()
    assert len(chains) == 2 and [c() for c in chains] == [None, None]


@each
def test_without_gradients_nothing_is_kept(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], chains: list[weakref.ref], stretches: None
) -> None:
    net, held = make(), []

    class Held(Chain):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            held.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ranvier.layers.chain.Chain", Held)
        with torch.no_grad():
            run = net.run(spikes(9, 2, *shape))
        for p in net.parameters():
            p.requires_grad_(False)
        frozen = net.run(spikes(9, 2, *shape))
    assert not run.output.requires_grad and not frozen.output.requires_grad
    assert torch.equal(run.output, frozen.output)
    assert len(held) == 2 and all(not c._checkpoints and all(s.saved is None for s in c.stages) for c in held)


def resident() -> float:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def taken(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts the bytes of blocks that were asked of the system."""
    total = [0]
    inner = memory.mmap.mmap

    class Counted:
        def __getattr__(self, name: str):
            return getattr(original, name)

        def mmap(self, fileno: int, size: int, **options):
            total[0] += size
            return inner(fileno, size, **options)

    original = memory.mmap
    monkeypatch.setattr(memory, "mmap", Counted())
    return lambda: total[0]


@each
def test_training_for_long_takes_no_more_memory(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 steps with batches of many sizes. Blocks are asked for while sizes are new, and resident memory stays."""
    monkeypatch.setattr(memory, "poison", False)
    monkeypatch.setattr(memory, "SMALLEST", 1 << 12)  # small arrays too come from blocks
    asked = taken(monkeypatch)
    net = make()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    sizes = [1, 7, 16, 3, 12, 16, 5]
    data = [spikes(20, b, *shape, seed=b) for b in sizes]
    figures = []
    gc.collect()
    gc.disable()  # what only the collector would free counts as kept
    try:
        for k in range(300):
            optimizer.zero_grad()
            run = net.run(data[k % len(data)])
            (run.output.square().mean() + sum(v.square().mean() for s in run.state for v in s.values())).backward()
            optimizer.step()
            if k in (99, 199, 299):
                figures.append((asked(), resident()))
    finally:
        gc.enable()
    (first, _), (second, middle), (third, last) = figures
    assert first == second == third > 0, "no new block after the first hundred steps"
    assert last - middle < 2e6


# ---- going back ------------------------------------------------------------------------------------------------------


@each
def test_backward_twice_gives_the_same(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], stretches: None
) -> None:
    net, x = make(), spikes(9, 2, *shape).requires_grad_()
    loss = net(x).square().sum()
    leaves = [x, *net.parameters()]
    first = torch.autograd.grad(loss, leaves, retain_graph=True)
    again = torch.autograd.grad(loss, leaves, retain_graph=True)
    last = torch.autograd.grad(loss, leaves)
    assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(first, again, last, strict=True))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(loss, leaves)


@each
def test_two_losses_of_one_run_add_up(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], stretches: None
) -> None:
    net = make().double()
    run = net.run(spikes(9, 2, *shape).double())
    a, b = run.output.square().sum(), sum(v.square().sum() for s in run.state for v in s.values())
    leaves = list(net.parameters())
    parts = [torch.autograd.grad(v, leaves, retain_graph=True) for v in (a, b)]
    for whole, one, two in zip(torch.autograd.grad(a + b, leaves), *parts, strict=True):
        torch.testing.assert_close(whole, one + two, rtol=1e-10, atol=1e-12)


@each
@pytest.mark.parametrize("which", [0, -1])
def test_a_weight_changed_before_the_way_back_is_noticed(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], which: int
) -> None:
    net = make()
    loss = net(spikes(9, 2, *shape)).sum()
    with torch.no_grad():
        list(net.parameters())[which].add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_an_input_or_a_state_changed_before_the_way_back_is_noticed() -> None:
    net, x = flat(), spikes(9, 2, 20)
    start = net.initial_state((2, 20), x)
    for changed in (x, start[1]["v"], start[3]["last"]):
        loss = net.run(x, start).output.sum()
        changed.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()


def test_a_gradient_of_a_gradient_is_refused() -> None:
    net, x = flat(), spikes(9, 2, 20).requires_grad_()
    (grad,) = torch.autograd.grad(net(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@each
def test_a_state_that_was_handed_over_can_be_detached_or_not(
    make: Callable[[], rv.Sequential], shape: tuple[int, ...], stretches: None
) -> None:
    """Two runs with the state between them have the gradients of one; with the state detached, those of truncation."""
    net, x = make().double(), spikes(12, 2, *shape).double()
    leaves = list(net.parameters())

    def gradients(*outputs: Tensor) -> Iterator[Tensor]:
        return iter(torch.autograd.grad(sum(y.square().sum() for y in outputs), leaves))

    whole = gradients(net(x))
    first = net.run(x[:5])
    second = net.run(x[5:], first.state)
    for a, b in zip(whole, gradients(first.output, second.output), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
    cut = tuple({k: v.detach() for k, v in s.items()} for s in net.run(x[:5]).state)
    (alone,) = torch.autograd.grad(net.run(x[5:], cut).output.sum(), leaves[:1])
    assert bool(torch.isfinite(alone).all())
