"""The compiled kernels against the eager step: outputs, records, final state and every gradient.

A designed covering, not a product: every neuron, surrogate, reset (attached and detached), integrator, refractory mode, order,
comparison and kind of input runs compiled and eager, at odd sizes, with scalar and per-neuron parameters, all of them learned.
"""

import concurrent.futures
import itertools
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

import ranvier.neurons
from ranvier import surrogates
from ranvier.equations import (
    BlockInput,
    BlockSpikes,
    Clamp,
    CurrentInput,
    Euler,
    Exact,
    ExponentialEuler,
    ExponentialMidpoint,
    ImpulseInput,
    NoReset,
    RungeKutta4,
    SemiImplicitEuler,
    Subtract,
    ToValue,
    absolute,
    atan,
    erf,
    log,
    maximum,
    parameter,
    sqrt,
    state,
    tanh,
    where,
)
from ranvier.layers import Recurrent
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
from ranvier.units import Dimensionless, Resistance, Time, Voltage, ms

F64, F32 = torch.float64, torch.float32
SIZES = [(1, 1, 1), (7, 3, 5), (33, 2, 1030)]  # the last leaves a narrow tile beside a full one


class Everything(Neuron):
    """Every function of the equation language inside the time loop, with coefficients that depend on a state."""

    tau: Time = parameter(10 * ms, positive=True)
    unit: Voltage = parameter(1.0, positive=True)
    r: Resistance = parameter(1.0)
    low: Voltage = parameter(-0.3)
    v_threshold: Voltage = parameter(1.0)
    v_reset: Voltage = parameter(0.0)
    v: Voltage = state(0.0)
    n: Dimensionless = state(0.2)
    m: Dimensionless = state(0.1)

    def dynamics(self, s, i):
        leak = 0.5 + s.n**2  # a rate that moves: exprel stays in the loop
        u = s.v / self.unit
        bend = tanh(u) + 0.2 * atan(u) + 0.1 * erf(u) + 0.1 * log(2 + absolute(u)) - sqrt(1 + u**2)
        return {
            "v": (self.r * i - leak * s.v + where(s.m > 0, self.low, self.unit * 0.1)) / self.tau,
            "n": (absolute(bend) - s.n) / self.tau,
            "m": (maximum(u, self.low / self.unit) - s.m * (1 + s.n)) / self.tau,
        }

    def threshold(self, s):
        return s.v - self.v_threshold

    def reset(self, s):
        return {"v": self.v_reset, "n": s.n + 0.1}


class Gated(Neuron):
    """Conditions joined by & and |, high and broken powers."""

    tau: Time = parameter(10 * ms, positive=True)
    unit: Voltage = parameter(1.0, positive=True)
    r: Resistance = parameter(1.0)
    v_threshold: Voltage = parameter(1.0)
    v_reset: Voltage = parameter(0.0)
    v: Voltage = state(0.0)

    def dynamics(self, s, i):
        u = s.v / self.unit
        kick = where((u > -0.5) & (u < 0.5) | (u > 0.8), self.unit * 0.2, 0)
        return {"v": (self.r * i - s.v - kick - self.unit * u**9 / (1 + u**8) ** 1.5) / self.tau}

    def threshold(self, s):
        return s.v - self.v_threshold

    def reset(self, s):
        return {"v": self.v_reset}


@dataclass(frozen=True)
class Case:
    """A model with options; `gain` and `offset` of a normal input that makes it fire, in units of the model's input."""

    model: type[Neuron]
    options: dict[str, Any]
    gain: float = 4.0
    offset: float = 3.0
    per_neuron: bool = False
    dtypes: tuple[torch.dtype, ...] = (F64,)
    spread: float = 0.3  # of the states at the start, above rest

    def __str__(self) -> str:
        text = "-".join(f"{k}={v}" for k, v in self.options.items()).replace("integrate", "i").replace("reset", "r")
        return f"{self.model.__name__}-{text}{'-per_neuron' if self.per_neuron else ''}".replace(" ", "")


