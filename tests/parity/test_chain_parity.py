"""Whole networks in the fused engine against the same networks layer by layer, and against eager neurons with torch's own products.

Outputs, final states, and the gradients of the input, the initial states and every parameter, under a loss that holds all of them. A
designed covering: every built-in neuron, surrogate, reset and refractory mode stands in a small network; every layer and kind of input
meets every other in some larger one. A new model is tested by its line in `FORWARD`.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ranvier as rv
import ranvier.neurons
from ranvier import kernels, surrogates
from ranvier.equations import (
    BlockInput,
    BlockSpikes,
    Clamp,
    Euler,
    ExponentialMidpoint,
    ImpulseInput,
    NoReset,
    Subtract,
    ToValue,
)
from ranvier.kernels.cpu import chain, threads
from ranvier.kernels.cpu import conv as conv_kernels
from ranvier.kernels.cpu import linear as linear_kernels
from ranvier.neurons import (
    ALIF,
    EIF,
    IF,
    LI,
    LIF,
    QIF,
    SRM,
    SRM0,
    Accumulator,
    AdaptiveLIF,
    AdEx,
    Alpha,
    BalancedResonateAndFire,
    ConductanceLIF,
    CubaLIF,
    DiehlCookLIF,
    EPropALIF,
    EscapeLIF,
    HodgkinHuxley,
    Izhikevich,
    Neuron,
    PoissonNeuron,
    ResonateAndFire,
    SEAdLIF,
    Synaptic,
    Tempotron,
    TraubMiles,
)
from ranvier.surrogates import (
    Arctan,
    Boxcar,
    FastSigmoid,
    MultiGaussian,
    Sigmoid,
    StraightThrough,
    Surrogate,
    Triangle,
)
from ranvier.units import ms

F64, F32 = torch.float64, torch.float32
TOLERANCE = {F64: 1e-9, F32: 1e-4}


@pytest.fixture(autouse=True)
def _few_rows_by_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small inputs too take the products by events here."""
    monkeypatch.setattr(linear_kernels, "FEWEST", 1)


# ---- networks ------------------------------------------------------------------------------------------------------


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear(inputs: int, outputs: int, bias: bool = True) -> rv.Linear:
    """Synapses with a bias that is not zero."""
    layer = rv.Linear(inputs, outputs, bias=bias, generator=gen(inputs + outputs))
    return _biased(layer, layer.bias)


def conv(*sizes: Any, **options: Any) -> rv.Conv2d:
    layer = rv.Conv2d(*sizes, generator=gen(sum(sizes[:2])), **options)
    return _biased(layer, layer.bias)


def strong(layer: rv.Conv2d) -> rv.Conv2d:
    """Weights that drive a population behind a pooling."""
    with torch.no_grad():
        layer.weight.mul_(8)
    return layer


def _biased(layer: Any, bias: Tensor | None) -> Any:
    if bias is not None:
        nn.init.normal_(bias, 0.05, 0.1, generator=gen(1))
    return layer


def recurrent(neuron: Neuron, size: int) -> rv.Recurrent:
    return rv.Recurrent(neuron, size, generator=gen(size))


def dropout(p: float) -> rv.Dropout:
    return rv.Dropout(p, generator=gen(5))


def taus(shape: Sequence[int]) -> Tensor:
    """A time constant for each neuron or channel."""
    return (5 + 10 * torch.rand(tuple(shape), generator=gen(2))) * ms


class Halve(nn.Module):
    """A module that the engine does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class Shifted(rv.Linear):
    """A known layer with a way of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.25


@dataclass(frozen=True)
class Case:
    """A network. shape: of its input [B, *N]. density: share of spikes in the input; None: normal values times `gain`.

    rate: of each population, about. fused: whether the last layers run in a chain. dense_too: whether to compare with compiled neurons layer by layer as well.
    """

    name: str
    layers: Callable[[], list[nn.Module]]
    shape: tuple[int, ...]
    density: float | None = 0.2
    gain: float = 1.0
    steps: int = 11
    dtypes: tuple[torch.dtype, ...] = (F64,)
    fused: bool = True
    dense_too: bool = False
    rate: float = 0.3

    def __str__(self) -> str:
        return self.name


