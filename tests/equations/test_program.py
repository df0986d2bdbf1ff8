"""The `Program`: readable text, LaTeX, digest, lowered coefficients, the order of a step, and refusals of options."""

import itertools
import math

import pytest
import sympy
import torch

from ranvier.equations import (
    BlockInput,
    BlockSpikes,
    Clamp,
    CurrentInput,
    Euler,
    ImpulseInput,
    ModelError,
    NoReset,
    Subtract,
    ToValue,
    parameter,
    state,
    where,
)
from ranvier.equations.lowering import lower
from ranvier.equations.program import DT, INPUT, Assign, Detach, Fire
from ranvier.kernels import coefficients
from ranvier.neurons import ALIF, IF, LI, LIF, CubaLIF, Neuron
from ranvier.surrogates import Arctan, Triangle
from ranvier.units import Dimensionless, Resistance, Time, Voltage, ms


def test_text_shows_update_condition_reset_and_convention() -> None:
    text = str(LIF().program)
    for part in (
        "LIF: one step of length dt   [order integrate > fire > reset; fires where threshold >= 0; ",
        "ToValue(detach=True); input CurrentInput()]",
        "v*exp(-dt/tau_mem)",
        "margin = v.int - v_threshold",
        "spike = margin >= 0",
        "d(spike)/d(margin) := (surrogate.slope*Abs(margin) + 1)**(-2)",
        "spike.detached = spike        without gradient",
        "v.reset = spike.detached*v_reset + v.int*(1 - spike.detached)",
        "next: v <- v.reset",
        "output: spike",
    ):
        assert part in text
    assert "margin > 0" in str(LIF(fire_on=">").program)
    assert "entries of exp([[A, B], [0, 0]] * dt)" in str(CubaLIF().program)
    assert "no spikes" in str(LI().program) and "output: v.int" in str(LI().program)
    assert "spike.detached" not in str(LIF(reset=ToValue(detach=False)).program)


@pytest.mark.parametrize("neuron", [LIF(refractory=Clamp()), CubaLIF(reset=Subtract()), ALIF(), LI()])
def test_latex_is_a_balanced_environment_with_a_row_a_statement(neuron: Neuron) -> None:
    text = neuron.program.latex()
    assert text.startswith("\\begin{align*}\n") and text.endswith("\n\\end{align*}")
    rows = text.split(" \\\\\n")
    assert len(rows) >= len(neuron.program.statements) + len(neuron.program.states)
    assert text.count("{") == text.count("}")
    assert (r"\geq 0]" in text) == neuron.fires
    assert r"\tau_{mem}" in text or isinstance(neuron, CubaLIF)


def test_latex_names_the_strict_comparison() -> None:
    assert "> 0]" in LIF(fire_on=">").program.latex()


def test_digest_follows_what_is_computed_and_not_the_numbers() -> None:
    base = LIF().program
    assert base.digest == LIF(tau_mem=33 * ms, v_threshold=2.0).program.digest
    others = [
        LIF(reset=Subtract()),
        LIF(reset=ToValue(detach=False)),
        LIF(reset=NoReset()),
        LIF(fire_on=">"),
        LIF(order=("fire", "integrate", "reset")),
        LIF(input=ImpulseInput()),
        LIF(surrogate=Arctan()),
        LIF(refractory=BlockSpikes()),
        LIF(refractory=BlockInput()),
        LIF(refractory=Clamp()),
        LIF(integrator=Euler()),
        CubaLIF(),
    ]
    digests = {n.program.digest for n in others}
    assert len(digests) == len(others) and base.digest not in digests
    assert len(base.digest) == 20 and base.fires and not LI().program.fires


def test_equal_options_share_one_program() -> None:
    assert LIF(tau_mem=5 * ms).program is LIF(tau_mem=7 * ms).program


class Crossing(LIF):
    """A spike is an upward crossing: the membrane is not reset, and must come down to 0.5 before the next."""

    def rearm(self, s):
        return 0.5 * self.v_threshold - s.v


