"""Recurrent populations in one kernel equal a loop over the eager steps, for any number of neurons and samples."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ranvier.equations import Subtract, ToValue
from ranvier.kernels.cpu import chain, threads
from ranvier.kernels.cpu.chain import Chain
from ranvier.kernels.cpu.recurrent import ROWS
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place
from ranvier.kernels.cpu.vector import LANES
from ranvier.layers import Recurrent
from ranvier.neurons import LIF, CubaLIF, Neuron
from ranvier.units import ms

F64 = torch.float64
SIZES = [(1, 1), (5, ROWS), (7, ROWS + 1), (LANES - 1, 2), (LANES, 3), (LANES + 1, 2 * ROWS - 1), (2 * LANES + 3, 1)]


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def population(neurons: int, model: type[Neuron] = LIF, **options) -> Recurrent:
    layer = Recurrent(model(tau_mem=5 * ms, **options), neurons).double()
    with torch.no_grad():
        layer.weight.copy_(3 * normal(neurons, neurons, seed=neurons) / neurons**0.5)
    return layer


def measure(layer: Recurrent, x: Tensor, state: dict[str, Tensor], fused: bool, wanted: str = "all") -> list[Tensor]:
    """Output, final states, and the gradients of input, states and parameters."""
    x = x.clone().requires_grad_(wanted == "all")
    state = {k: v.clone().requires_grad_(wanted == "all") for k, v in state.items()}
    layer.neuron.backend = "auto" if fused else "eager"
    if fused:
        stage = layer.stage(Place(x.shape[0], tuple(x.shape[1:]), F64), state)
        assert stage is not None
        output, final = chain.run(Chain([stage], Signal.outer(x.detach()), tuple(x.shape[1:])), x, list(state.values()))
        found = dict(zip(stage.names, final, strict=True))
    else:
        run = layer.run(x, state)
        output, found = run.output, run.state
    assert list(found) == list(state)
    outs = [output, *found.values()]
    leaves = [*([x, *state.values()] if wanted == "all" else []), *layer.parameters()]
    total = sum((v * normal(*v.shape, seed=k)).sum() for k, v in enumerate(outs))
    grads = torch.autograd.grad(total, leaves, allow_unused=True)
    pairs = zip(leaves, grads, strict=True)
    return [v.detach() for v in outs] + [torch.zeros_like(v) if g is None else g for v, g in pairs]


def start_of(layer: Recurrent, batch: int) -> dict[str, Tensor]:
    rest = layer.initial_state((batch, layer.size), torch.empty(0, dtype=F64))
    moved = {k: v + 0.3 * torch.rand(v.shape, generator=torch.Generator().manual_seed(2)) for k, v in rest.items()}
    return {**moved, "last": (normal(batch, layer.size, seed=6) > 0).double()}


def same(found: list[Tensor], expected: list[Tensor]) -> None:
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        scale = max(float(b.abs().max()), 1e-6)
        assert float((a - b).abs().max()) <= 1e-10 * scale, k


@pytest.mark.parametrize(("neurons", "batch"), SIZES)
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_equals_a_loop_over_eager_steps(neurons: int, batch: int, steps: int, stretch: Callable[[int], None]) -> None:
    layer = population(neurons, reset=ToValue(detach=False), learn=("tau_mem", "v_threshold"))
    x, start = 4 * normal(8, batch, neurons), start_of(layer, batch)
    expected = measure(layer, x, start, fused=False)
    assert neurons == 1 or 0.02 < float(expected[0].mean()) < 0.9
    stretch(steps)
    same(measure(layer, x, start, fused=True), expected)


def test_a_single_step() -> None:
    layer = population(9)
    x, start = 4 * normal(1, 5, 9), start_of(layer, 5)
    same(measure(layer, x, start, fused=True), measure(layer, x, start, fused=False))


def test_only_the_weights() -> None:
    layer = population(9)
    x, start = 4 * normal(8, 5, 9), start_of(layer, 5)
    same(measure(layer, x, start, True, "weights"), measure(layer, x, start, False, "weights"))


def test_a_spike_that_is_a_state_and_per_neuron_parameters() -> None:
    layer = Recurrent(
        CubaLIF(
            order=("reset", "integrate", "fire"),
            reset=Subtract(),
            tau_syn=(4 + torch.arange(70) / 35) * ms,
            learn=("tau_syn", "tau_mem"),
        ),
        70,
    ).double()
    x, start = 2 * normal(8, 5, 70) + 1, start_of(layer, 5)
    start["spiked"] = (normal(5, 70, seed=7) > 0).double() if "spiked" in start else start["v"]
    expected = measure(layer, x, start, fused=False)
    assert 0.02 < float(expected[0].mean()) < 0.9
    same(measure(layer, x, start, fused=True), expected)


def test_silence_and_everybody_at_once() -> None:
    layer = population(LANES + 1)
    for level in (0.0, 1e4):
        x = torch.full((6, 3, LANES + 1), level, dtype=F64)
        start = layer.initial_state((3, LANES + 1), x)
        found = measure(layer, x, start, fused=True)
        same(found, measure(layer, x, start, fused=False))
        assert float(found[0].mean()) == (level > 0)


def test_thread_count_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LEAST", 1)
    layer = population(LANES + 5, learn=("tau_mem",))
    x, start = 4 * normal(8, 3 * ROWS - 1, LANES + 5), start_of(layer, 3 * ROWS - 1)
    before, results = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(measure(layer, x, start, fused=True))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
