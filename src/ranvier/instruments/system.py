"""The equations of one neuron between spikes, as expressions in its states: what nullclines and fixed points are found from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are first named
import sympy

from ranvier.equations.functions import Expr
from ranvier.equations.options import NoReset
from ranvier.instruments.running import constants, takes_current
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension


@dataclass(frozen=True, eq=False)
class System:
    """d(state)/dt of the free states under a constant current, every parameter and held state a number.

    symbols: of the free states, by name, in order.  slopes: their derivatives.  margin: the expression that is negative below the
    threshold, None where the neuron has no reset and so may stay above it.  levels: lowest and highest value that the parameters name
    for each free state, a first guess of where it lives.  dimensions: of each free state.
    """

    symbols: Mapping[str, sympy.Symbol]
    slopes: Mapping[str, Expr]
    margin: Expr | None
    levels: Mapping[str, tuple[float, float]]
    dimensions: Mapping[str, Dimension]
    membrane: str

    @staticmethod
    def of(where: str, neuron: Neuron, current: float = 0.0, held: Mapping[str, float] | None = None) -> "System":
        """The system of a neuron with the states `held` at the given values.

        Raises:
            TypeError: `neuron` is no Neuron object.
            ValueError: parameters that differ between neurons, an unknown state, all states held, or a current for a neuron of impulses.
        """
        values = constants(where, neuron)
        d = neuron.declaration
        fixed = {name: float(value[0]) for name, value in checked_states(where, neuron, held).items()}
        free = [name for name in d.states if name not in fixed]
        if not free:
            raise ValueError(f"{where}: every state is held ({', '.join(fixed)}). Leave at least one free.")
        if current and not takes_current(neuron):
            raise ValueError(
                f"{where}: {type(neuron).__name__} takes impulses, so its equations hold no current, got current={current:g}. "
                "Use current=0, or make it with input=CurrentInput()."
            )
        symbols = {name: sympy.Symbol(name, real=True) for name in free}
        bound = {**values, **symbols, **fixed, **dict.fromkeys(d.draws, 0.5), "dt": neuron.dt}
        slopes = d.call("dynamics", bound, current)
        bounded = neuron.fires and d.has("reset") and not isinstance(neuron.options.reset, NoReset)
        return System(
            symbols,
            {name: sympy.sympify(slopes[name]) for name in free},
            sympy.sympify(d.call("threshold", bound)) if bounded else None,
            {name: _levels(neuron, values, name) for name in free},
            {name: d.dimensions[name] for name in free},
            d.membrane,
        )

    def jacobian(self) -> list[list[Expr]]:
        """Derivative of each slope by each free state, [S, S]."""
        return [[sympy.diff(slope, s) for s in self.symbols.values()] for slope in self.slopes.values()]


def checked_states(where: str, neuron: Neuron, values: Mapping[str, Any] | None) -> dict[str, np.ndarray]:
    """States by name, [K] each.

    Raises:
        ValueError: a name that is no state.
    """
    values = values or {}
    unknown = [name for name in values if name not in neuron.declaration.states]
    if unknown:
        known = ", ".join(neuron.declaration.states)
        raise ValueError(f"{where}: {type(neuron).__name__} has no state {', '.join(unknown)}. It has: {known}.")
    return {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in values.items()}


def _levels(neuron: Neuron, values: Mapping[str, float], state: str) -> tuple[float, float]:
    """Least and greatest of the parameters of a state's dimension and of where it starts."""
    d = neuron.declaration
    same = [values[name] for name in d.parameters if d.dimensions[name] == d.dimensions[state]]
    same.append(float(d.initial(state, values)))
    return min(same), max(same)


def firing_levels(neuron: Neuron, states: Mapping[str, np.ndarray]) -> np.ndarray:
    """Membrane value at which a neuron fires in each of these states, of their shape: where its threshold, linear in the membrane, is zero.

    NaN for a neuron without a reset.
    """
    system = System.of("firing_levels", neuron)
    v = states[system.membrane]
    if system.margin is None:
        return np.full(v.shape, np.nan)
    slope = sympy.diff(system.margin, system.symbols[system.membrane])
    margin, steepness = Function([system.margin, slope], list(system.symbols.values()))(*states.values())
    return v - margin / steepness


class Function:
    """Expressions as one function of arrays: each result has the shape of the arguments."""

    def __init__(self, expressions: Sequence[Expr], symbols: Sequence[sympy.Symbol]) -> None:
        self._function = sympy.lambdify(list(symbols), list(expressions), modules=[_OWN, "numpy"], cse=True)

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        given = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arguments))
        with np.errstate(all="ignore"):  # a branch that is not taken may overflow
            return [np.broadcast_to(np.asarray(r, dtype=np.float64), given[0].shape) for r in self._function(*given)]


def _exprel(x: np.ndarray) -> np.ndarray:
    """(exp(x) - 1)/x, and its limit 1 at x = 0."""
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.expm1(safe) / safe)


def _erf(x: np.ndarray) -> np.ndarray:
    """The error function, whose library is loaded for those models alone that need it."""
    return scipy.special.erf(x)


def _exprel_slope(x: np.ndarray) -> np.ndarray:
    """Derivative of (exp(x) - 1)/x, by its series where the quotient loses its digits."""
    near = np.abs(x) < 1e-3
    safe = np.where(near, 1.0, x)
    return np.where(near, 0.5 + x / 3 + x * x / 8, (np.exp(safe) * (safe - 1) + 1) / (safe * safe))


_OWN = {"exprel": _exprel, "exprel_slope": _exprel_slope, "erf": _erf, "Abs": np.abs}


def linear_in(e: Expr, s: sympy.Symbol) -> tuple[Expr, Expr] | None:
    """(a, b) of e = a*s + b with a free of s, or None where e is not linear in s or decides by it."""
    a = sympy.diff(e, s)
    if a.has(s) or any(condition.has(s) for choice in e.atoms(sympy.Piecewise) for _, condition in choice.args):
        return None
    return a, e.xreplace({s: sympy.Integer(0)})
