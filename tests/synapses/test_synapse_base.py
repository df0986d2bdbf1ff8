"""What all synapses share: compiled = eager with gradients, step = run, chains, streams, dimensions, and `onto`."""

import copy
from typing import Any, cast

import pytest
import torch
from torch import Tensor

import ranvier.synapses
from ranvier.equations import CurrentInput, ModelError, parameter, state
from ranvier.layers import Linear, Sequential
from ranvier.layers.initialise import spikes_sample
from ranvier.neurons import LIF, CubaLIF, Neuron
from ranvier.synapses import (
    AlphaSynapse,
    ConductanceSynapse,
    DeltaSynapse,
    DoubleExponentialSynapse,
    ExponentialSynapse,
    NMDASynapse,
    ShortTermPlasticity,
    Synapse,
)
from ranvier.units import Conductance, Current, Resistance, Time, Voltage, ms

F64 = torch.float64
LEARNED: dict[str, tuple[type[Neuron], dict[str, Any]]] = {
    "exponential": (ExponentialSynapse, {}),
    "alpha": (AlphaSynapse, {}),
    "double exponential": (DoubleExponentialSynapse, {"tau_rise": torch.tensor([1.0, 2.0, 5.0]) * ms}),
    "conductance": (ConductanceSynapse, {}),
    "NMDA": (NMDASynapse, {}),
    "short-term": (ShortTermPlasticity, {"U": torch.tensor([0.2, 0.5, 0.9])}),
    "short-term, rate": (ShortTermPlasticity, {"input": CurrentInput()}),
    "conductance on LIF": (ConductanceSynapse.onto(LIF), {"v_rev": 2.0, "r": 2.0}),
}
COMPILED = (
    "NMDA",
    "short-term",
    "short-term, rate",
    "conductance on LIF",
)  # every kind of output, coupled and per-neuron coefficients
MODELS = [v for v in vars(ranvier.synapses).values() if isinstance(v, type) and v is not Synapse]


def everything(model: Neuron, backend: str, x: Tensor) -> dict[str, Tensor]:
    """Output, final state and every gradient of one run from a state that is not at rest."""
    model.backend = backend
    model.zero_grad()
    x = x.clone().requires_grad_()
    g = torch.Generator().manual_seed(2)
    start = {
        k: (v.detach() + 0.2 * torch.rand(v.shape, generator=g, dtype=F64)).requires_grad_()
        for k, v in model.initial_state(x.shape[1:], x).items()
    }
    run = model.run(x, start)
    found = {"output": run.output} | {f"final {k}": v for k, v in run.state.items()}
    torch.stack([(v * torch.randn(v.shape, generator=g, dtype=F64)).sum() for v in found.values()]).sum().backward()
    leaves = {"x": x, **start, **dict(model.named_parameters())}
    return found | {k: torch.zeros_like(v) if v.grad is None else v.grad for k, v in leaves.items()}


@pytest.mark.thorough
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_equals_eager_with_every_gradient(name: str) -> None:
    kind, options = LEARNED[name]
    model = kind(learn=tuple(kind.declaration.parameters), **options).double()
    x = torch.randn(9, 2, 3, generator=torch.Generator().manual_seed(1), dtype=F64)
    compiled, eager = (everything(model, backend, x) for backend in ("cpu", "eager"))
    assert compiled.keys() == eager.keys() and eager["x"].abs().max() > 0
    for key, expected in eager.items():
        torch.testing.assert_close(compiled[key], expected, rtol=1e-9, atol=1e-11, msg=lambda m, k=key: f"{k}: {m}")


