"""What every neuron shares: refusals, parameters that differ between neurons, state as a value, torch citizenship, and a model of the user's own."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
import sympy
import torch

import ranvier.neurons
from ranvier.equations import Exact, ImpulseInput, ModelError, Subtract, parameter, state
from ranvier.equations.functions import exp
from ranvier.neurons import ALIF, IF, LI, LIF, AdEx, ConductanceLIF, CubaLIF, HodgkinHuxley, Neuron, Run
from ranvier.neurons.neuron import DivergedError
from ranvier.surrogates import Arctan, FastSigmoid
from ranvier.units import Dimensionless, Resistance, Time, Voltage, ms

MODELS = [
    v for v in vars(ranvier.neurons).values() if isinstance(v, type) and issubclass(v, Neuron) and v is not Neuron
]


class FitzHugh(Neuron):
    """A user's own model, as in a notebook: two states, a cubic, an adaptation that jumps."""

    tau: Time = parameter(8 * ms, positive=True)
    slow: Time = parameter(40 * ms, positive=True)
    unit: Voltage = parameter(1.0)
    r: Resistance = parameter(1.0)
    v_threshold: Voltage = parameter(1.2)
    v_reset: Voltage = parameter(-0.5)
    v: Voltage = state("v_reset")
    w: Dimensionless = state(0.1)

    def dynamics(self, s, i):
        u = s.v / self.unit
        return {
            "v": (s.v - self.unit * (u**3 / 3 + s.w) + self.r * i) / self.tau,
            "w": (0.7 + u - 0.8 * s.w) / self.slow,
        }

    def threshold(self, s):
        return s.v - self.v_threshold

    def reset(self, s):
        return {"v": self.v_reset, "w": s.w + 0.2}


