"""What statements have in common is named once, in an order that can be run, and means the same."""

import pytest
import sympy

from ranvier.equations import ExponentialMidpoint, RungeKutta4
from ranvier.equations.program import Assign
from ranvier.equations.sharing import share
from ranvier.neurons import LIF, AdEx, HodgkinHuxley

a, x, y, p, q = sympy.symbols("a x y p q", real=True)  # a: fixed; x, y: states; p, q: targets


def run(lines: list[Assign], **values: float) -> dict[str, float]:
    """The statements one after another; each may use only what stands before it."""
    known = {sympy.Symbol(k, real=True): v for k, v in values.items()}
    for line in lines:
        assert line.value.free_symbols <= set(known), f"{line} comes too early"
        known[line.target] = float(line.value.subs(known))
    return {str(k): v for k, v in known.items()}


def test_functions_and_choices_are_named_once_and_the_numbers_stay() -> None:
    bend = sympy.Piecewise((sympy.exp(x), x < 1), (y, True))
    lines = [Assign(p, bend * a + sympy.tanh(bend)), Assign(q, sympy.tanh(bend) + p * sympy.exp(x))]
    shared = share(lines, {a})
    assert [str(line.target) for line in shared] == ["shared.1", "shared.2", "shared.3", "p", "q"]
    text = "; ".join(str(line.value) for line in shared)
    assert text.count("tanh") == text.count("Piecewise") == text.count("exp") == 1
    for value in (0.3, 2.0):
        before, after = (run(each, a=2.0, x=value, y=0.5) for each in (lines, shared))
        assert {k: after[k] for k in before} == pytest.approx(before, abs=1e-15)


def test_what_does_not_change_in_time_and_plain_arithmetic_stay_in_place() -> None:
    lines = [Assign(p, sympy.exp(a) * x + a * x * y), Assign(q, sympy.exp(a) * y + a * x * y)]
    assert share(lines, {a}) == lines
    text = str(LIF(integrator=RungeKutta4()).program)
    assert "shared" not in text


def test_the_rates_of_gates_are_computed_once_a_stage() -> None:
    for integrator, stages in ((ExponentialMidpoint(), 2), (RungeKutta4(), 4)):
        text = str(HodgkinHuxley(integrator=integrator).program)
        assert text.count("exprel(5/2 - ") == stages, "alpha_m opens and closes its gate"
    assert str(AdEx().program).count("Piecewise") == 4, "the capped membrane, once a stage"