BOTH = (F64, F32)
MODELS: list[tuple[type[Neuron], dict[str, Any]]] = [
    (LIF, {}),
    (IF, {"reset": Subtract()}),
    (CubaLIF, {}),
    (AdaptiveLIF, {}),
    (ALIF, {}),
    (LI, {}),
    (Accumulator, {}),
    (EscapeLIF, {}),
]
# A model brings its equations alone, whose gradients test_parity.py judges: these run in a chain and in a stream, without gradients.
FORWARD: list[tuple[type[Neuron], dict[str, Any]]] = [
    (Izhikevich, {}),
    (QIF, {}),
    (EIF, {}),
    (AdEx, {}),
    (ConductanceLIF, {}),
    (HodgkinHuxley, {"integrator": ExponentialMidpoint()}),
    (TraubMiles, {}),
    (Synaptic, {}),
    (Alpha, {}),
    (SRM0, {}),
    (SRM, {}),
    (ResonateAndFire, {}),
    (BalancedResonateAndFire, {}),
    (SEAdLIF, {}),
    (EPropALIF, {}),
    (PoissonNeuron, {}),
    (DiehlCookLIF, {}),
    (Tempotron, {}),
]
OPTIONS: list[tuple[type[Neuron], dict[str, Any]]] = [
    (LIF, {"surrogate": Arctan(), "reset": ToValue(detach=False), "fire_on": ">"}),
    (LIF, {"surrogate": Sigmoid(), "reset": Subtract(detach=False), "input": ImpulseInput()}),
    (LIF, {"surrogate": Triangle(), "reset": NoReset(), "integrator": Euler()}),
    (LIF, {"surrogate": Boxcar(1.0), "refractory": Clamp(2 * ms)}),
    (CubaLIF, {"surrogate": MultiGaussian(), "refractory": BlockSpikes(1 * ms), "order": ("integrate", "reset", "fire")}),
    (ALIF, {"surrogate": StraightThrough(), "refractory": BlockInput(2 * ms), "order": ("reset", "integrate", "fire")}),
]  # fmt: skip


def around(model: type[Neuron], options: dict[str, Any]) -> list[nn.Module]:
    """A population within a network, every parameter learned, the first of them different in each neuron."""
    known = model.declaration.parameters
    first = {k: known[k].default * (1 + 0.2 * torch.rand(13, generator=gen(3))) for k in list(known)[:1]}
    bias = model.default_dt == 1 * ms  # one of the size of 0.1 is no current for a model in amperes
    return [linear(7, 13, bias), model(learn=tuple(known), **first, **options), linear(13, 3), LI()]


def named(model: type[Neuron], options: dict[str, Any]) -> str:
    return " ".join([model.__name__, *(f"{k}={v}" for k, v in options.items())]).replace("surrogate=", "")