# ---- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (torch.zeros(3), ValueError, r"LIF: input must have axes \[T, B, \*N\] .*, got shape \(3,\)"),
        (torch.zeros(0, 2, 5), ValueError, r"no entries along time \(axis 0\); its shape is \(0, 2, 5\)"),
        (torch.zeros(3, 0, 5), ValueError, r"no entries along batch \(axis 1\)"),
        (torch.zeros(3, 2, 0), ValueError, r"no entries along neurons \(axis 2\)"),
        (
            torch.zeros(3, 2, 5, dtype=torch.int64),
            TypeError,
            r"must be floating point, got torch.int64\. Convert it with \.float",
        ),
        (torch.zeros(3, 2, 5, dtype=torch.bool), TypeError, r"must be floating point, got torch.bool"),
        (np.zeros((3, 2, 5)), TypeError, r"must be a torch tensor \[T, B, \*N\], got ndarray\. Use torch.as_tensor"),
        ([[1.0]], TypeError, r"got list"),
    ],
)
def test_input_that_cannot_be_run_is_refused(x, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        LIF()(x)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"dt": 0}, ValueError, r"LIF: dt must be a positive number of seconds, got 0\. Write dt=1 \* ms"),
        ({"dt": -1 * ms}, ValueError, r"dt must be a positive number"),
        ({"dt": "1 ms"}, ValueError, r"dt must be a positive number of seconds, got 1 ms"),
        ({"dt": math.nan}, ValueError, r"dt must be a positive number"),
        ({"tau": 5 * ms}, TypeError, r"LIF has no parameter tau\. It has: tau_mem, r, v_leak, v_threshold, v_reset"),
        ({"fire_on": "=>"}, ValueError, r"""LIF: fire_on must be ">=" or ">", got '=>'"""),
        ({"backend": "gpu"}, ValueError, r"LIF: backend must be one of \('auto', 'cpu', 'eager'\), got 'gpu'"),
        ({"learn": ("tau",)}, ValueError, r"LIF: learn names tau, which is no parameter"),
        ({"reset": Subtract}, TypeError, r"LIF: reset must be an object such as Subtract\(\), got <class"),
        ({"reset": "subtract"}, TypeError, r"LIF: reset must be an object such as Subtract\(\), got 'subtract'"),
        ({"input": ImpulseInput}, TypeError, r"LIF: input must be an object such as ImpulseInput\(\)"),
        ({"refractory": 2 * ms}, TypeError, r"LIF: refractory must be an object such as Clamp\(2 \* ms\), got 0\.002"),
        ({"surrogate": FastSigmoid}, TypeError, r"LIF: surrogate must be an object such as FastSigmoid\(\)"),
        ({"integrator": Exact}, TypeError, r"LIF: integrator must be an object such as Exact\(\)"),
    ],
)
def test_options_that_make_no_neuron_are_refused(options: dict, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        LIF(**options)


def _forgets_r(self, s, i):
    return {"v": (self.v_leak - s.v + i) / self.tau_mem}


def _forgets_tau(self, s, i):
    return {"v": self.v_leak - s.v + self.r * i}


def _adds_time(self, s):
    return s.v - self.v_threshold - self.tau_mem


def _resets_to_a_current(self, s):
    return {"v": self.v_reset / self.r}


def _couples_v_to_w(self, s, i):
    return {
        "v": (self.g_leak * (self.v_leak - s.v) - s.w + i) / self.c_mem,
        "w": (s.v - self.v_leak - s.w) / self.tau_w,
    }


def _exponential_of_volts(self, s, i):
    return {"v": (self.g_leak * self.delta_t * exp(s.v) - s.w + i) / self.c_mem, "w": -s.w / self.tau_w}


def _conductance_without_distance(self, s, i):
    return {
        "v": (self.g_leak * (self.v_leak - s.v) + s.g_exc + i) / self.c_mem,
        "g_exc": -s.g_exc / self.tau_exc,
        "g_inh": 0,
    }


def _receives_volts(self, s, x: Voltage):
    return {"g_exc": s.g_exc + x}


def _rates_in_volts(self, v):
    u = v - self.v_rest
    return {k: (self.pace * exp(u), self.pace) for k in ("m", "h", "n")}


@pytest.mark.parametrize(
    ("model", "slip", "text"),
    [
        (LIF, {"dynamics": _forgets_r}, r"Wrong\.dynamics: \(v_leak - v\) \+ input: dimensions voltage and current do not agree"),
        (LIF, {"dynamics": _forgets_tau}, r"d\(v\)/dt has dimension voltage, expected .* \(in \(\(v_leak - v\) \+ r\*input\)\)\. Did you forget to divide"),
        (LIF, {"threshold": _adds_time}, r"Wrong\.threshold: \(v - v_threshold\) - tau_mem: dimensions voltage and time"),
        (LIF, {"reset": _resets_to_a_current}, r"Wrong\.reset: v has dimension current, expected voltage \(in v_reset/r\)"),
        (AdEx, {"dynamics": _couples_v_to_w}, r"Wrong\.dynamics: \(v - v_leak\) - w: dimensions voltage and current"),
        (AdEx, {"dynamics": _exponential_of_volts}, r"Wrong\.dynamics: exp\(v\): the argument has dimension voltage, expected a pure number"),
        (ConductanceLIF, {"dynamics": _conductance_without_distance}, r"g_leak\*\(v_leak - v\) \+ g_exc: dimensions current and conductance"),
        (ConductanceLIF, {"receive": _receives_volts}, r"Wrong\.receive: g_exc \+ input: dimensions conductance and voltage"),
        (HodgkinHuxley, {"rates": _rates_in_volts}, r"exp\(\(v - v_rest\)\): the argument has dimension voltage"),
    ],
)  # fmt: skip
def test_a_slip_of_dimensions_is_refused_and_names_its_term(model: type[Neuron], slip: dict, text: str) -> None:
    """When the class is made, before any run."""
    with pytest.raises(ModelError, match=text):
        type("Wrong", (model,), slip)


def test_states_that_do_not_fit_are_refused() -> None:
    x, neuron = torch.zeros(3, 2, 5), CubaLIF()
    with pytest.raises(
        ValueError, match=r"CubaLIF: state must hold \['v', 'i'\], got \['v'\]\. Start from initial_state\(\(2, 5\)\)"
    ):
        neuron.run(x, {"v": torch.zeros(2, 5)})
    with pytest.raises(ValueError, match=r"state v has \(4, 5\), expected \(2, 5\)\. Batch sizes differ"):
        neuron.run(x, neuron.initial_state((4, 5)))
    with pytest.raises(ValueError, match=r"state v has \(2, 6\), expected \(2, 5\)\. Shapes differ"):
        neuron.run(x, neuron.initial_state((2, 6)))
    with pytest.raises(TypeError, match=r"state must be a dict of \['v', 'i'\], got Tensor"):
        neuron.run(x, torch.zeros(2, 5))


@pytest.mark.parametrize("backend", ["cpu", "eager"])
@pytest.mark.parametrize("bad", [math.nan, -math.inf])  # what a spike and its reset make of +inf is the kernel's
def test_input_that_is_not_finite_is_refused(bad: float, backend: str) -> None:
    """A membrane of NaN is silent for ever; the message names the step."""
    x = torch.rand(9, 2, 3)
    x[4, 1, 2] = bad
    with pytest.raises(
        ValueError, match=r"LIF: input holds NaN or infinity, first in step 4\. Look for it with torch\.isfinite"
    ):
        LIF(backend=backend)(x)


def test_a_state_that_is_not_finite_is_refused_and_so_is_a_run_that_diverges() -> None:
    x = torch.zeros(3, 1, 2)
    with pytest.raises(
        ValueError,
        match=r"CubaLIF: the state i it was given holds NaN or infinity\. Start from initial_state\(\(1, 2\)\)",
    ):
        CubaLIF(backend="eager").run(x, {"v": torch.zeros(1, 2), "i": torch.tensor([[0.0, math.nan]])})

    class Runaway(LI):
        def dynamics(self, s, i):
            return {"v": (s.v + self.r * i) / self.tau_mem}

    with pytest.raises(
        DivergedError, match=r"Runaway: v left the finite numbers during the run \(dt=0\.001 s, largest input 1\)"
    ):
        Runaway(tau_mem=1 * ms, backend="eager")(torch.ones(100, 1, 1))
    large = torch.full((1, 1, 2), 3e38)
    assert LI(input=ImpulseInput(), backend="eager")(large).isfinite().all(), (
        "a sum that overflows is no state that does"
    )
    assert LIF(backend="eager").run_as_given(torch.full((2, 1, 3), math.nan)).state["v"].isnan().all()
    passed = LIF(backend="eager").run_recurrent(torch.full((2, 1, 3), math.nan), torch.zeros(3, 3))
    assert passed.state["v"].isnan().all(), "as in a network, whose diagnosis names the layer"


def test_a_record_that_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match=r"LIF has no state u, x to record\. It has: v"):
        LIF().run(torch.zeros(3, 1, 1), record=("u", "v", "x"))


