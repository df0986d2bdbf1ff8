"""The rheobase: the smallest current that, held for ever, makes a neuron fire."""

import numpy as np
import sympy

from ranvier.equations.functions import Expr
from ranvier.equations.program import INPUT
from ranvier.instruments.running import check_duration, constants, first_firing, takes_current
from ranvier.neurons.neuron import Neuron

WITHIN = 7  # currents tried at once between a silent and a firing one
DECADES = 8.0 ** np.arange(-5.0, 10.0)  # shares and multiples of the natural scale among which a bracket is looked for


def rheobase(
    neuron: Neuron,
    *,
    low: float | None = None,
    high: float | None = None,
    duration: float = 1.0,
    tolerance: float = 1e-5,
) -> float:
    """Smallest constant input that makes a neuron at rest fire within `duration`, measured by running it. NaN where none does.

    A spike that takes longer than `duration` to come is not seen: near the rheobase the time to it grows without limit, as a logarithm for
    a leaky membrane, as a root for a saddle-node; a membrane without a leak fires at any current in the end. 0.0 where the neuron fires
    without input.

    Args:
        neuron: one neuron of any model that fires.
        low, high: a current that leaves it silent and one that makes it fire; looked for among positive ones where not given.
        duration: seconds of each trial.
        tolerance: width at which the search ends, relative to the current found.

    Raises:
        TypeError: `neuron` is no Neuron object.
        ValueError: parameters that differ between neurons, a readout, a neuron that fires at random, or `low` not below `high`.

    Example:
        >>> import ranvier as rv
        >>> round(rheobase(rv.LIF()), 4)    # (v_threshold - v_leak)/r
        1.0
    """
    values = constants("rheobase", neuron)
    check_duration("rheobase", duration, neuron.dt)
    if not neuron.fires:
        raise ValueError(
            f"rheobase: {type(neuron).__name__} is a readout and never fires. Give a model with a threshold."
        )
    if neuron.declaration.draws:
        raise ValueError(
            f"rheobase: {type(neuron).__name__} fires at random, at any current now and then. Use fi_curve for its rates."
        )
    if low is None or high is None:
        tried = np.concatenate([[0.0], _scale(neuron, values) * DECADES])
        tried = tried[(tried > (-np.inf if low is None else low)) & (tried < (np.inf if high is None else high))]
        tried = np.concatenate([[] if low is None else [low], tried, [] if high is None else [high]])
    elif low < high:
        tried = np.array([low, high])
    else:
        raise ValueError(f"rheobase: low must lie below high, got low={low:g} and high={high:g}. Swap them.")
    steps = round(duration / neuron.dt)
    first = first_firing(neuron, tried, steps)
    if first == len(tried):
        return float("nan")
    if first == 0:
        return 0.0 if low is None else float("nan")
    below, above = float(tried[first - 1]), float(tried[first])
    while above - below > tolerance * max(abs(above), abs(below)):
        tried = np.linspace(below, above, WITHIN + 2)
        first = 1 + first_firing(neuron, tried[1:-1], steps)
        below, above = float(tried[first - 1]), float(tried[first])
    return (below + above) / 2


def _scale(neuron: Neuron, values: dict[str, float]) -> float:
    """An input that, without leak, would take the membrane from rest to the threshold in about a second: from the equations alone."""
    d = neuron.declaration
    states = {name: sympy.Symbol(name, real=True) for name in d.states}
    at = {states[name]: float(d.initial(name, values)) for name in d.states}
    symbols = {**values, **states, **dict.fromkeys(d.draws, 0.5), "dt": neuron.dt}
    margin = sympy.sympify(d.call("threshold", symbols))
    gap = abs(_number(margin, at) / (_number(sympy.diff(margin, states[d.membrane]), at) or 1.0))
    method, per_second = ("dynamics", 1.0) if takes_current(neuron) else ("receive", 1.0 / neuron.dt)
    changed = {k: sympy.sympify(e) for k, e in d.call(method, symbols, INPUT).items()}
    gain = max(abs(_number(sympy.diff(e, INPUT), {**at, INPUT: 1.0})) for e in changed.values()) * per_second
    return (gap or 1.0) / (gain or 1.0)


def _number(e: Expr, at: dict[sympy.Symbol, float]) -> float:
    value = complex(sympy.sympify(e).subs(at).doit().evalf())
    return value.real if np.isfinite(value.real) else 0.0
