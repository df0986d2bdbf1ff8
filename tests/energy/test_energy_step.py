"""Arithmetic of a neuron step, by hand and from the equations."""

import pytest

from ranvier.energy.step import arithmetic
from ranvier.equations import Euler, ImpulseInput
from ranvier.neurons import IF, LI, LIF, AdaptiveLIF, Izhikevich


@pytest.mark.parametrize(
    ("neuron", "adds", "multiplies"),
    [
        (LI(), 2, 2),  # c0 + c1*v + c2*input
        (LIF(), 3, 2),  # and the comparison
        (IF(input=ImpulseInput()), 2, 0),  # v + input, the comparison
        (AdaptiveLIF(), 4, 3),  # besides c3*b, and b in the comparison
    ],
)
def test_by_hand(neuron, adds, multiplies):
    assert arithmetic(neuron) == (adds, multiplies)


def test_powers_and_functions_are_multiplications():
    adds, multiplies = arithmetic(Izhikevich(integrator=Euler()))
    assert 5 <= adds <= 12 and 4 <= multiplies <= 12
