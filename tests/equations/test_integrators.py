"""Integrators against exact solutions: order of convergence, exactness, and what they refuse."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.linalg
import sympy
import torch

from ranvier.equations import (
    Euler,
    Exact,
    ExponentialEuler,
    ExponentialMidpoint,
    ModelError,
    RungeKutta4,
    SemiImplicitEuler,
    absolute,
    parameter,
    state,
    where,
)
from ranvier.equations.integrators import Integrated, best
from ranvier.equations.program import DT, Assign
from ranvier.neurons import LI, LIF, CubaLIF, Neuron
from ranvier.units import Conductance, Current, Dimensionless, Resistance, Time, Voltage, ms


class Decay(Neuron):
    """dv/dt = -v^2 / (scale * time): v(t) = 1 / (1/v0 + t/time). The name of the time constant is free of the check dt <= tau."""

    time: Time = parameter(10 * ms, positive=True)
    scale: Voltage = parameter(1.0)
    r: Resistance = parameter(1.0)
    v: Voltage = state(0.0)

    def dynamics(self, s, i):
        return {"v": (self.r * i - s.v**2 / self.scale) / self.time}


class Pair(Neuron):
    """Two states that drive each other, linear: an underdamped oscillation with a constant source and an input."""

    time: Time = parameter(10 * ms, positive=True)
    g: Conductance = parameter(2.0)
    r: Resistance = parameter(1.0)
    rest: Voltage = parameter(0.3)
    v: Voltage = state(0.0)
    w: Current = state(0.0)

    def dynamics(self, s, i):
        return {
            "v": (self.rest - s.v + self.r * (i - s.w)) / self.time,
            "w": (self.g * s.v - 0.5 * s.w) / self.time,
        }

    def system(self):
        a = np.array([[-1, -1], [2.0, -0.5]]) / self.time
        return a, lambda x: np.array([0.3 + x, 0.0]) / self.time


def _final(neuron: Neuron, steps: int, x: float, start: dict[str, float], name: str = "v") -> float:
    state = {k: torch.full((1, 1), v, dtype=torch.float64) for k, v in start.items()}
    return neuron.run(torch.full((steps, 1, 1), x, dtype=torch.float64), state).state[name].item()


def _order(make, exact: float, total: float, **run) -> float:
    """Slope of log(error) against log(dt)."""
    errors = [abs(_final(make(total / n), n, **run) - exact) for n in (8, 16, 32)]
    return (math.log2(errors[0] / errors[1]) + math.log2(errors[1] / errors[2])) / 2


@pytest.mark.parametrize(("method", "order"), [(Euler(), 1), (SemiImplicitEuler(), 1), (RungeKutta4(), 4)])
def test_order_of_convergence_on_a_nonlinear_equation(method, order: int) -> None:
    exact = 1 / (1 / 0.8 + 1)
    found = _order(lambda dt: Decay(dt=dt, integrator=method, backend="eager"), exact, 10 * ms, x=0.0, start={"v": 0.8})
    assert found == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize(
    ("method", "order", "name"),
    [
        (Euler(), 1, "v"),
        (SemiImplicitEuler(), 1, "v"),
        (ExponentialEuler(), 1, "v"),
        (ExponentialMidpoint(), 2, "w"),  # its v crosses the solution by chance
        (RungeKutta4(), 4, "v"),
    ],
)
def test_order_of_convergence_on_a_coupled_system(method, order: int, name: str) -> None:
    a, b = Pair().system()
    full = np.zeros((3, 3))
    full[:2, :2], full[:2, 2] = a, b(0.7)
    exact = (scipy.linalg.expm(full * 10 * ms) @ [0.2, 0.1, 1.0])["vw".index(name)]
    start = {"v": 0.2, "w": 0.1}
    found = _order(
        lambda dt: Pair(dt=dt, integrator=method, backend="eager"), exact, 10 * ms, x=0.7, start=start, name=name
    )
    assert found == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("dt", [0.01 * ms, 1 * ms, 20 * ms, 137 * ms])
def test_exact_is_exact_for_a_coupled_system_whatever_the_step(dt: float) -> None:
    a, b = Pair().system()
    full = np.zeros((3, 3))
    full[:2, :2], full[:2, 2] = a, b(0.7)
    exact = scipy.linalg.expm(full * 3 * dt) @ [0.2, 0.1, 1.0]
    neuron = Pair(dt=dt, integrator=Exact(), backend="eager")
    assert _final(neuron, 3, 0.7, {"v": 0.2, "w": 0.1}) == pytest.approx(exact[0], abs=1e-12)
    assert _final(neuron, 3, 0.7, {"v": 0.2, "w": 0.1}, "w") == pytest.approx(exact[1], abs=1e-12)


class Leak(Neuron):
    """One linear state, its time constant free of the check dt <= tau."""

    time: Time = parameter(10 * ms, positive=True)
    r: Resistance = parameter(2.0)
    v: Voltage = state(0.0)

    def dynamics(self, s, i):
        return {"v": (self.r * i - s.v) / self.time}


@pytest.mark.parametrize("method", [Exact(), ExponentialEuler(), ExponentialMidpoint()])
@pytest.mark.parametrize("dt", [1e-9, 1 * ms, 300 * ms])
def test_one_linear_equation_is_exact_for_any_step(method, dt: float) -> None:
    share = math.exp(-2 * dt / (10 * ms))
    expected = 0.9 * share + 2.0 * 0.4 * -math.expm1(-2 * dt / (10 * ms))
    assert _final(Leak(dt=dt, integrator=method, backend="eager"), 2, 0.4, {"v": 0.9}) == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize("ratio", [1.0, 1 + 1e-12, 1 + 1e-7, 1.01])
def test_equal_time_constants_are_a_limit_not_a_division_by_zero(ratio: float) -> None:
    """An impulse of 1 into tau_syn = tau_mem gives v = t/tau * exp(-t/tau); nearby constants give nearly that, smoothly."""
    tau_s, tau_m = 10 * ms, 10 * ms * ratio
    neuron = CubaLIF(
        tau_mem=tau_m, tau_syn=tau_s, v_threshold=10.0, learn=("tau_mem", "tau_syn"), backend="eager"
    ).double()
    x = torch.zeros(31, 1, 1, dtype=torch.float64)
    x[0] = 1.0
    v = neuron.run(x, record=("v",)).records["v"].flatten()
    times = np.arange(31) * ms
    if ratio == 1.01:
        expected = tau_s / (tau_m - tau_s) * (np.exp(-times / tau_m) - np.exp(-times / tau_s))
    else:
        expected = times / tau_s * np.exp(-times / tau_s)
    np.testing.assert_allclose(v.detach().numpy(), expected, atol=2e-7)  # learned constants are kept in float32
    v.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad) and p.grad != 0 for p in neuron.parameters())


def test_uncoupled_states_need_no_matrix_exponential() -> None:
    assert LIF().program.propagators == ()
    assert len(CubaLIF().program.propagators) == 1
    entries = [str(symbol) for symbol, _, _ in CubaLIF().program.propagators[0].entries]
    assert "phi.i.v" not in entries, "the current does not feel the membrane"


class Shunt(Neuron):
    """Linear in each state while the other is held, not as a whole: the default is ExponentialEuler."""

    tau: Time = parameter(10 * ms, positive=True)
    r: Resistance = parameter(1.0)
    v: Voltage = state(0.0)
    n: Dimensionless = state(0.0)

    def dynamics(self, s, i):
        return {"v": (self.r * i - (1 + s.n) * s.v) / self.tau, "n": -s.n / self.tau}


def test_the_default_is_the_first_integrator_that_fits() -> None:
    def chosen(model) -> str:
        d = model.declaration
        symbols = {k: sympy.Symbol(k, real=True) for k in (*d.parameters, *d.states)}
        values = {**symbols, "dt": sympy.Symbol("dt")}
        states = {k: symbols[k] for k in d.states}
        return type(
            best(d.name, lambda s: d.call("dynamics", {**values, **s}, sympy.Symbol("input", real=True)), states)
        ).__name__

    assert [chosen(m) for m in (Leak, Pair, Shunt, Decay)] == ["Exact", "Exact", "ExponentialEuler", "RungeKutta4"]


@pytest.mark.parametrize(
    ("model", "method", "text"),
    [
        (Decay, Exact(), r"Decay has no exact solution \(d\(v\)/dt is not linear\)\. Use ExponentialEuler"),
        (Shunt, Exact(), r"Shunt has no exact solution"),
        (
            Decay,
            ExponentialEuler(),
            r"d\(v\)/dt is not linear in v, so ExponentialEuler does not fit\. Use RungeKutta4",
        ),
        (Decay, ExponentialMidpoint(), r"not linear in v, so ExponentialMidpoint does not fit\. Use RungeKutta4"),
    ],
)
def test_a_method_that_does_not_fit_is_refused_when_the_neuron_is_made(model, method, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        model(integrator=method)


class Gate(Neuron):
    """A derivative by the input is blind to `where(input > ...)`."""

    tau: Time = parameter(10 * ms, positive=True)
    r: Resistance = parameter(1.0)
    kick: Voltage = parameter(0.5)
    limit: Voltage = parameter(0.2)
    v: Voltage = state(0.0)

    def dynamics(self, s, i):
        return {"v": (where(self.r * i > self.limit, self.kick, 0) - s.v) / self.tau}


class Ramp(Gate):
    """Runs away from 0 at constant speed, to the side where it stands: a derivative by v is blind to that."""

    def dynamics(self, s, i):
        return {"v": (self.r * i + where(s.v > 0, self.kick, -self.kick)) / self.tau}


def test_a_switch_by_the_input_is_followed() -> None:
    assert _final(Gate(backend="eager"), 400, 1.0, {"v": 0.0}) == pytest.approx(0.5, abs=1e-9)
    assert _final(Gate(backend="eager"), 400, 0.1, {"v": 0.3}) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(ModelError, match="no exact solution"):
        Gate(integrator=Exact())


def test_a_switch_by_the_state_is_followed() -> None:
    for method in (None, Euler(), RungeKutta4()):
        neuron = Ramp(integrator=method, backend="eager")
        assert _final(neuron, 10, 0.0, {"v": 1.0}) == pytest.approx(1.5)
        assert _final(neuron, 10, 0.0, {"v": -1.0}) == pytest.approx(-1.5)
    for method in (Exact(), ExponentialEuler(), ExponentialMidpoint()):
        with pytest.raises(ModelError, match="not linear"):
            Ramp(integrator=method)


def test_semi_implicit_euler_goes_through_the_states_in_order() -> None:
    """v from the old w, w from the new v."""
    v, w, h = 0.2, 0.1, 1 / 10
    new_v = v + h * (0.3 - v + 0.7 - w)
    new_w = w + h * (2.0 * new_v - 0.5 * w)
    neuron = Pair(integrator=SemiImplicitEuler(), backend="eager")
    start = {"v": v, "w": w}
    assert _final(neuron, 1, 0.7, start) == pytest.approx(new_v, abs=1e-15)
    assert _final(neuron, 1, 0.7, start, "w") == pytest.approx(new_w, abs=1e-15)


class Rectified(Leak):
    """Nonlinear in the input alone."""

    def dynamics(self, s, i):
        return {"v": (self.r * absolute(i) - s.v) / self.time}


def test_an_equation_may_be_nonlinear_in_the_input() -> None:
    neuron = Rectified(dt=30 * ms, backend="eager")
    expected = 0.8 * -math.expm1(-6.0)
    assert _final(neuron, 2, -0.4, {"v": 0.0}) == pytest.approx(expected, abs=1e-12)


@dataclass(frozen=True)
class Midpoint:
    """A user's own integrator."""

    def integrate(self, name, dynamics, states):
        half = {k: sympy.Symbol(f"{k}.half", real=True) for k in states}
        first, lines = dynamics(states), []
        lines += [Assign(half[k], s + DT / 2 * first[k]) for k, s in states.items()]
        second = dynamics(half)
        after = {k: sympy.Symbol(f"{k}.int", real=True) for k in states}
        lines += [Assign(after[k], s + DT * second[k]) for k, s in states.items()]
        return Integrated(tuple(lines), after)


def test_an_integrator_of_ones_own_fits_in() -> None:
    exact = 1 / (1 / 0.8 + 1)
    found = _order(
        lambda dt: Decay(dt=dt, integrator=Midpoint(), backend="eager"), exact, 10 * ms, x=0.0, start={"v": 0.8}
    )
    assert found == pytest.approx(2, abs=0.15)


def test_euler_error_halves_with_the_step() -> None:
    """Euler of the LIF membrane: v <- v + dt/tau*(r*i - v), monotone for dt <= tau."""
    errors = []
    for n in (50, 100, 200):
        v = _final(LI(tau_mem=10 * ms, dt=10 * ms / n, integrator=Euler(), backend="eager"), n, 1.0, {"v": 0.0})
        errors.append(abs(v + math.expm1(-1.0)))
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.05) and errors[1] / errors[2] == pytest.approx(2, abs=0.05)
