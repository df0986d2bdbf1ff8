"""Arithmetic of one neuron step, counted in the text of its equations."""

from functools import lru_cache

import sympy

from ranvier.equations.functions import Expr
from ranvier.equations.lowering import lower
from ranvier.equations.program import Assign, Detach, Fire, Program
from ranvier.neurons.neuron import Neuron


def arithmetic(neuron: Neuron) -> tuple[int, int]:
    """Additions and multiplications of one step, spike or no spike.

    Counted in the statements of the time loop, where everything that does not change in time is a coefficient: a LIF's c0 + c1*v + c2*input
    and its comparison, 3 additions and 2 multiplications. What follows a spike (the reset) is left out, since few neurons take it. A
    division or a function such as exp counts as one multiplication, which is too little: hardware has tables or many steps for it.

    >>> from ranvier import LIF
    >>> arithmetic(LIF())
    (3, 2)
    """
    return counted(neuron.program)


@lru_cache(maxsize=256)
def counted(program: Program) -> tuple[int, int]:
    """As `arithmetic`, of a program."""
    adds = multiplies = 0
    spikes: set[sympy.Symbol] = set()
    for line in lower(program).statements:
        match line:
            case Fire(target, _, _, _, _):
                spikes.add(target)
            case Detach(target, source):
                if source in spikes:
                    spikes.add(target)
            case Assign(target, value):
                if value.free_symbols & spikes:
                    continue
                a, m = operations(value)
                adds, multiplies = adds + a, multiplies + m
    return adds, multiplies


def operations(e: Expr) -> tuple[int, int]:
    """Additions and multiplications of an expression; a change of sign is free."""
    adds = multiplies = 0
    for part in sympy.preorder_traversal(e):
        if isinstance(part, sympy.Add):
            adds += len(part.args) - 1
        elif isinstance(part, sympy.Mul):
            multiplies += len([a for a in part.args if a != -1]) - 1
        elif isinstance(part, sympy.Pow) and part.exp.is_Integer and part.exp > 0:
            multiplies += int(part.exp) - 1
        elif isinstance(part, sympy.Pow | sympy.Function):
            multiplies += 1
    return adds, multiplies