ATTACHED = ToValue(detach=False)
IMPULSE = ImpulseInput()
BOTH = (F64, F32)
CASES = [
    Case(LIF, {}, dtypes=BOTH),
    Case(LIF, {"reset": ATTACHED, "surrogate": Arctan(), "fire_on": ">"}, per_neuron=True, dtypes=BOTH),
    Case(LIF, {"reset": Subtract(), "surrogate": Sigmoid(), "input": IMPULSE}, 0.3, 0.2),
    Case(LIF, {"reset": Subtract(detach=False), "order": ("integrate", "reset", "fire"), "surrogate": Triangle()}),
    Case(LIF, {"reset": ATTACHED, "order": ("reset", "integrate", "fire"), "surrogate": Boxcar()}, per_neuron=True),
    Case(LIF, {"reset": NoReset(), "order": ("fire", "integrate", "reset"), "surrogate": MultiGaussian()}),
    Case(LIF, {"reset": ATTACHED, "order": ("fire", "reset", "integrate"), "surrogate": StraightThrough()}),
    Case(LIF, {"reset": Subtract(detach=False), "order": ("reset", "fire", "integrate"), "integrator": Euler()}),
    Case(LIF, {"refractory": Clamp(2 * ms), "reset": ATTACHED}, per_neuron=True),
    Case(LIF, {"refractory": BlockSpikes(2 * ms), "integrator": RungeKutta4(), "reset": Subtract(detach=False)}),
    Case(LIF, {"refractory": BlockInput(3 * ms), "input": IMPULSE, "order": ("reset", "integrate", "fire")}, 0.3, 0.2),
    Case(IF, {"reset": Subtract(detach=False)}, 0.3, 0.2, dtypes=BOTH),
    Case(IF, {"input": CurrentInput(), "reset": ToValue(), "surrogate": Arctan()}, 300, 300),
    Case(CubaLIF, {}, 0.6, 0.3, dtypes=BOTH),
    Case(CubaLIF, {"reset": ATTACHED, "surrogate": Triangle()}, 0.6, 0.3, per_neuron=True),
    Case(CubaLIF, {"integrator": ExponentialEuler(), "reset": Subtract(detach=False), "refractory": Clamp(1 * ms)}, 0.6, 0.3),
    Case(AdaptiveLIF, {"reset": ATTACHED}, per_neuron=True, dtypes=BOTH),
    Case(AdaptiveLIF, {"input": IMPULSE, "reset": Subtract(), "integrator": Exact(), "surrogate": MultiGaussian()}, 0.3, 0.2),
    Case(ALIF, {}, 3, 3, dtypes=BOTH),
    Case(ALIF, {"reset": ATTACHED, "surrogate": Sigmoid(), "integrator": Euler(), "refractory": BlockSpikes(1 * ms)}, 3, 3),
    Case(LI, {}, per_neuron=True, dtypes=BOTH),
    Case(LI, {"input": IMPULSE, "integrator": RungeKutta4()}),
    Case(Accumulator, {}, dtypes=BOTH),
    Case(Accumulator, {"input": CurrentInput()}, per_neuron=True),
    Case(Everything, {"reset": ATTACHED}, dtypes=BOTH),
    Case(Gated, {"integrator": Euler()}, per_neuron=True),
    Case(Izhikevich, {}, 100, 100, per_neuron=True, spread=0.02),
    Case(QIF, {"reset": ATTACHED}, 5e-9, 5e-9, spread=0.02),
    Case(EIF, {"reset": ATTACHED, "integrator": Euler()}, 3e-8, 3e-8, spread=0.02),
    Case(AdEx, {}, 2e-8, 2e-8, per_neuron=True, spread=1e-10),
    Case(ConductanceLIF, {"reset": ATTACHED, "refractory": Clamp(0.3 * ms)}, 3e-8, 3e-8, per_neuron=True, spread=1e-8),
    Case(HodgkinHuxley, {"integrator": ExponentialMidpoint()}, 2.0, 2.0, spread=0.02),
    Case(TraubMiles, {}, 3e-8, 3e-8, spread=0.02),
    Case(Synaptic, {"reset": Subtract(detach=False)}, 0.15, 0.1, per_neuron=True),
    Case(Alpha, {}, 1.0, 0.6),
    Case(SRM0, {"reset": ATTACHED}, 1.0, 0.6, per_neuron=True),
    Case(SRM, {"input": CurrentInput()}),
    Case(ResonateAndFire, {"reset": ATTACHED}, 1.0, 0.5, per_neuron=True),
    Case(BalancedResonateAndFire, {}, 60.0, 20.0, per_neuron=True),
    Case(SEAdLIF, {"reset": ATTACHED}, 8.0, 6.0),
    Case(EPropALIF, {"order": ("integrate", "reset", "fire")}, 0.2, 0.15, per_neuron=True),
    Case(EscapeLIF, {"reset": ATTACHED}, 3.0, 2.0, per_neuron=True),
    Case(PoissonNeuron, {}, 200.0, 200.0),
    Case(DiehlCookLIF, {"reset": ATTACHED}, 3e-9, 3e-9, per_neuron=True, spread=1e-9),
    Case(Tempotron, {}, 1.0, 0.6, per_neuron=True),
]  # fmt: skip
BIOPHYSICAL = {c.model for c in CASES if c.model.default_dt < 1 * ms}  # their equations alone are new: one case each
DISCRETE = {
    Synaptic,
    Alpha,
    SRM0,
    SRM,
    ResonateAndFire,
    BalancedResonateAndFire,
    SEAdLIF,
    EPropALIF,
    EscapeLIF,
    PoissonNeuron,
    Tempotron,
}  # so are these


