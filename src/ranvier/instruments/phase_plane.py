"""The phase plane of two states: vector field, nullclines, fixed points, trajectories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from ranvier.equations.functions import Expr
from ranvier.instruments.fixed_points import FixedPoint, fixed_points
from ranvier.instruments.running import check_duration, constants, run
from ranvier.instruments.system import Function, System, checked_states, firing_levels, linear_in
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension

FINE = 801  # places of a nullcline
FIELD = 21  # arrows along each axis
HEADROOM = 0.08  # of the range of a state, left free on either side


@dataclass(frozen=True, eq=False)
class PhasePlane:
    """Two states of a neuron against each other, in SI units; x is the first of `names`, y the second.

    x, y: places of the vector field, [M] each.  slopes: dx/dt and dy/dt there, [2, M, M], the second axis along y, the third along x.
    nullclines: by state, the points where its derivative is zero, [n, 2] as (x, y) in the order of the curve; NaN separates pieces.
    points: fixed points of the plane.  trajectories: the neuron's own steps with threshold and reset, [K, T + 1, 2].
    crests: where a step of a trajectory fired, before its reset, [K, T, 2]; NaN in other steps and without a reset.
    current: held input.  held: values of the other states.  dimensions: of both states and of "input".
    """

    names: tuple[str, str]
    x: np.ndarray
    y: np.ndarray
    slopes: np.ndarray
    nullclines: Mapping[str, np.ndarray]
    points: tuple[FixedPoint, ...]
    trajectories: np.ndarray
    crests: np.ndarray
    current: float
    held: Mapping[str, float]
    dimensions: Mapping[str, Dimension]


def phase_plane(
    neuron: Neuron,
    x: str | None = None,
    y: str | None = None,
    *,
    current: float = 0.0,
    held: Mapping[str, float] | None = None,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    starts: Sequence[Mapping[str, float]] = ({},),
    duration: float = 0.2,
) -> PhasePlane:
    """The phase plane of two states under a constant current, the other states held.

    Trajectories are runs of the whole neuron, in which the held states move as they will: in a model of more than two states they leave
    the plane, and the plane is a cut at `held`.

    Args:
        neuron: one neuron of a model with at least two states.
        x, y: names of the states; the membrane and the first other state if None.
        current: constant input, in the unit of the neuron's input.
        held: values of the other states; where they begin if not given.
        x_range, y_range: what to show; from the parameters and the trajectories if None.
        starts: where trajectories begin, each by state; what is not named begins at rest. () for none.
        duration: seconds of each trajectory.

    Raises:
        TypeError: `neuron` is no Neuron object.
        ValueError: fewer than two states, an unknown state, one state twice, parameters that differ between neurons, a range that does
            not rise, or a current for a neuron that takes impulses.

    Source: Izhikevich, Dynamical Systems in Neuroscience (2007), ch. 4.

    Example:
        >>> import ranvier as rv
        >>> plane = phase_plane(rv.AdEx(), current=0.2e-9)
        >>> plane.names, [p.kind for p in plane.points]
        (('v', 'w'), ['stable node', 'saddle'])
    """
    values = constants("phase_plane", neuron)
    names = _pair(neuron, x, y)
    d = neuron.declaration
    checked_states("phase_plane", neuron, held)
    rest = {name: float(d.initial(name, values)) for name in d.states}
    fixed = {name: float((held or {}).get(name, rest[name])) for name in d.states if name not in names}
    system = System.of("phase_plane", neuron, current, fixed)
    points = fixed_points(neuron, current, held=fixed)
    trajectories, crests = _trajectories(neuron, names, current, starts, duration)
    symbols = [system.symbols[name] for name in names]
    slope = system.slopes[names[0]]
    seen = np.concatenate(
        [trajectories.reshape(-1, 2), crests.reshape(-1, 2), *([p.states[n] for n in names] for p in points)], axis=None
    )
    seen = seen.reshape(-1, 2)
    first = _range(system, names[0], seen[:, 0], x_range)
    bend = _bends(nullcline(slope, (symbols[0], symbols[1]), first, (0.0, 1.0)), seen[:, 1])
    shown = (first, _range(system, names[1], np.append(seen[:, 1], bend), y_range))
    across, up = (np.linspace(low, high, FIELD) for low, high in shown)
    field = Function([system.slopes[name] for name in names], symbols)(*np.meshgrid(across, up))
    curves = {name: nullcline(system.slopes[name], (symbols[0], symbols[1]), *shown) for name in names}
    dimensions = {name: d.dimensions[name] for name in names} | {"input": d.input_dimension("dynamics")}
    return PhasePlane(
        names, across, up, np.array(field), curves, points, trajectories, crests, float(current), fixed, dimensions
    )


def nullcline(
    slope: Expr, symbols: tuple[sympy.Symbol, sympy.Symbol], x_range: tuple[float, float], y_range: tuple[float, float]
) -> np.ndarray:
    """Where a derivative is zero: points [n, 2], with NaN between pieces.

    A closed form where the derivative is linear in y or else in x; otherwise its changes of sign along y, column by column.
    """
    x, y = symbols
    across, up = np.linspace(*x_range, FINE), np.linspace(*y_range, FINE)
    for solved, free, places in ((y, x, across), (x, y, up)):
        linear = linear_in(slope, solved)
        if linear is not None and linear[0] != 0:
            (value,) = Function([-linear[1] / linear[0]], [free])(places)
            value = np.where(np.isfinite(value), value, np.nan)
            return np.column_stack([places, value] if solved is y else [value, places])
    (z,) = Function([slope], [x, y])(*np.meshgrid(across, up))  # [y, x]
    above_zero, known = z >= 0, np.isfinite(z)
    row, column = np.nonzero((above_zero[:-1] != above_zero[1:]) & known[:-1] & known[1:])
    below, above = z[row, column], z[row + 1, column]
    crossing = up[row] + (up[row + 1] - up[row]) * below / (below - above)
    order = np.lexsort((row, column))
    branch = _count_within(column[order])  # the j-th crossing of each column belongs to the j-th branch
    pieces = []
    for j in range(int(branch.max(initial=-1)) + 1):
        of_branch = order[branch == j]
        pieces.append(np.column_stack([across[column[of_branch]], crossing[of_branch]]))
        pieces.append(np.full((1, 2), np.nan))
    return np.concatenate(pieces[:-1]) if pieces else np.empty((0, 2))


def _count_within(groups: np.ndarray) -> np.ndarray:
    """Place of each element within its run of equal neighbours: [3, 3, 5] -> [0, 1, 0]."""
    if not len(groups):
        return np.zeros(0, int)
    begins = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
    return np.arange(len(groups)) - np.repeat(begins, np.diff(begins, append=len(groups)))


def _pair(neuron: Neuron, x: str | None, y: str | None) -> tuple[str, str]:
    d = neuron.declaration
    first = x if x is not None else d.membrane
    second = y if y is not None else next((name for name in d.states if name != first), first)
    checked_states("phase_plane", neuron, {first: 0.0, second: 0.0})
    if first == second:
        raise ValueError(
            f"phase_plane: takes two states, got {first!r} twice; {type(neuron).__name__} has {', '.join(d.states)}. "
            "For a model of one state use fixed_points."
        )
    return first, second


def _trajectories(
    neuron: Neuron, names: tuple[str, str], current: float, starts: Sequence[Mapping[str, float]], duration: float
) -> tuple[np.ndarray, np.ndarray]:
    """[K, T + 1, 2], and where each step fired, [K, T, 2]."""
    check_duration("phase_plane", duration, neuron.dt)
    steps = round(duration / neuron.dt)
    if not len(starts):
        return np.empty((0, steps + 1, 2)), np.empty((0, steps, 2))
    for start in starts:
        checked_states("phase_plane", neuron, start)
    like = neuron.initial_state((1, len(starts)))
    named = dict.fromkeys(name for start in starts for name in start)
    begin = {name: np.array([start.get(name, float(like[name][0, 0])) for start in starts]) for name in named}
    spikes, states = run(neuron, np.full((steps, len(starts)), float(current)), begin)
    paths = np.stack([states[name] for name in names], axis=-1)  # [T + 1, K, 2]
    crests = paths[:-1].copy()
    if neuron.declaration.membrane in names:
        before = {name: values[:-1] for name, values in states.items()}
        crests[..., names.index(neuron.declaration.membrane)] = firing_levels(neuron, before)
    crests[~spikes | ~np.isfinite(crests).all(-1)] = np.nan
    return paths.swapaxes(0, 1), crests.swapaxes(0, 1)


def _bends(curve: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Heights at which a nullcline turns, as far as they are not much farther off than what is seen anyway."""
    height = curve[:, 1]
    rises = np.diff(height)
    turns = height[1:-1][rises[:-1] * rises[1:] < 0]
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        return turns
    reach = np.ptp(seen)
    return turns[(turns > seen.min() - reach) & (turns < seen.max() + reach)]


def _range(system: System, name: str, seen: np.ndarray, given: tuple[float, float] | None) -> tuple[float, float]:
    """What to show of a state: the membrane between the levels of its parameters, others where the neuron goes."""
    if given is not None:
        if not given[0] < given[1]:
            raise ValueError(f"phase_plane: a range must rise, got {given} for {name}. Swap its ends.")
        return float(given[0]), float(given[1])
    seen = seen[np.isfinite(seen)]
    levels = np.array(system.levels[name])
    if name == system.membrane or not seen.size or np.ptp(seen) == 0:
        seen = np.concatenate([seen, levels])
    low, high = float(seen.min()), float(seen.max())
    if low == high:
        low, high = low - (abs(low) or 1.0), high + (abs(high) or 1.0)
    room = HEADROOM * (high - low) * (1 if name == system.membrane else 3)
    return low - room, high + room