NEURONS = [
    Case(named(m, o), lambda m=m, o=o: around(m, o), (3, 7), density=0.4, steps=17) for m, o in MODELS + OPTIONS
]  # in float32, a neuron's kernels are judged alone, and those around them by the networks below
NETWORKS = [
    Case("one neuron", lambda: [linear(1, 1), LIF()], (1, 1), None, dense_too=True),
    Case("one step", lambda: [linear(5, 9), LIF(), linear(9, 2), LI()], (2, 5), 0.5, steps=1),
    Case(
        "values, three populations, blocks that are not full",
        lambda: [linear(19, 67, bias=False), LIF(), linear(67, 130), LIF(), linear(130, 66), LIF(), linear(66, 3), LI()],
        (3, 19), None, steps=13, dtypes=BOTH, dense_too=True,
    ),
    Case(
        "four populations, tau of each neuron, dropout",
        lambda: [
            linear(9, 13), LIF(tau_mem=taus((13,)), learn=("tau_mem",)), dropout(0.3), linear(13, 70), ALIF(),
            linear(70, 9), CubaLIF(), linear(9, 64), LIF(learn=("tau_mem", "v_threshold")), linear(64, 2), Accumulator(),
        ],
        (4, 9), 0.3, steps=21, dense_too=True,
    ),
    Case(
        "few errors: surrogates of compact support, membranes that stay linear",
        lambda: [
            linear(9, 66), LIF(surrogate=Triangle(width=0.1), reset=Subtract()), linear(66, 13), IF(surrogate=Boxcar(0.1), reset=Subtract()),
            linear(13, 7), LIF(surrogate=Boxcar(0.1), reset=NoReset(), input=ImpulseInput(), learn=("tau_mem",)), linear(7, 2), LI(),
        ],
        (3, 9), 0.3, steps=17, dtypes=BOTH,
    ),
    Case(
        "few errors in pictures and to a recurrent population",
        lambda: [
            conv(1, 3, 2), LIF(surrogate=Boxcar(0.1), reset=Subtract()), rv.Flatten(), linear(60, 9),
            recurrent(LIF(surrogate=Triangle(width=0.1), reset=Subtract()), 9), linear(9, 5), LIF(surrogate=Boxcar(0.05), reset=Subtract()),
        ],
        (2, 1, 5, 6), 0.4, steps=13,
    ),
    Case(
        "recurrent, more neurons than lanes, an odd batch",
        lambda: [linear(11, 70), recurrent(LIF(learn=("tau_mem",)), 70), dropout(0.2), linear(70, 3), LI(learn=("tau_mem",))],
        (5, 11), 0.3, steps=12, dtypes=BOTH,
    ),
    Case(
        "recurrent at both ends",
        lambda: [
            recurrent(ALIF(tau_mem=taus((9,)), learn=("tau_mem", "beta")), 9), linear(9, 64),
            recurrent(CubaLIF(order=("reset", "integrate", "fire"), reset=Subtract()), 64),
        ],
        (4, 9), None, 6.0, steps=12,
    ),
    Case(
        "recurrent, refractory, after dropout",
        lambda: [dropout(0.4), linear(9, 8), recurrent(LIF(refractory=BlockSpikes(2 * ms)), 8), rv.Flatten()],
        (1, 9), 0.5, steps=12,
    ),
    Case("a recurrent readout", lambda: [linear(6, 8), LIF(), linear(8, 4), recurrent(LI(), 4)], (2, 6), 0.4, fused=False),
    Case(
        "convolutions, tau of each channel, pooling of spikes",
        lambda: [
            conv(2, 5, 3, padding=1), LIF(tau_mem=taus((5, 1, 1)), learn=("tau_mem",)), rv.AvgPool2d(2),
            conv(5, 33, (3, 2), stride=(1, 2)), ALIF(learn=("beta",)), rv.MaxPool2d((2, 1)), rv.Flatten(), linear(66, 3), LI(),
        ],
        (3, 2, 9, 8), 0.15, steps=9, dtypes=BOTH, dense_too=True,
    ),
    Case(
        "convolutions with pooling at once, groups, dropout of pictures",
        lambda: [
            strong(conv(2, 4, (3, 2), groups=2, stride=(2, 1), padding=(0, 1))), rv.SumPool2d(2), LIF(reset=Subtract()), dropout(0.25),
            strong(conv(4, 6, 2, bias=False)), rv.MaxPool2d(2), CubaLIF(), rv.Flatten(), linear(12, 2), Accumulator(),
        ],
        (2, 2, 13, 11), 0.25, steps=9,
    ),
    Case(
        "pooling first, spikes in pictures last",
        lambda: [rv.MaxPool2d(2), strong(conv(3, 4, 3)), rv.AvgPool2d(2, stride=1), LIF(learn=("tau_mem",))], (2, 3, 11, 9), 0.2, steps=9
    ),
    Case(
        "sums of spikes into a convolution",
        lambda: [rv.SumPool2d(2), conv(1, 3, 3), LIF(), rv.SumPool2d((1, 2)), rv.Flatten(), linear(9, 2), LI()], (2, 1, 10, 9), 0.3, steps=9
    ),
    Case(
        "overlapping maxima of spikes, two poolings in a row, pooling last",
        lambda: [conv(1, 3, 2), LIF(), rv.MaxPool2d(3, stride=2), rv.AvgPool2d(2, stride=1), conv(3, 2, 2), LIF(), rv.MaxPool2d(2)],
        (2, 1, 12, 13), 0.3, steps=9,
    ),
    Case(
        "sums and means of spikes, and their maxima",
        lambda: [rv.SumPool2d(2), rv.MaxPool2d(2), conv(1, 2, 2), LIF(), rv.AvgPool2d((1, 2)), dropout(0.3), rv.MaxPool2d((2, 1)), rv.Flatten()],
        (2, 1, 20, 21), 0.3, steps=7,
    ),
    Case("a convolution last", lambda: [conv(2, 3, 3), LIF(), conv(3, 2, 2)], (2, 2, 7, 6), 0.3, steps=7),
    Case("a convolution pooled last", lambda: [conv(2, 3, 3), LIF(), conv(3, 2, 2), rv.MaxPool2d(2)], (2, 2, 7, 6), 0.3, steps=7),
    Case("pictures of values", lambda: [strong(conv(2, 3, 3)), rv.MaxPool2d(2), LIF(), rv.Flatten(), linear(12, 2)], (2, 2, 6, 7), None, steps=7),
    Case("neurons first, flat last", lambda: [LIF(tau_mem=2 * ms, learn=("r",)), rv.Flatten()], (3, 2, 3), None),
    Case("pictures of neurons, flattened", lambda: [conv(1, 3, 2), LIF(), rv.Flatten()], (2, 1, 4, 5), None),
    Case("dropout last", lambda: [linear(6, 7), LIF(), dropout(0.5)], (3, 6), 0.4),
    Case("values dropped", lambda: [dropout(0.5), linear(6, 7), dropout(0.5), LIF(tau_mem=5 * ms), linear(7, 2)], (3, 6), None, 20.0),
    Case("nothing but flat", lambda: [rv.Flatten()], (2, 3, 2), 0.3),
    Case(
        "a foreign module between two chains",
        lambda: [linear(6, 9), LIF(), Halve(), linear(9, 8), LIF(), linear(8, 2), LI()], (2, 6), 0.4, dense_too=True
    ),
    Case(
        "a chain within a chain",
        lambda: [linear(6, 9), LIF(), rv.Sequential(linear(9, 8), LIF(), input_rate=0.3), linear(8, 2), LI()], (2, 6), 0.4
    ),
    Case("a subclass with its own forward", lambda: [linear(6, 9), LIF(), Shifted(9, 8), LIF()], (2, 6), 0.4),
    Case(
        "delays and segments",
        lambda: [rv.Delays(2), conv(2, 3, 2), LIF(), rv.Flatten(), rv.SegmentLinear(18, 2, segments=2, steps=8), LI()],
        (2, 3, 4), 0.4, steps=8,
    ),
]  # fmt: skip
CASES = NEURONS + NETWORKS