def make(case: Case, neurons: int, dtype: torch.dtype, seed: int) -> Neuron:
    """The neuron with every parameter learned, a quarter of them different in each neuron if asked."""
    g = torch.Generator().manual_seed(seed)
    given: dict[str, Any] = {}
    for k, (name, spec) in enumerate(case.model.declaration.parameters.items()):
        scale = 1 + 0.1 * torch.rand(neurons, generator=g)
        offset = 0.05 if spec.default == 0 and name != "v_reset" else 0.0
        if case.per_neuron and k % 2 == 0:
            given[name] = spec.default * scale + offset
        elif offset:
            given[name] = offset
    return case.model(learn=tuple(case.model.declaration.parameters), **case.options, **given).to(dtype)


def everything(neuron: Neuron, backend: str, x: Tensor, start: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    """Outputs, records, final state and all gradients of one run, under a random weighting of each."""
    neuron.backend = backend
    neuron.zero_grad()
    x = x.clone().requires_grad_()
    leaves = {k: v.clone().requires_grad_() for k, v in start.items()}
    run = neuron.run(x, leaves, record=tuple(start))
    assert ("_Run" in type(run.output.grad_fn).__name__) == (backend == "cpu"), (
        "the backend asked for is the one that ran"
    )
    found = {"output": run.output} | {f"record {k}": v for k, v in run.records.items()}
    found |= {f"final {k}": v for k, v in run.state.items()}
    g = torch.Generator().manual_seed(seed)
    total = sum((v * torch.randn(v.shape, generator=g, dtype=F64).to(v.dtype)).sum() for v in found.values())
    total.backward()
    inputs = {"x": x, **leaves, **dict(neuron.named_parameters())}
    return found | {f"gradient of {k}": torch.zeros_like(v) if v.grad is None else v.grad for k, v in inputs.items()}


def assert_equal(compiled: dict[str, Tensor], eager: dict[str, Tensor], tolerance: float) -> None:
    assert compiled.keys() == eager.keys()
    for name, expected in eager.items():
        got, scale = compiled[name], max(float(expected.detach().abs().max()), 1e-6)
        assert got.shape == expected.shape and got.dtype == expected.dtype, name
        assert bool(torch.isfinite(got).all()), f"{name} has unwritten or infinite elements"
        worst = float((got - expected).detach().abs().max())
        assert worst <= tolerance * scale, f"{name}: off by {worst:g} of {scale:g}"


def start_of(
    neuron: Neuron, shape: tuple[int, ...], dtype: torch.dtype, seed: int, spread: float = 0.3
) -> dict[str, Tensor]:
    """A state that is not at rest; whole numbers where the model counts steps or carries a spike."""
    g = torch.Generator().manual_seed(seed)
    rest = neuron.initial_state(shape, torch.empty(0, dtype=dtype))
    whole = {"refractory": 2, "spiked": 2, "waiting": 2}
    return {
        k: torch.randint(whole[k], shape, generator=g).to(dtype)
        if k in whole
        else v
        if k in ("stream", "drawn")
        else v.detach() + spread * torch.rand(shape, generator=g, dtype=dtype)
        for k, v in rest.items()
    }


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        pytest.param(
            c,
            d,
            marks=[pytest.mark.thorough] if c.model in BIOPHYSICAL | DISCRETE or d == F32 and c is not CASES[0] else [],
            id=f"{c}-{d}",
        )
        for c in CASES
        for d in c.dtypes
    ],
)
def test_compiled_equals_eager(case: Case, dtype: torch.dtype) -> None:
    for T, B, N in SIZES:
        neuron = make(case, N, dtype, seed=N)
        g = torch.Generator().manual_seed(T)
        x = (case.offset + case.gain * torch.randn((T, B, N), generator=g, dtype=F64)).to(dtype)
        start = start_of(neuron, (B, N), dtype, seed=B, spread=case.spread)
        compiled, eager = (everything(neuron, backend, x, start, seed=1) for backend in ("cpu", "eager"))
        if neuron.fires and N > 1000:
            rate = float(eager["output"].detach().mean())
            assert 0.005 < rate < 0.95, f"fires in {rate:.3f} of steps"
        if dtype == F32 and neuron.fires:
            assert torch.equal(compiled["output"], eager["output"]), (
                "choose another seed: a membrane meets its threshold"
            )
        assert_equal(compiled, eager, 1e-9 if dtype == F64 else 1e-4)