@pytest.mark.parametrize("name", [n for n, (kind, _) in LEARNED.items() if not kind.declaration.has("threshold")])
def test_eager_gradients_are_finite_differences(name: str) -> None:
    kind, options = LEARNED[name]
    model = kind(learn=tuple(kind.declaration.parameters), backend="eager", **options).double()
    x = (0.1 + torch.rand(4, 1, 3, dtype=F64)).requires_grad_()

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        return model(x)  # parameters are perturbed in place

    assert torch.autograd.gradcheck(run, (x, *model.parameters()), eps=1e-6, atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_step_by_step_is_the_run_and_rest_is_silent(model: type[Synapse]) -> None:
    synapse = model(backend="eager")
    x = (torch.rand(12, 2, 3, dtype=F64) < 0.4).to(F64)
    run = synapse.run(x)
    now, outputs = synapse.initial_state((2, 3), x), []
    for x_t in x:
        out, now = synapse.step(x_t, now)
        outputs.append(out)
    assert torch.equal(torch.stack(outputs), run.output) and not synapse.fires
    assert now.keys() == run.state.keys() and all(torch.equal(now[k], v) for k, v in run.state.items())
    assert (synapse(torch.zeros(3, 1, 2)) == 0).all()


def network(**options: Any) -> Sequential:
    g = torch.Generator().manual_seed(3)
    return Sequential(
        ShortTermPlasticity(U=0.4), Linear(9, 8, generator=g), ExponentialSynapse(tau=5 * ms), LIF(),
        input_rate=0.2, **options,
    )  # fmt: skip


def test_a_chain_runs_fused_and_gives_the_numbers_and_gradients_of_its_layers() -> None:
    net = network().double()
    x = (torch.rand(40, 3, 9, dtype=F64) < 0.2).to(F64)
    assert [w.path for w in net.explain(x, timed=False).layers.values()].count("compiled") == 3
    grads = []
    for fused in (True, False):
        net.fused = fused
        net.zero_grad()
        out = net(x)
        out.square().sum().backward()
        grads.append([out.detach(), *(p.grad for p in net.parameters())])
    for got, expected in zip(*grads, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-12)


def test_a_stream_of_a_chain_is_its_run() -> None:
    net = Sequential(Linear(9, 8), ExponentialSynapse(), rate=None).double()
    x = (torch.rand(15, 9, dtype=F64) < 0.2).to(F64)
    stream = net.stream()
    torch.testing.assert_close(torch.stack([stream.step(x_t).clone() for x_t in x]), net(x.unsqueeze(1))[:, 0])


@torch.no_grad()
def test_a_fresh_network_fires_through_its_synapses() -> None:
    """Weights are scaled for the neuron behind the synapse, whose input is not the sum itself."""
    x = spikes_sample(0.1)[:, :, :40]
    weights = Linear(40, 60, generator=torch.Generator().manual_seed(0))
    net = Sequential(weights, ExponentialSynapse(), LIF(), input_rate=0.1, fused=False)
    assert 0.05 < float(net(x).mean()) < 0.2
    weights.weight.mul_(1e-3)
    assert float(net(x).mean()) == 0
    assert float(net.calibrate(x)(x).mean()) == pytest.approx(0.1, abs=0.01)


@torch.no_grad()
@pytest.mark.parametrize("input_rate", [0.1, None])
def test_short_term_plasticity_before_the_weights_counts_too(input_rate: float | None) -> None:
    """Its release is a fraction of a spike; without a rate, spikes stand in for the values of which the sample is."""
    weights = Linear(40, 60, generator=torch.Generator().manual_seed(0))
    net = Sequential(ShortTermPlasticity(U=torch.full((40,), 0.3)), weights, LIF(), input_rate=input_rate, fused=False)
    assert 0.03 < float(net(spikes_sample(0.1)[:, :, :40]).mean()) < 0.25


def test_a_synapse_of_ones_own() -> None:
    class Gap(Synapse):
        """A current that is high where g is; the output is no state."""

        tau: Time = parameter(4 * ms, positive=True)
        v_rev: Voltage = parameter(0.5)
        g: Conductance = state(0.0)
        membrane = "g"

        def dynamics(self, s: Any) -> Any:
            return {"g": -s.g / self.tau}

        def receive(self, s: Any, x: Conductance) -> Any:
            return {"g": s.g + x}

        def output(self, s: Any) -> Current:
            return s.g * self.v_rev

    x = torch.ones(1, 1, 1)
    assert Gap(backend="eager")(x).item() == 0.5
    assert copy.deepcopy(Gap.onto(LIF)(backend="eager")).run(x).state["g"].item() == 1
    assert "output = " in str(Gap().program) and "output" in Gap().program.latex()


def made(**body: Any) -> type:
    hints = {"tau": Time, "g": Conductance, "v_rev": Voltage}
    base = {"tau": parameter(4 * ms), "v_rev": parameter(0.0), "g": state(0.0), "membrane": "g"}
    methods = {"dynamics": lambda self, s: {"g": -s.g / self.tau}}
    return type("Broken", (Synapse,), {"__annotations__": hints, **base, **methods, **body})


def as_voltage(self: Any, s: Any) -> Voltage:
    return s.g * self.v_rev


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"output": lambda self, s: s.g + self.v_rev},
            r"Broken\.output: g \+ v_rev: dimensions conductance and voltage",
        ),
        ({"output": as_voltage}, r"Broken\.output has dimension current, expected voltage \(in g\*v_rev\)\."),
        ({"output": lambda self, s, x: x + s.g}, r"Broken\.output: input \+ g: dimensions voltage and conductance"),
        (
            {"output": lambda self, s: s.g, "threshold": lambda self, s: s.g},
            r"Broken has a threshold, so its output is",
        ),
        ({"dynamics": lambda self, s: {"g": -s.g}}, r"d\(g\)/dt has dimension conductance, expected"),
        ({"receive": lambda self, s, x: {"g": s.g + x}}, r"g \+ input: dimensions conductance and voltage"),
        ({"membrane": "i"}, r"the membrane state is 'i', but the states are \['g'\]"),
    ],
)
def test_equations_that_do_not_fit_are_refused(body: dict[str, Any], text: str) -> None:
    with pytest.raises(ModelError, match=text):
        made(**body)