@pytest.mark.parametrize("name", ["tau_mem", "v_leak"])
def test_parameters_of_another_shape_than_the_neurons_are_refused(name: str) -> None:
    neuron = LIF(**{name: torch.full((3,), 0.02)})
    with pytest.raises(
        ValueError, match=rf"per-neuron parameters have shapes \{{'{name}': \(3,\)\}}, the input has neurons \(5,\)"
    ):
        neuron(torch.zeros(4, 2, 5))


def test_a_missing_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="tau"):
        LIF().tau  # noqa: B018


# ---- parameters ----------------------------------------------------------------------------------------------------


def test_per_neuron_parameters_act_on_their_neuron() -> None:
    taus = torch.tensor([5.0, 10.0, 20.0]) * ms
    x = torch.full((6, 2, 3), 0.5)
    together = LIF(tau_mem=taus).run(x, record=("v",)).records["v"]
    for k, tau in enumerate(taus):
        alone = LIF(tau_mem=float(tau)).run(x[:, :, k : k + 1], record=("v",)).records["v"]
        torch.testing.assert_close(together[:, :, k : k + 1], alone)


def test_per_channel_parameters_broadcast_over_an_image() -> None:
    x = torch.rand(4, 2, 3, 5, 6)
    taus = torch.tensor([5.0, 10.0, 20.0]).view(3, 1, 1) * ms
    v = LI(tau_mem=taus)(x)
    torch.testing.assert_close(v[:, :, 1], LI(tau_mem=10 * ms)(x[:, :, 1]))


def test_a_membrane_that_starts_at_a_learned_value_has_its_gradient() -> None:
    neuron = LI(v_leak=0.3, learn=("v_leak",)).double()
    neuron(torch.zeros(4, 1, 1, dtype=torch.float64)).sum().backward()
    assert neuron.raw_v_leak.grad.item() == pytest.approx(4, rel=1e-9)  # at rest from the first step to the last


# ---- running -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [*MODELS, FitzHugh], ids=lambda m: m.__name__)
def test_three_verbs_agree_and_state_is_a_value(model: type[Neuron]) -> None:
    neuron = model(backend="eager")
    x = 2 * torch.rand(12, 3, 5)
    given, before = x.clone(), copy.deepcopy(neuron.state_dict())
    whole = neuron.run(x, record=tuple(neuron.initial_state((1,))))
    assert isinstance(whole, Run) and torch.equal(neuron(x), whole.output)
    state, rows = None, []
    for x_t in x:
        out, state = neuron.step(x_t, state)
        rows.append(out)
    assert torch.equal(torch.stack(rows), whole.output)
    first = neuron.run(x[:7])
    kept = {k: v.clone() for k, v in first.state.items()}
    second = neuron.run(x[7:], first.state)
    assert torch.equal(torch.cat([first.output, second.output]), whole.output)
    for k, v in second.state.items():
        assert torch.equal(v, whole.state[k]) and torch.equal(v, state[k])
        assert torch.equal(whole.records[k][-1], v)
        assert torch.equal(first.state[k], kept[k]), "a run leaves the state it was given alone"
    assert torch.equal(x, given) and before == neuron.state_dict()


def test_the_compiled_run_leaves_input_and_state_alone() -> None:
    neuron, x = LIF(), 2 * torch.rand(9, 2, 3)
    state = neuron.initial_state((2, 3))
    given = x.clone()
    neuron.run(x, state)
    assert torch.equal(x, given) and torch.equal(state["v"], torch.zeros(2, 3))