def build(case: Case, dtype: torch.dtype) -> rv.Sequential:
    """The network, with weights that make its populations fire."""
    net = rv.Sequential(*case.layers(), rate=None).to(dtype)
    net.eval().calibrate(input_of(case, dtype), case.rate)
    with torch.no_grad():
        for p in net.parameters():
            if p.dim() > 1:
                p.mul_(1.03)  # away from the threshold, where the search has ended
    return net.train()


def input_of(case: Case, dtype: torch.dtype, seed: int = 4) -> Tensor:
    size = (case.steps, *case.shape)
    if case.density is None:
        return (case.gain * torch.randn(size, generator=gen(seed), dtype=F64)).to(dtype)
    return (torch.rand(size, generator=gen(seed)) < case.density).to(dtype)


# ---- one run, everything that can be compared ------------------------------------------------------------------------


SMALL = {"w": 1e-9, "g_exc": 1e-8, "g_inh": 1e-8}  # what is much for states in amperes and siemens


def start_of(net: rv.Sequential, x: Tensor) -> Any:
    """A state that is not at rest, of leaves; whole numbers where the model counts steps or carries a spike."""
    g = gen(8)

    def away(name: str, rest: Tensor) -> Tensor:
        if name in ("step", "stream", "drawn"):
            return rest
        if name in ("refractory", "spiked", "last", "waiting"):
            moved = torch.randint(2, rest.shape, generator=g).to(rest.dtype)
        else:
            moved = rest.detach() + 0.3 * torch.rand(rest.shape, generator=g, dtype=F64).to(rest.dtype) * SMALL.get(
                name, 1
            )
        return moved.requires_grad_()

    return _map(away, net.initial_state(x.shape[1:], x))


def _map(change: Callable[[str, Tensor], Tensor], state: Any, name: str = "") -> Any:
    if isinstance(state, Tensor):
        return change(name, state)
    if isinstance(state, dict):
        return {k: _map(change, v, k) for k, v in state.items()}
    return tuple(_map(change, v) for v in state)


def flat(state: Any, name: str) -> dict[str, Tensor]:
    """The numbers of a state by their places."""
    if isinstance(state, Tensor):
        return {name: state} if state.dtype.is_floating_point else {}
    pairs = state.items() if isinstance(state, dict) else enumerate(state)
    found: dict[str, Tensor] = {}
    for k, v in pairs:
        found |= flat(v, f"{name}.{k}")
    return found