def test_the_cases_cover_every_choice() -> None:
    exported = {n for n in ranvier.neurons.__all__ if n not in ("LoihiLIF", "Neuron", "Run", "ModelError", "State")}
    assert exported <= {c.model.__name__ for c in CASES}
    exported -= {m.__name__ for m in BIOPHYSICAL | DISCRETE}
    attached = {
        (c.model.__name__, c.options.get("reset", ToValue()).detach)
        for c in CASES
        if c.model.declaration.has("threshold")
    }
    firing = {n for n in exported if getattr(ranvier.neurons, n).declaration.has("threshold")}
    assert {(n, detach) for n in firing for detach in (True, False)} <= attached
    assert exported <= {c.model.__name__ for c in CASES if F32 in c.dtypes}

    def used(option: str) -> set[type]:
        return {type(c.options[option]) for c in CASES if option in c.options}

    offered = {v for v in vars(surrogates).values() if isinstance(v, type) and issubclass(v, Surrogate)} - {Surrogate}
    assert offered == used("surrogate") | {FastSigmoid}
    assert used("reset") == {ToValue, Subtract, NoReset}
    assert used("refractory") == {Clamp, BlockSpikes, BlockInput}
    assert used("integrator") == {Exact, ExponentialEuler, ExponentialMidpoint, RungeKutta4, Euler}
    assert SemiImplicitEuler in {type(m.default_integrator) for m in BIOPHYSICAL}
    assert used("input") == {CurrentInput, ImpulseInput}
    orders = {c.options.get("order", ("integrate", "fire", "reset")) for c in CASES}
    assert orders == set(itertools.permutations(("integrate", "fire", "reset")))