def test_an_input_of_any_layout_gives_the_same_run() -> None:
    neuron, x = LIF(), 3 * torch.rand(5, 3, 4)
    strided = x.transpose(1, 2).contiguous().transpose(1, 2)
    assert not strided.is_contiguous() and torch.equal(neuron(strided), neuron(x))
    constant = x[:1].expand(5, 3, 4)
    assert torch.equal(neuron(constant), neuron(constant.contiguous()))


def test_neurons_may_have_no_axis_or_several() -> None:
    x = 3 * torch.rand(9, 6)
    flat = LIF()(x)
    assert torch.equal(LIF()(x.view(9, 1, 2, 3)).flatten(1), flat) and flat.shape == (9, 6)


# ---- torch citizenship -----------------------------------------------------------------------------------------------


def _same(a: Neuron, b: Neuron, x: torch.Tensor) -> bool:
    return torch.equal(a(x), b(x)) and str(a) == str(b)


@pytest.mark.parametrize(
    "neuron",
    [
        LIF(tau_mem=7 * ms, reset=Subtract(), surrogate=Arctan(), learn=("tau_mem",), backend="eager"),
        ALIF(beta=torch.tensor([0.5, 1.0, 1.5]), backend="eager"),
    ],
    ids=["learned", "per neuron"],
)
def test_copies_pickles_and_saved_weights_run_alike(neuron: Neuron) -> None:
    x = 4 * torch.rand(15, 2, 3)
    twin = copy.deepcopy(neuron)
    assert _same(neuron, twin, x) and _same(neuron, pickle.loads(pickle.dumps(neuron)), x)
    assert twin.program is neuron.program, "equal options share their code"
    buffer = io.BytesIO()
    torch.save(neuron.state_dict(), buffer)
    buffer.seek(0)
    for value in (*twin.parameters(), *twin.buffers()):
        value.data.mul_(1.5)
    twin.load_state_dict(torch.load(buffer, weights_only=True))
    assert _same(neuron, twin, x)


def test_to_double_and_back() -> None:
    neuron = LIF(tau_mem=torch.full((3,), 0.01), learn=("v_threshold",), backend="eager")
    assert neuron.double().raw_v_threshold.dtype == torch.float64
    assert neuron(torch.rand(4, 1, 3, dtype=torch.float64)).dtype == torch.float64
    assert neuron.to(torch.float32)(torch.rand(4, 1, 3)).dtype == torch.float32


def test_state_of_another_dtype_is_converted() -> None:
    x = torch.rand(4, 2, 3, dtype=torch.float64)
    assert LIF().run(x, LIF().initial_state((2, 3))).state["v"].dtype == torch.float64


def test_repr_shows_physical_values() -> None:
    assert repr(LIF(tau_mem=5 * ms)) == "LIF(tau_mem=0.005, r=1, v_leak=0, v_threshold=1, v_reset=0, dt=0.001)"
    assert "tau_mem=tensor[2] in [0.01, 0.02]" in repr(LIF(tau_mem=torch.tensor([0.01, 0.02])))


# ---- a model of one's own ------------------------------------------------------------------------------------------


def test_a_users_own_neuron_gets_the_compiled_kernel_and_its_gradients() -> None:
    results = {}
    for backend in ("cpu", "eager"):
        torch.manual_seed(5)
        neuron = FitzHugh(learn=("tau", "slow", "v_threshold"), backend=backend).double()
        x = (3 * torch.rand(25, 3, 4, dtype=torch.float64)).requires_grad_()
        run = neuron.run(x, record=("v", "w"))
        (run.output.sum() + run.records["v"].square().mean() + run.records["w"].sum() + run.state["v"].sum()).backward()
        results[backend] = [
            run.output,
            run.records["v"],
            run.records["w"],
            x.grad,
            *(p.grad for p in neuron.parameters()),
        ]
    assert results["cpu"][0].sum() > 3, "it fires"
    for compiled, eager in zip(*results.values(), strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-9, atol=1e-12)


def test_a_function_without_code_says_which() -> None:
    class Odd(LIF):
        def dynamics(self, s, i):
            term = sympy.gamma(s.v) if isinstance(s.v, sympy.Basic) else s.v * 0 / self.v_threshold
            return {"v": (self.r * i + self.v_threshold * term) / self.tau_mem}

    with pytest.raises(
        NotImplementedError, match=r"no code for gamma in the expression .*Use a function of ranvier\.equations"
    ):
        Odd()(torch.zeros(2, 1, 1))


def test_if_needs_no_time_constant() -> None:
    assert IF(dt=10.0).dt == 10.0