def measure(net: rv.Sequential, x: Tensor | rv.Events, like: Tensor, wanted: str = "all") -> dict[str, Tensor]:
    """Output, final states and gradients of one run. wanted: "all", "input", "states", "parameters" or "none": whose gradients."""
    for m in net.modules():
        if isinstance(m, rv.Dropout):
            m.generator.manual_seed(5)
    net.zero_grad()
    for p in net.parameters():
        p.requires_grad_(wanted in ("all", "parameters"))
    start = start_of(net, like)
    leaves = flat(start, "state")
    for leaf in leaves.values():
        leaf.requires_grad_(wanted in ("all", "states"))
    if isinstance(x, Tensor):
        x = x.detach().clone().requires_grad_(wanted in ("all", "input"))
    run = net.run(x, start)
    found = {"output": run.output} | flat(run.state, "final state")
    g = gen(9)
    weights = {k: torch.randn(v.shape, generator=g, dtype=F64).to(v.dtype) for k, v in found.items()}
    inputs = {**leaves, **dict(net.named_parameters())} | ({"x": x} if isinstance(x, Tensor) else {})
    if wanted != "none":
        sum((found[k] * w).sum() for k, w in weights.items()).backward()
        for name, v in inputs.items():
            assert v.requires_grad or v.grad is None
            found[f"gradient of {name}"] = torch.zeros_like(v) if v.grad is None else v.grad
    else:
        assert not any(v.requires_grad for v in found.values())
    return {k: v.detach() for k, v in found.items()}