# ---- recurrence ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("neuron", "dtype"),
    [
        (lambda: LIF(reset=ATTACHED, learn=("tau_mem", "v_threshold")), F64),
        (lambda: LIF(reset=ATTACHED, learn=("tau_mem", "v_threshold")), F32),
        (lambda: ALIF(learn=("beta",), beta=torch.linspace(0.5, 2, 5)), F64),
        (lambda: CubaLIF(order=("reset", "integrate", "fire"), reset=Subtract(), learn=("tau_syn",)), F64),
        (lambda: LI(learn=("tau_mem",)), F64),
    ],
    ids=["LIF", "LIF float32", "ALIF per neuron", "CubaLIF spike carried", "LI"],
)
def test_recurrent_compiled_equals_eager(neuron: Callable[[], Neuron], dtype: torch.dtype) -> None:
    layer = Recurrent(neuron(), 5, generator=torch.Generator().manual_seed(0)).to(dtype)
    for T, B in ((1, 1), (12, 3)):
        x = (2 + 2 * torch.randn((T, B, 5), generator=torch.Generator().manual_seed(4), dtype=F64)).to(dtype)
        start = {**start_of(layer.neuron, (B, 5), dtype, 3), "last": (torch.rand(B, 5) < 0.5).to(dtype)}
        results = []
        for backend in ("cpu", "eager"):
            layer.neuron.backend = backend
            layer.zero_grad()
            inputs = {"x": x.clone().requires_grad_()} | {k: v.clone().requires_grad_() for k, v in start.items()}
            run = layer.run(inputs["x"], {k: inputs[k] for k in start}, record=("v",))
            found = {"output": run.output, "record": run.records["v"]} | {f"final {k}": v for k, v in run.state.items()}
            g = torch.Generator().manual_seed(9)
            sum((v * torch.randn(v.shape, generator=g, dtype=F64).to(dtype)).sum() for v in found.values()).backward()
            inputs |= dict(layer.named_parameters())
            none = {k: torch.zeros_like(v) if v.grad is None else v.grad for k, v in inputs.items()}
            results.append(found | {f"gradient of {k}": v for k, v in none.items()})
        if layer.neuron.fires and T > 1:
            assert 0.02 < float(results[1]["output"].detach().mean()) < 0.95
        assert_equal(*results, 1e-9 if dtype == F64 else 1e-4)


def test_recurrent_with_one_readout_alone_graded() -> None:
    """A loss on a record only: the fed-back output has a gradient through the weights all the same."""
    x = 6 + 6 * torch.randn(9, 2, 4, dtype=F64)
    grads = []
    for backend in ("cpu", "eager"):
        layer = Recurrent(LIF(backend=backend), 4, generator=torch.Generator().manual_seed(2)).double()
        layer.run(x, record=("v",)).records["v"].sum().backward()
        grads.append(layer.weight.grad)
    assert grads[1].abs().max() > 0
    torch.testing.assert_close(*grads, rtol=1e-9, atol=1e-12)


# ---- finite differences --------------------------------------------------------------------------------------------


SMOOTH = {
    "LIF": (lambda **o: LIF(reset=ATTACHED, surrogate=Arctan(), **o), 30.0),
    "CubaLIF": (lambda **o: CubaLIF(reset=ATTACHED, surrogate=MultiGaussian(), **o), 3.0),
    "ALIF": (lambda **o: ALIF(reset=ATTACHED, surrogate=FastSigmoid(2.0), **o), 30.0),
    "spike carried": (lambda **o: LIF(reset=Subtract(detach=False), order=CARRIED, surrogate=Sigmoid(), **o), 30.0),
    "per neuron": (lambda **o: AdaptiveLIF(reset=ATTACHED, surrogate=Sigmoid(), tau_mem=TAUS, **o), 30.0),
}
CARRIED, TAUS = ("reset", "integrate", "fire"), torch.tensor([10.0, 20.0]) * ms


