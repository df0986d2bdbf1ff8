"""Fixed points of a neuron's equations and their stability."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are first named
import sympy

from ranvier.equations.functions import Expr
from ranvier.instruments.system import Function, System, linear_in
from ranvier.neurons.neuron import Neuron

FINE = 4001  # places of the grid on which a single equation is searched
STARTS = 500  # starts of the search where several equations are left
NEUTRAL = 1e-6  # a mode that changes by less than this share of itself in a step neither grows nor decays


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Where nothing changes.

    states: value of each free state, by name.  eigenvalues: of the Jacobian there [1/s], complex [S], the least stable first.
    kind: "stable node", "stable focus", "unstable node", "unstable focus", "saddle", "saddle focus" (a saddle with a rotation), "centre"
    (a rotation that neither grows nor decays), or "degenerate" (an eigenvalue 0, as where two points meet in a saddle-node).
    """

    states: Mapping[str, float]
    eigenvalues: np.ndarray
    kind: str

    @property
    def stable(self) -> bool:
        """Whether every small disturbance dies out."""
        return self.kind.startswith("stable")


def fixed_points(
    neuron: Neuron,
    current: float = 0.0,
    *,
    held: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[FixedPoint, ...]:
    """Every fixed point below the threshold under a constant current, by rising membrane potential.

    Found from the equations: a state in which an equation is linear is eliminated by algebra (gates, adaptation, synapses); what is left,
    mostly one equation in the membrane, is solved on a grid between and far beyond the values that the parameters name. Stability comes
    from the eigenvalues of the derived Jacobian. Points at or above the threshold, where a neuron with a reset never stays, are left
    out, and so are points that are not isolated (an integrator at rest has one everywhere) or where an equation has no derivative.

    Args:
        neuron: one neuron of any model.
        current: constant input, in the unit of the neuron's input.
        held: states that stand still at the given values; the others form the system.
        ranges: where to look for a state, by name, if the default misses a point.

    Raises:
        TypeError: `neuron` is no Neuron object.
        ValueError: parameters that differ between neurons, an unknown state, or a current for a neuron that takes impulses.

    Source: Strogatz, Nonlinear Dynamics and Chaos (2014), section 5.2 (kinds); Izhikevich, Dynamical Systems in Neuroscience (2007), ch. 4.

    Example:
        >>> import ranvier as rv
        >>> [(round(p.states["v"], 4), p.kind) for p in fixed_points(rv.QIF())]
        [(-0.065, 'stable node'), (-0.05, 'unstable node')]
    """
    system = System.of("fixed_points", neuron, current, held)
    symbols = list(system.symbols.values())
    jacobian = Function([e for row in system.jacobian() for e in row], symbols)
    margin = None if system.margin is None else Function([system.margin], symbols)
    found = []
    for point in _distinct(system, _solve(system, ranges or {})):
        if margin is not None and margin(*point)[0] >= 0:
            continue
        matrix = np.array(jacobian(*point)).reshape(len(symbols), len(symbols))
        if not np.isfinite(matrix).all():
            continue
        eigenvalues = np.linalg.eigvals(matrix).astype(complex)
        eigenvalues = eigenvalues[np.lexsort((-np.imag(eigenvalues), -np.real(eigenvalues)))]
        states = dict(zip(system.symbols, map(float, point), strict=True))
        found.append(FixedPoint(states, eigenvalues, kind_of(eigenvalues, NEUTRAL / neuron.dt)))
    key = system.membrane if system.membrane in system.symbols else next(iter(system.symbols))
    return tuple(sorted(found, key=lambda p: p.states[key]))


def kind_of(eigenvalues: np.ndarray, neutral: float = 0.0) -> str:
    """The kind of a fixed point, see `FixedPoint`; real parts up to `neutral` count as zero."""
    real, turning = np.real(eigenvalues), np.abs(np.imag(eigenvalues)) > neutral
    turns = bool(turning.any())
    flat = np.abs(real) <= neutral
    if flat.any():
        return "centre" if (flat & turning).all() else "degenerate"
    if (real < 0).all() or (real > 0).all():
        return f"{'stable' if real[0] < 0 else 'unstable'} {'focus' if turns else 'node'}"
    return "saddle focus" if turns else "saddle"


def _solve(system: System, ranges: Mapping[str, tuple[float, float]]) -> list[np.ndarray]:
    """Candidates [S]: eliminates what is linear, searches the rest."""
    unknown = dict(system.symbols)
    equations = list(system.slopes.values())
    solved: list[tuple[sympy.Symbol, Expr]] = []
    while len(unknown) > 1:
        step = _eliminable(equations, unknown, system.membrane)
        if step is None:
            break
        equation, name, value = step
        symbol = unknown.pop(name)
        equations = [e.xreplace({symbol: value}) for e in equations if e is not equation]
        solved.append((symbol, value))
    if any(not e.has(*unknown.values()) for e in equations):
        return []  # a derivative that no state changes: none, or one everywhere
    spans = {name: ranges.get(name, system.levels[name]) for name in unknown}
    rest = _scalar if len(unknown) == 1 else _several
    roots = rest(equations, list(unknown.values()), list(spans.values()))
    points = []
    for root in roots:
        at = dict(zip(unknown.values(), map(float, root), strict=True))
        for symbol, value in reversed(solved):
            at[symbol] = float(Function([value], list(at))(*at.values())[0])
        points.append(np.array([at[s] for s in system.symbols.values()]))
    return [p for p in points if np.isfinite(p).all()]


def _eliminable(
    equations: list[Expr], unknown: Mapping[str, sympy.Symbol], membrane: str
) -> tuple[Expr, str, Expr] | None:
    """An equation and the state that it gives as a function of the others; by a constant divisor if there is one, the membrane last."""
    candidates = []
    for equation, (name, symbol) in itertools.product(equations, unknown.items()):
        linear = linear_in(equation, symbol)
        if linear is not None and linear[0] != 0:
            a, b = linear
            candidates.append(((name == membrane, a.has(*unknown.values())), equation, name, -b / a))
    return min(candidates, key=lambda c: c[0])[1:] if candidates else None


def _scalar(equations: list[Expr], symbols: list[sympy.Symbol], spans: list[tuple[float, float]]) -> list[np.ndarray]:
    """Roots of one equation in one unknown: changes of sign on a grid, and places where it touches zero."""
    (equation,), (symbol,), (span,) = equations, symbols, spans
    linear = linear_in(equation, symbol)
    if linear is not None:
        return [np.array([float(-linear[1] / linear[0])])]
    function = Function([equation], [symbol])

    def f(x: float) -> float:
        return float(function(x)[0])

    x = _grid(*span)
    y = function(x)[0]
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    roots = [float(root) for root in x[y == 0]]
    for k in np.flatnonzero(y[:-1] * y[1:] < 0):
        root = _crossing(f, float(x[k]), float(x[k + 1]))
        if abs(f(root)) <= 1e-6 * max(abs(y[k]), abs(y[k + 1])):  # at a pole it is huge
            roots.append(root)
    size = np.abs(y)
    dips = 1 + np.flatnonzero((size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (y[:-2] * y[2:] > 0))
    roots += [r for k in dips for r in _touching(f, float(x[k - 1]), float(x[k + 1]), float(size[k - 1]))]
    return [np.array([root]) for root in roots]


def _touching(f: Callable[[float], float], low: float, high: float, size: float) -> list[float]:
    """Roots between two places of one sign: none, one where f touches zero, or two that lie closer than the grid."""
    sign, width = (1.0 if f(low) > 0 else -1.0), high - low
    dip: Any = scipy.optimize.minimize_scalar(
        lambda share: sign * f(low + width * share), bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-12}
    )
    place, least = low + width * float(dip.x), float(dip.fun)
    if abs(least) <= 1e-10 * size:
        return [place]
    return [] if least > 0 else [_crossing(f, low, place), _crossing(f, place, high)]


def _crossing(f: Callable[[float], float], low: float, high: float) -> float:
    """The root between two places of different signs, to the last digits, by halving: `scipy.optimize` takes longer to load."""
    rises = f(high) > f(low)
    while high - low > 1e-15 * max(abs(low), abs(high)) and low < (middle := low + (high - low) / 2) < high:
        low, high = (low, middle) if (f(middle) > 0) == rises else (middle, high)
    return low + (high - low) / 2


def _several(equations: list[Expr], symbols: list[sympy.Symbol], spans: list[tuple[float, float]]) -> list[np.ndarray]:
    """Roots of coupled equations, from a grid of starts. Unknowns and residuals are scaled to about one."""
    function = Function(equations, symbols)
    low, width = (np.array(v) for v in zip(*((a, (b - a) or abs(a) or 1.0) for a, b in spans), strict=True))
    each = max(3, round(STARTS ** (1 / len(symbols))))
    starts = np.array(list(itertools.product(np.linspace(-0.25, 1.25, each), repeat=len(symbols))))
    values = np.array(function(*(low + width * starts).T))
    scale = np.nanmedian(np.where(np.isfinite(values), np.abs(values), np.nan), axis=1)
    scale = np.where(scale > 0, scale, 1.0)

    def residual(u: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.array(function(*(low + width * u))) / scale, nan=1e6, posinf=1e6, neginf=-1e6)

    found = []
    for start in starts:
        done = scipy.optimize.root(residual, start, method="hybr", options={"xtol": 1e-13})
        if np.abs(residual(done.x)).max() < 1e-9:
            found.append(low + width * done.x)
    return found


def _grid(low: float, high: float) -> np.ndarray:
    """Dense from a span below `low` to a span above `high`, and ever coarser for a thousand spans on either side."""
    span = (high - low) or abs(high) or 1.0
    tail = span * np.geomspace(1.0, 1000.0, 400)[1:]
    return np.concatenate([low - tail[::-1], np.linspace(low - span, high + span, FINE), high + tail])


def _distinct(system: System, points: list[np.ndarray]) -> list[np.ndarray]:
    """The points without repetitions."""
    width = np.array([(high - low) or abs(high) or 1.0 for low, high in system.levels.values()])
    kept: list[np.ndarray] = []
    for point in points:
        if all((np.abs(point - other) > 1e-6 * np.maximum(width, np.abs(point))).any() for other in kept):
            kept.append(point)
    return kept