def assert_equal(got: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        assert got[name].shape == value.shape and got[name].dtype == value.dtype, name
        assert bool(torch.isfinite(got[name]).all()), f"{name} has unwritten or infinite elements"
        scale = max(float(value.abs().max()), 1e-6)
        worst = float((got[name] - value).abs().max())
        assert worst <= tolerance * scale, f"{name}: off by {worst:g} of {scale:g}"


def assert_same_bits(got: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(got[name], value), name


def layer_by_layer(net: rv.Sequential, backend: str, monkeypatch: pytest.MonkeyPatch, *rest: Any) -> dict[str, Tensor]:
    """`measure` with no chain. With backend "eager" nothing compiled takes part."""
    with monkeypatch.context() as patch:
        for m in net.modules():
            if isinstance(m, rv.Sequential):
                patch.setattr(m, "fused", False)
            if isinstance(m, Neuron):
                patch.setattr(m, "backend", backend)
        if backend == "eager":
            patch.setattr(kernels, "linear", F.linear)
        return measure(net, *rest)


def rates(net: rv.Sequential, x: Tensor) -> list[float]:
    """Share of steps with a spike, of each firing population."""
    found = {k.removesuffix(".rate"): float(v) for k, v in net.run(x, record=("rate",)).records.items()}
    firing = {k: m.neuron if isinstance(m, rv.Recurrent) else m for k, m in enumerate(net.layers)}
    return [v for k, v in found.items() if "." in k or firing[int(k)].fires]


def ran_fused(net: rv.Sequential, x: Any, state: Any = None) -> bool:
    """Whether the last layers ran in a chain."""
    return "_Chain" in type(net.run(x, state).output.grad_fn).__name__


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        pytest.param(
            c, d, marks=[pytest.mark.thorough] if c in NEURONS or d == F32 and c.shape != (3, 19) else [], id=f"{c}-{d}"
        )
        for c in CASES
        for d in c.dtypes
    ],
)
def test_fused_equals_layer_by_layer(
    case: Case, dtype: torch.dtype, stretch: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, x = build(case, dtype), input_of(case, dtype)
    assert ran_fused(net, x.clone().requires_grad_()) == case.fused
    eager = layer_by_layer(net, "eager", monkeypatch, x, x)
    if case.steps > 1:
        assert all(0.003 < rate < 0.97 for rate in rates(net, x)), "populations fire, or nothing is compared"
    for steps, densest in ((1, None), (4, 2.0), (case.steps, None)):
        stretch(steps)
        with monkeypatch.context() as patch:
            if densest is not None:  # by events alone; else a stretch at a time as its density says
                patch.setattr(linear_kernels, "DENSEST", densest)
                patch.setattr(conv_kernels, "DENSEST", densest)
            assert_equal(measure(net, x, x), eager, TOLERANCE[dtype])
    if case.dense_too:
        assert_equal(layer_by_layer(net, "cpu", monkeypatch, x, x), eager, TOLERANCE[dtype])


@torch.no_grad()
@pytest.mark.thorough
@pytest.mark.parametrize(("model", "options"), FORWARD, ids=lambda v: getattr(v, "__name__", ""))
def test_every_model_runs_fused_and_in_a_stream(
    model: type[Neuron], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(model.__name__, lambda: around(model, options), (1, 7), density=0.4, steps=17)
    net, x = build(case, F64), input_of(case, F64)
    with monkeypatch.context() as patch:
        patch.setattr(net, "fused", False)
        for m in net.layers:
            patch.setattr(m, "backend", "eager", raising=False)
        expected = net.run(x)
    found, stream = net.run(x), net.stream()
    assert_equal(
        flat(found.state, "") | {"output": found.output}, flat(expected.state, "") | {"output": expected.output}, 1e-9
    )
    for t in range(case.steps):
        torch.testing.assert_close(stream.step(x[t, 0]).clone(), found.output[t, 0], rtol=1e-9, atol=1e-12)


def test_the_cases_cover_every_choice() -> None:
    exported = {n for n in ranvier.neurons.__all__ if n not in ("LoihiLIF", "Neuron", "Run")}
    assert exported == {m.__name__ for m, _ in MODELS + FORWARD}
    offered = {v for v in vars(surrogates).values() if isinstance(v, type) and issubclass(v, Surrogate)} - {Surrogate}
    used = {k: {type(o[k]) for _, o in MODELS + OPTIONS if k in o} for k in ("surrogate", "reset", "refractory")}
    assert offered == used["surrogate"] | {FastSigmoid}
    assert used["reset"] == {ToValue, Subtract, NoReset} and used["refractory"] == {Clamp, BlockSpikes, BlockInput}


def test_stretches_are_as_long_as_asked_for(stretch: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    inner = chain.Chain._stretch
    monkeypatch.setattr(
        chain.Chain, "_stretch", lambda self, s, out: (seen.append((s.first, s.end)), inner(self, s, out))
    )
    net, x = build(NETWORKS[0], F64), torch.randn(11, 1, 1, dtype=F64)
    stretch(4)
    net(x).sum().backward()
    assert seen == [(0, 3), (3, 7), (7, 11), (3, 7), (0, 3)], "the last one need not be run again"
    seen.clear()
    with torch.no_grad():
        net(x)
    assert seen == [(0, 3), (3, 7), (7, 11)]
    seen.clear()
    monkeypatch.setattr(chain, "WHOLE", 10**9)  # what fits is kept, and never run again
    kept = measure(net, x, x)
    assert seen == [(0, 3), (3, 7), (7, 11)]
    seen.clear()
    monkeypatch.setattr(chain, "OVER_WEIGHTS", 10**9)  # large weights make one stretch
    whole = measure(net, x, x)
    assert seen == [(0, 11)]
    assert_equal(kept, whole, 1e-12)


def test_few_errors_take_the_sparse_way_back(stretch: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """And give what the dense way gives."""
    taken: list[bool] = []
    inner = linear_kernels.LinearStage._near_gradient
    monkeypatch.setattr(linear_kernels.LinearStage, "_near_gradient", lambda *a: (taken.append(True), inner(*a))[1])
    for case in (c for c in NETWORKS if c.name.startswith("few errors")):
        net, x = build(case, F64), input_of(case, F64)
        taken.clear()
        stretch(5)
        sparse = measure(net, x, x)
        assert taken
        taken.clear()
        with monkeypatch.context() as patch:
            patch.setattr(linear_kernels, "DENSEST_ERROR", 0.0)
            assert_equal(measure(net, x, x), sparse, 1e-9)
        assert not taken


# ---- kinds of input, and what has a gradient -------------------------------------------------------------------------

EVENTFUL = [c for c in NETWORKS if c.density is not None and c.name not in ("nothing but flat", "one step")]
SOME = [
    c for c in NETWORKS if c.name.startswith(("four populations", "recurrent, more", "recurrent, refr", "convolutions"))
]


@pytest.mark.parametrize("case", EVENTFUL, ids=str)
def test_events_are_worth_the_spikes_they_stand_for(case: Case, stretch: Callable[[int], None]) -> None:
    net, x = build(case, F64), input_of(case, F64)
    expected = measure(net, x, x, "parameters")
    del expected["gradient of x"]
    for steps, packed in ((case.steps, False), (3, False), (case.steps, True)):
        stretch(steps)
        events = rv.Events.from_dense(x)
        events = events.compact() if packed else events.unpacked()
        assert_equal(measure(net, events, x, "parameters"), expected, 1e-9)


@pytest.mark.parametrize("case", SOME, ids=str)
@pytest.mark.parametrize("wanted", ["input", "states", "parameters", "none"])
def test_no_other_gradient_than_what_is_asked_for(
    case: Case, wanted: str, stretch: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, x = build(case, F64), input_of(case, F64)
    eager = layer_by_layer(net, "eager", monkeypatch, x, x, wanted)
    for steps in (4, case.steps):
        stretch(steps)
        assert_equal(measure(net, x, x, wanted), eager, 1e-9)


@pytest.mark.parametrize("case", SOME, ids=str)
def test_some_frozen_weights(case: Case, stretch: Callable[[int], None]) -> None:
    """Every second parameter is frozen: the others' gradients are what they were."""
    net, x = build(case, F64).eval(), input_of(case, F64)
    stretch(4)
    net(x).square().sum().backward()
    whole = [p.grad.clone() for p in net.parameters()]
    for remainder in (0, 1):
        net.zero_grad()
        for k, p in enumerate(net.parameters()):
            p.requires_grad_(k % 2 == remainder)
        net(x).square().sum().backward()
        for k, p in enumerate(net.parameters()):
            if k % 2 == remainder:
                torch.testing.assert_close(p.grad, whole[k], rtol=1e-9, atol=1e-12)
            else:
                assert p.grad is None


@pytest.mark.parametrize("case", SOME, ids=str)
def test_a_loss_on_states_alone(case: Case, stretch: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    net, x = build(case, F64).eval(), input_of(case, F64)

    def gradients() -> list[Tensor]:
        net.zero_grad()
        sum(v.square().sum() for v in flat(net.run(x).state, "").values()).backward()
        return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in net.parameters()]

    stretch(3)
    found = gradients()
    monkeypatch.setattr(net, "fused", False)
    for ours, theirs in zip(found, gradients(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_the_gradient_that_arrives_is_left_alone() -> None:
    for case in NETWORKS:
        net, x = build(case, F64), input_of(case, F64).requires_grad_()
        y = net(x)
        error = torch.randn(y.shape, generator=gen(), dtype=F64)
        before = error.clone()
        y.backward(error)
        assert torch.equal(error, before), case.name


def test_the_input_and_the_state_are_left_alone() -> None:
    for case in NETWORKS:
        net, x = build(case, F64), input_of(case, F64)
        start = start_of(net, x)
        before, given = x.clone(), {k: v.detach().clone() for k, v in flat(start, "").items()}
        y = net.run(x, start).output
        if y.requires_grad:
            y.sum().backward()
        assert torch.equal(x, before), case.name
        assert_same_bits({k: v.detach() for k, v in flat(start, "").items()}, given)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.transpose(1, 2).contiguous().transpose(1, 2),
        lambda x: torch.stack([x, x], -1)[..., 0],
        lambda x: x.flip(0).flip(0).requires_grad_(),
    ],
    ids=["transposed", "strided", "leaf"],
)
def test_an_input_of_any_layout(change: Callable[[Tensor], Tensor]) -> None:
    net, x = build(NETWORKS[2], F64), input_of(NETWORKS[2], F64)
    expected = net(x)
    assert torch.equal(net(change(x)), expected)


def test_an_input_that_never_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    net = build(NETWORKS[2], F64)
    frame = torch.randn((1, 3, 19), generator=gen(), dtype=F64)
    expanded = frame.expand(9, 3, 19)
    expected = layer_by_layer(net, "eager", monkeypatch, frame.repeat(9, 1, 1), frame.repeat(9, 1, 1))
    assert_equal(measure(net, expanded, expanded), expected, 1e-9)


# ---- who takes a layer out of the chain ------------------------------------------------------------------------------


def test_hooks_are_called_and_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    case = NETWORKS[2]
    net, x = build(case, F64), input_of(case, F64)
    plain = measure(net, x, x)
    called: list[str] = []
    for k, hook in enumerate(("forward", "forward_pre", "full_backward", "full_backward_pre")):
        register = getattr(net[2 * k], f"register_{hook}_hook")
        register(lambda *_, hook=hook: called.append(hook))
    assert_equal(measure(net, x, x), plain, 1e-9)
    assert set(called) == {"forward", "forward_pre", "full_backward", "full_backward_pre"}


def test_a_forward_hook_may_replace_the_output() -> None:
    net, x = build(NETWORKS[2], F64), input_of(NETWORKS[2], F64)
    net[2].register_forward_hook(lambda module, given, output: torch.zeros_like(output))
    y = torch.zeros(13, 3, 130, dtype=F64)
    for layer in net.layers[3:]:
        y = layer(y)
    torch.testing.assert_close(net(x), y)


class Lowest(rv.MaxPool2d):
    """The minimum of each window."""

    def pool(self, frames: Tensor) -> Tensor:
        return -super().pool(-frames)


class Loud(LIF):
    """A neuron that answers twice as loud."""

    def run(self, x: Tensor, state: Any = None, record: Sequence[str] = ()) -> rv.Run:
        done = super().run(x, state, record)
        return rv.Run(2 * done.output, done.state, done.records)


class Own(rv.Recurrent):
    def run(self, x: Tensor, state: Any = None, record: Sequence[str] = ()) -> rv.Run:
        return super().run(x + 1, state, record)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        (lambda: [Lowest(2), strong(conv(1, 2, 2)), LIF()], (2, 1, 6, 6)),
        (lambda: [linear(6, 5), Loud(), linear(5, 2)], (2, 6)),
        (lambda: [linear(6, 5), Own(LIF(), 5, generator=gen()), linear(5, 2)], (2, 6)),
        (lambda: [Shifted(6, 5, generator=gen()), LIF()], (2, 6)),
    ],
    ids=["pool", "run of a neuron", "run of a recurrent population", "forward"],
)
def test_a_subclass_with_its_own_way_is_asked(
    layers: Callable[[], list[nn.Module]], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = rv.Sequential(*layers(), rate=None).double()
    x = 4 * torch.rand((9, *shape), generator=gen(), dtype=F64)
    expected = layer_by_layer(net, "eager", monkeypatch, x, x)
    assert float(expected["output"].abs().max()) > 0
    assert_equal(measure(net, x, x), expected, 1e-9)


def test_a_method_replaced_on_the_object_is_asked() -> None:
    net = rv.Sequential(linear(6, 5), LI())
    net[0].forward = lambda x: torch.zeros(*x.shape[:2], 5)  # as profilers and quantisers do
    assert (net(torch.rand(4, 2, 6)) == 0).all()


def test_a_parametrised_weight_is_learned() -> None:
    layer = nn.utils.parametrizations.weight_norm(linear(6, 5))
    net, x = rv.Sequential(layer, LI(), linear(5, 2), rate=None), torch.rand(9, 2, 6)
    results = []
    for fused in (True, False):
        net.fused = fused
        net.zero_grad()
        net(x).square().sum().backward()
        results.append({k: p.grad.clone() for k, p in net.named_parameters()})
    assert all(float(g.abs().max()) > 0 for g in results[0].values())
    assert_equal(*results, 1e-4)


def test_a_smooth_spike_is_not_taken_for_a_spike(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the surrogate's own function in place of the step, finite differences judge a whole network."""
    neuron = LIF(surrogate=Arctan(), reset=ToValue(detach=False))
    neuron.options = replace(neuron.options, soft=True)
    net = rv.Sequential(linear(4, 5), neuron, linear(5, 2), LI(), rate=None).double()
    x = 3 * torch.rand((5, 2, 4), generator=gen(), dtype=F64)
    expected = layer_by_layer(net, "eager", monkeypatch, x, x)
    assert_equal(measure(net, x, x), expected, 1e-9)


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_a_backend_that_is_asked_for_runs(backend: str) -> None:
    net = rv.Sequential(linear(4, 5), LIF(backend=backend), linear(5, 2), LI(), rate=None)
    y = net(torch.rand(5, 2, 4))
    nodes, seen = [y.grad_fn], set()
    while nodes:
        node = nodes.pop()
        seen.add(type(node).__name__)
        nodes += [n for n, _ in node.next_functions if n is not None and type(n).__name__ not in seen]
    assert ("StackBackward0" in seen) == (backend == "eager")


# ---- threads and repetition ------------------------------------------------------------------------------------------


@pytest.fixture
def many_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the threads of our kernels, which share even the smallest work. torch's own products stay on one: its BLAS rounds otherwise on more."""
    monkeypatch.setattr(threads, "LEAST", 1)
    return lambda count: monkeypatch.setattr(threads, "torch", SimpleNamespace(get_num_threads=lambda: count))


@pytest.mark.parametrize("case", [c for c in NETWORKS if F32 in c.dtypes or c in SOME], ids=str)
def test_neither_threads_nor_repetition_change_a_bit(
    case: Case, many_parts: Callable[[int], None], stretch: Callable[[int], None]
) -> None:
    net, x = build(case, F64), input_of(case, F64)
    stretch(4)
    many_parts(1)
    first = measure(net, x, x)
    for count in (1, 2, 3):
        many_parts(count)
        assert_same_bits(measure(net, x, x), first)


def test_every_order_of_a_step_runs_fused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gradient: the forward kernel and the state that carries a spike."""
    for order in itertools.permutations(("integrate", "fire", "reset")):
        net = rv.Sequential(linear(5, 6), LIF(order=order), linear(6, 2), LI(), rate=None).double()
        x = 4 * torch.rand((9, 2, 5), generator=gen(), dtype=F64)
        expected = layer_by_layer(net, "eager", monkeypatch, x, x, "none")
        assert_equal(measure(net, x, x, "none"), expected, 1e-9)