@pytest.mark.parametrize("order", [("integrate", "fire", "reset"), ("fire", "integrate", "reset")])
@pytest.mark.parametrize("refractory", [None, BlockSpikes(2 * ms)])
def test_after_a_spike_none_follows_before_rearm(order: tuple[str, ...], refractory: BlockSpikes | None) -> None:
    neuron = Crossing(
        reset=NoReset(), order=order, refractory=refractory, input=ImpulseInput(), tau_mem=1e6, backend="eager"
    )
    assert [str(s) for s in neuron.program.states][-1] == "waiting"
    assert "waiting.next" in str(neuron.program) and "spike.unblocked" in str(neuron.program)
    level = torch.tensor([0.9, 1.1, 1.2, 0.9, 1.1, 0.4, 0.9, 1.3, 1.3, 1.3])
    x = torch.cat([level[:1], level.diff()]).view(-1, 1, 1)
    late = order[0] == "fire"
    expected = [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert neuron(x).flatten().tolist() == ([0, *expected[:-1]] if late else expected)
    assert LIF().program.digest != Crossing().program.digest


@pytest.mark.parametrize("order", list(itertools.permutations(("integrate", "fire", "reset"))))
def test_statements_follow_the_order_of_the_step(order: tuple[str, ...]) -> None:
    program = LIF(order=order).program
    names = [str(line.target) for line in program.statements]
    place = {"integrate": names.index("v.int"), "fire": names.index("spike"), "reset": names.index("v.reset")}
    assert sorted(place, key=place.__getitem__) == list(order)
    carried = [str(s) for s in program.states] == ["v", "spiked"]
    assert carried == (order.index("reset") < order.index("fire")), "a reset that comes first needs the last spike"
    assert str(program.output) == "spike"


def test_traced_step_equals_the_methods_called_with_tensors() -> None:
    torch.manual_seed(3)
    neuron = ALIF(order=("fire", "integrate", "reset"), integrator=Euler(), reset=ToValue(detach=False))
    d, numbers = neuron.declaration, {**neuron.parameter_values(), "dt": neuron.dt}
    v, b, x = (torch.rand(50, dtype=torch.float64) * scale for scale in (3, 0.5, 2))
    margin = d.call("threshold", {**numbers, "v": v, "b": b})
    spike = (margin >= 0).double()
    slope = d.call("dynamics", {**numbers, "v": v, "b": b}, x)
    moved = {"v": v + neuron.dt * slope["v"], "b": b + neuron.dt * slope["b"]}
    after = d.call("reset", {**numbers, **moved})
    expected = {k: (1 - spike) * moved[k] + spike * after[k] for k in moved}
    neuron.backend = "eager"
    output, state = neuron.step(x.view(50, 1), {"v": v.view(50, 1), "b": b.view(50, 1)})
    assert 5 < spike.sum() < 45 and torch.equal(output.flatten(), spike)
    for k in expected:
        torch.testing.assert_close(state[k].flatten(), expected[k], rtol=1e-13, atol=1e-13)


def test_lowering_leaves_a_lif_with_three_products_and_takes_time_out_of_the_loop() -> None:
    loop = lower(LIF(surrogate=Triangle()).program)
    fixed = {DT, *loop.program.parameters, *loop.program.constants}
    for line in loop.statements:
        e = line.value if isinstance(line, Assign) else line.derivative if isinstance(line, Fire) else sympy.Integer(0)
        assert not e.free_symbols & fixed and not e.has(sympy.exp)
    assert loop.statements[0].value.free_symbols - set(loop.coefficients) == {sympy.Symbol("v", real=True), INPUT}
    named = dict(zip(loop.coefficients, coefficients(loop, LIF().parameter_values(), 1 * ms), strict=True))
    update = loop.statements[0].value.xreplace({c: sympy.Float(float(v)) for c, v in named.items()})
    v, share = sympy.Symbol("v", real=True), math.exp(-0.05)
    assert float(update.coeff(v)) == pytest.approx(share, abs=1e-15)
    assert float(update.coeff(INPUT)) == pytest.approx(1 - share, abs=1e-15)


class Choosy(Neuron):
    """`where` with conditions and branches of parameters, states and both."""

    tau: Time = parameter(10 * ms, positive=True)
    low: Voltage = parameter(-0.2)
    high: Voltage = parameter(0.5)
    r: Resistance = parameter(1.0)
    v_threshold: Voltage = parameter(1.0)
    v: Voltage = state(0.0)
    n: Dimensionless = state(0.0)

    def dynamics(self, s, i):
        source = where(s.v > self.low, self.high, self.low)
        return {
            "v": (self.r * i + source - where(self.high > self.low, s.v, 2 * s.v)) / self.tau,
            "n": (where(s.v / self.v_threshold > s.n, 1, 0) - s.n) / self.tau,
        }


def test_conditions_survive_lowering() -> None:
    """A condition is no number and a branch is no pair: neither may become a coefficient as a whole."""
    neuron = Choosy(integrator=Euler(), backend="eager")
    start = {"v": torch.tensor([[-1.0, 1.0]]), "n": torch.tensor([[0.5, 0.5]])}
    after = neuron.run(torch.zeros(1, 1, 2), start).state
    torch.testing.assert_close(after["v"], torch.tensor([[-1 + 0.1 * (-0.2 + 1), 1 + 0.1 * (0.5 - 1)]]))
    torch.testing.assert_close(after["n"], torch.tensor([[0.45, 0.55]]))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ALIF(input=ImpulseInput()), r"ALIF takes no impulses: it has no `receive`\. Use input=CurrentInput"),
        (
            lambda: CubaLIF(input=CurrentInput()),
            r"CubaLIF: dynamics does not use the input current\. Use input=ImpulseInput",
        ),
        (lambda: ALIF(reset=Subtract()), r"ALIF cannot reset by subtraction: it has no parameter \['v_reset'\]"),
        (lambda: LI(refractory=Clamp()), r"LI does not fire, so it cannot have a refractory period"),
    ],
)
def test_an_option_that_does_not_fit_the_equations_is_refused_at_once(make, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        make()


@pytest.mark.parametrize("order", [("integrate", "fire"), ("fire", "fire", "reset"), ("a", "b", "c")])
def test_an_order_that_is_no_permutation_is_refused(order: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="order must hold each of .* once"):
        LIF(order=order)


@pytest.mark.parametrize("duration", [-1 * ms, math.nan, math.inf])
def test_a_refractory_period_must_be_a_time(duration: float) -> None:
    with pytest.raises(ValueError, match=r"refractory duration must be a number of seconds >= 0, got .* Write Clamp"):
        LIF(refractory=Clamp(duration))


def test_detach_stands_only_where_the_membrane_is_reset() -> None:
    def detached(neuron: Neuron) -> bool:
        return any(isinstance(line, Detach) for line in neuron.program.statements)

    assert detached(LIF()) and detached(IF(reset=Subtract()))
    assert not detached(LIF(reset=ToValue(detach=False))) and not detached(LIF(reset=NoReset()))
    rise = next(line for line in ALIF().program.statements if str(line.target) == "b.reset")
    assert sympy.Symbol("spike", real=True) in rise.value.free_symbols, "adaptation is learned through"