@pytest.mark.parametrize(("name", "backend"), [(n, "eager") for n in SMOOTH] + [("CubaLIF", "cpu")])
def test_gradients_of_a_smooth_spike_are_finite_differences(name: str, backend: str) -> None:
    """With the surrogate's own function in place of the step, the whole gradient can be judged end to end."""
    make_cell, scale = SMOOTH[name]
    cell: Neuron = make_cell(learn=tuple(make_cell().declaration.parameters), backend=backend, r=1.3).double()
    cell.options = replace(cell.options, soft=True)
    keys = tuple(cell.initial_state((1,)))
    x = (scale * torch.rand(5, 1, 2, dtype=F64)).requires_grad_()
    start = [(0.4 * torch.rand(1, 2, dtype=F64)).requires_grad_() for _ in keys]

    def run(x: Tensor, *rest: Tensor) -> Tensor:
        done = cell.run(x, dict(zip(keys, rest, strict=False)), record=("v",))  # parameters are perturbed in place
        return torch.cat([v.flatten() for v in (done.output, done.records["v"], *done.state.values())])

    assert 0.01 < float(run(x, *start)[: x.numel()].detach().abs().mean())
    assert torch.autograd.gradcheck(run, (x, *start, *cell.parameters()), eps=1e-6, atol=1e-6, rtol=1e-5)


# ---- threads, processes, repetition --------------------------------------------------------------------------------


def _work(neuron: Neuron, seed: int) -> list[Tensor]:
    x = 2 + 2 * torch.randn((33, 2, 1030), generator=torch.Generator().manual_seed(seed), dtype=F64)
    x.requires_grad_()
    run = neuron.run(x, record=("v",))
    parameters = tuple(neuron.parameters())
    grads = torch.autograd.grad(run.output.sum() + run.records["v"].square().sum(), (x, *parameters))
    return [run.output.detach(), run.records["v"].detach(), *grads]


@pytest.fixture
def neurons() -> list[Neuron]:
    case = CASES[0]
    scalar = make(case, 1030, F64, 0)
    return [scalar, make(replace(case, per_neuron=True), 1030, F64, 0)]


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_the_number_of_threads_changes_no_bit(neurons: list[Neuron], threads: Callable[[int], None]) -> None:
    for neuron in neurons:
        results = []
        for count in (1, 2, 3):
            threads(count)
            results.append(_work(neuron, 0))
        for again in results[1:]:
            assert all(torch.equal(a, b) for a, b in zip(results[0], again, strict=True))


def test_a_repeated_run_is_the_same_to_the_bit(neurons: list[Neuron]) -> None:
    first = _work(neurons[0], 1)
    for _ in range(3):
        assert all(torch.equal(a, b) for a, b in zip(first, _work(neurons[0], 1), strict=True))


def test_two_python_threads_may_run_at_once(neurons: list[Neuron], threads: Callable[[int], None]) -> None:
    alone = [_work(neurons[k % 2], k) for k in range(4)]
    threads(2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda k: _work(neurons[k % 2], k), range(4)))
    for a, b in zip(alone, together, strict=True):
        assert all(torch.equal(u, v) for u, v in zip(a, b, strict=True))


def _child(pipe: Any, neuron: Neuron) -> None:
    torch.set_num_threads(1)
    pipe.send([v.numpy() for v in _work(neuron, 2)])
    pipe.close()


def test_a_forked_process_runs_as_its_parent(neurons: list[Neuron], threads: Callable[[int], None]) -> None:
    """As in a data loader's worker, after the parent has used its own threads."""
    threads(2)
    expected = _work(neurons[0], 2)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, neurons[0]))
    child.start()
    assert ours.poll(60), "the child hangs"
    found = ours.recv()
    child.join(10)
    assert child.exitcode == 0
    assert all(torch.equal(a, torch.from_numpy(b)) for a, b in zip(expected, found, strict=True))