def test_a_subclass_takes_a_parameter_away() -> None:
    with pytest.raises(ModelError, match=r"Fixed: v starts at 'v_hold', which is neither a parameter nor a method"):
        type("Fixed", (ConductanceSynapse,), {"v_hold": None})
    fixed: Any = type(
        "Fixed", (ConductanceSynapse,), {"v_hold": None, "v": state(-0.07), "__annotations__": {"v": Voltage}}
    )
    assert "v_hold" not in fixed().parameter_values() and fixed().initial_state((1, 1))["v"].item() == pytest.approx(
        -0.07
    )


@pytest.mark.parametrize(
    ("synapse", "neuron", "text"),
    [
        (ExponentialSynapse, CubaLIF, r"CubaLIF takes no current in its dynamics, so no synapse can end on it"),
        (
            ShortTermPlasticity,
            LIF,
            r"ShortTermPlasticity acts on spikes, not on a membrane\. Put it before the weights",
        ),
        (NMDASynapse, ExponentialSynapse.onto(LIF), r"LIFWithExponentialSynapse is or has a synapse already"),
        (DeltaSynapse, LIF, r"LIFWithDeltaSynapse\.dynamics: input \+ jump: dimensions current and voltage"),
    ],
)
def test_what_cannot_be_joined(synapse: type[Synapse], neuron: type[Neuron], text: str) -> None:
    with pytest.raises(ModelError, match=text):
        synapse.onto(neuron)


def test_a_potential_of_another_name_cannot_be_joined() -> None:
    class Named(Neuron):
        membrane = "u"
        tau_mem: Time = parameter(20 * ms)
        r: Resistance = parameter(1.0)
        u: Voltage = state(0.0)

        def dynamics(self, s: Any, i: Any) -> Any:
            return {"u": (self.r * i - s.u) / self.tau_mem}

    with pytest.raises(
        ModelError, match=r"NMDASynapse needs the postsynaptic potential v, but the membrane of Named is u"
    ):
        NMDASynapse.onto(Named)
    filtered = ExponentialSynapse.onto(Named)(backend="eager")
    assert filtered(torch.ones(3, 1, 1))[-1].item() > 0, "a current needs no potential"


def test_names_that_clash_cannot_be_joined() -> None:
    class Own(LIF):
        tau: Time = parameter(1 * ms)

        def block(self, s: Any) -> Any:
            return s.v

    with pytest.raises(ModelError, match=r"ExponentialSynapse and Own both declare tau\. Rename it in a subclass"):
        ExponentialSynapse.onto(Own)
    with pytest.raises(ModelError, match=r"NMDASynapse and Own both declare block"):
        NMDASynapse.onto(Own)
    with pytest.raises(TypeError, match=r"NMDASynapse\.onto: expected a class of neurons, got LIF\("):
        NMDASynapse.onto(cast(Any, LIF()))
