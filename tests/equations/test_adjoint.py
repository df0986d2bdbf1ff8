"""The derived adjoint, evaluated by SymPy alone, against autograd through one eager step."""

import pytest
import sympy
import torch

from ranvier.equations import BlockSpikes, Clamp, Euler, RungeKutta4, Subtract, ToValue
from ranvier.equations.adjoint import adjoint_of, derive, gradient_of
from ranvier.equations.lowering import Loop, lower
from ranvier.equations.program import INPUT, Assign, Detach, Fire
from ranvier.kernels import coefficients, eager
from ranvier.neurons import ALIF, LI, LIF, AdaptiveLIF, CubaLIF, Neuron
from ranvier.surrogates import Arctan, MultiGaussian, Triangle


def _evaluate(loop: Loop, outputs, env: dict) -> dict:
    """Gradients of states, input and coefficients, by substitution of numbers into the statements."""
    for line in loop.statements:
        match line:
            case Assign(target, value):
                env[target] = value.xreplace(env)
            case Detach(target, source):
                env[target] = env[source]
            case Fire(target, argument, strict, _):
                margin = float(env[argument])
                env[target] = sympy.Integer(margin > 0 if strict else margin >= 0)
    adjoint = derive(loop, outputs)
    for line in adjoint.statements:
        env[line.target] = line.value.xreplace(env)
    wanted = {**{str(s): e for s, e in adjoint.states.items()}, "input": adjoint.input}
    wanted |= {str(c): e for c, e in adjoint.coefficients.items()}
    return {name: float(e.xreplace(env)) for name, e in wanted.items()}


@pytest.mark.parametrize(
    "neuron",
    [
        LIF(),
        LIF(reset=ToValue(detach=False), surrogate=Arctan()),
        LIF(reset=Subtract(detach=False), order=("reset", "integrate", "fire")),
        LIF(refractory=Clamp(), reset=Subtract(detach=False)),
        LIF(refractory=BlockSpikes(), integrator=RungeKutta4()),
        CubaLIF(surrogate=Triangle()),
        AdaptiveLIF(reset=ToValue(detach=False), surrogate=MultiGaussian()),
        ALIF(integrator=Euler()),
        LI(),
    ],
    ids=lambda n: f"{type(n).__name__}-{n.options.reset}",
)
@pytest.mark.parametrize("level", [0.2, 0.99, 1.3])
def test_adjoint_of_one_step_equals_autograd(neuron: Neuron, level: float) -> None:
    loop = lower(neuron.program)
    outputs = tuple(dict.fromkeys((neuron.program.output, *neuron.program.after.values())))[:2]
    start = {"refractory": 0.0, "b": 0.13, "i": 0.4, "spiked": 1.0}
    states = [torch.tensor(start.get(str(s), level), dtype=torch.float64, requires_grad=True) for s in loop.states]
    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    values = [v.clone().requires_grad_() for v in coefficients(loop, neuron.parameter_values(), neuron.dt)]
    found, final = eager.run(loop, x.view(1), states, values, outputs)
    weights = [0.3, -1.7][: len(outputs)]
    ends = [0.9 + 0.4 * k for k in range(len(final))]
    total = sum(w * f.sum() for w, f in zip(weights, found, strict=True)) + sum(
        e * f for e, f in zip(ends, final, strict=True)
    )
    grads = torch.autograd.grad(total, [*states, x, *values], allow_unused=True)
    expected = dict(zip([*map(str, loop.states), "input", *map(str, loop.coefficients)], grads, strict=True))

    env: dict = {s: sympy.Float(v.item()) for s, v in zip(loop.states, states, strict=True)}
    env |= {c: sympy.Float(v.item()) for c, v in zip(loop.coefficients, values, strict=True)}
    env |= {INPUT: sympy.Float(x.item())}
    env |= {gradient_of(o): sympy.Float(w) for o, w in zip(outputs, weights, strict=True)}
    env |= {adjoint_of(s): sympy.Float(e) for s, e in zip(loop.states, ends, strict=True)}
    derived = _evaluate(loop, outputs, env)
    for name, value in expected.items():
        reference = 0.0 if value is None else value.item()
        assert derived.get(name, 0.0) == pytest.approx(reference, rel=1e-12, abs=1e-14), name


def test_gradient_through_the_step_is_decay_or_decay_minus_jump_times_surrogate() -> None:
    """dU[t+1]/dU[t] = beta where the reset is detached, beta*(1 - threshold*g(x)) where it is not (reset by subtraction)."""
    beta, v = 0.9, torch.tensor([[0.97]], dtype=torch.float64, requires_grad=True)
    for detach in (True, False):
        neuron = LIF.from_beta(beta, reset=Subtract(detach=detach), backend="eager")
        _, state = neuron.step(torch.zeros_like(v), {"v": v})
        (grad,) = torch.autograd.grad(state["v"], v)
        jump = 0.0 if detach else 1 / (1 + 25 * abs(beta * 0.97 - 1)) ** 2
        assert grad.item() == pytest.approx(beta * (1 - jump), rel=1e-12)


def test_nothing_is_derived_where_nothing_arrives() -> None:
    loop = lower(LI().program)
    assert derive(loop, ()).input != 0, "the final state has a gradient in any case"
    spikes_only = derive(lower(LIF().program), (LIF().program.output,))
    assert any(str(line.target) == "bar.spike" for line in spikes_only.statements)
    assert not any("spike.detached" in str(line.target) for line in spikes_only.statements)
