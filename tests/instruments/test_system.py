"""Equations as functions of arrays."""

import numpy as np
import pytest
import sympy
import torch

import ranvier as rv
from ranvier.equations.functions import absolute, linoid, where
from ranvier.instruments.system import Function, System, linear_in

X, Y = sympy.symbols("x y", real=True)


@pytest.mark.parametrize("neuron", [rv.LIF(), rv.AdEx(), rv.Izhikevich(), rv.HodgkinHuxley(), rv.ALIF()])
def test_slopes_are_those_of_the_equations(neuron: rv.Neuron) -> None:
    system = System.of("f", neuron, 0.3)
    names = list(neuron.declaration.states)
    random = np.random.default_rng(0)
    at = {name: random.uniform(low, high or 1.0, 5) for name, (low, high) in system.levels.items()}
    found = Function(list(system.slopes.values()), list(system.symbols.values()))(*at.values())
    tensors = {name: torch.from_numpy(value) for name, value in at.items()}
    expected = neuron.declaration.call("dynamics", {**neuron.parameter_values(), **tensors, "dt": neuron.dt}, 0.3)
    for name, values in zip(names, found, strict=True):
        assert values == pytest.approx(expected[name].numpy(), rel=1e-9, abs=1e-9)


def test_the_jacobian_agrees_with_differences() -> None:
    system = System.of("f", rv.HodgkinHuxley(), 0.1)
    symbols = list(system.symbols.values())
    slopes = Function(list(system.slopes.values()), symbols)
    jacobian = Function([e for row in system.jacobian() for e in row], symbols)
    at, h = np.array([-0.04, 0.3, 0.4, 0.5]), 1e-6
    derived = np.array(jacobian(*at)).reshape(4, 4)
    for k in range(4):
        e = h * np.eye(4)[k]
        assert derived[:, k] == pytest.approx(
            (np.array(slopes(*(at + e))) - slopes(*(at - e))) / (2 * h), rel=1e-5, abs=1e-3
        )


def test_functions_of_the_language_have_their_limits() -> None:
    x = np.array([-2.0, -1e-4, 0.0, 1e-4, 2.0])
    value, slope, size = Function([linoid(X), sympy.diff(linoid(X), X), absolute(X)], [X])(x)
    safe = np.where(x == 0, 1.0, x)
    assert value == pytest.approx(np.where(x == 0, 1.0, safe / -np.expm1(-safe)))
    steep = (1 - np.exp(-safe) - safe * np.exp(-safe)) / np.expm1(-safe) ** 2
    assert slope == pytest.approx(np.where(x == 0, 0.5, steep), abs=1e-7)
    assert size.tolist() == np.abs(x).tolist()


def test_a_constant_takes_the_shape_of_the_arguments() -> None:
    assert Function([sympy.Integer(3)], [X, Y])(np.zeros((2, 1)), np.zeros(4))[0].shape == (2, 4)


def test_what_is_linear() -> None:
    assert linear_in(3 * X + Y**2, X) == (3, Y**2)
    assert linear_in(X * Y, X) == (Y, 0)
    assert linear_in(X**2, X) is None
    assert linear_in(where(X > 0, Y, 2 * Y), X) is None, "it decides by x"


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"f: every state is held \(v\). Leave at least one free."):
        System.of("f", rv.LIF(), held={"v": 0.0})
    with pytest.raises(
        ValueError, match=r"f: ConductanceLIF takes impulses, so its equations hold no current, got current=1"
    ):
        System.of("f", rv.ConductanceLIF(), 1.0)
