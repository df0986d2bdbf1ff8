"""`ranvier.plot.phase_plane`."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ranvier.instruments.fixed_points import FixedPoint
from ranvier.instruments.phase_plane import PhasePlane
from ranvier.instruments.quantities import unit_for
from ranvier.plotting.axes import BLUE, COLOURS, PRINT, VERMILION, axes, legend_above


def phase_plane(plane: PhasePlane, *, field: bool = True, ax: Axes | None = None) -> Axes:
    """Two states against each other: direction of the vector field, both nullclines, fixed points and trajectories.

    Filled circles are stable fixed points, open ones unstable, half-filled ones saddles. Arrows show directions, all of one length. A
    dotted line is a reset.

    Args:
        plane: from `ranvier.instruments.phase_plane`.
        field: whether to draw the arrows.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Example:
        >>> import ranvier as rv
        >>> ax = rv.plot.phase_plane(rv.instruments.phase_plane(rv.Izhikevich(), current=4.0))
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('v (mV)', 'u (mV/ms)')
    """
    places = (plane.x, plane.y)
    units = [unit_for(plane.dimensions[name], at) for name, at in zip(plane.names, places, strict=True)]
    size = np.array([unit.size for unit in units])
    spans = np.array([np.ptp(at) for at in places])
    with axes(ax, height=2.9) as ax:
        if field:
            direction = plane.slopes / spans[:, None, None]
            length = np.hypot(*direction)
            u, v = direction / np.where(length > 0, length, 1.0) * (spans / size)[:, None, None]
            ax.quiver(
                plane.x / size[0], plane.y / size[1], u, v, angles="xy", scale_units="xy", scale=30, pivot="mid",
                color=PRINT.faint, width=0.0028, headwidth=4.5, headlength=5, headaxislength=4.5, zorder=1,
            )  # fmt: skip
        for name, colour in zip(plane.names, (BLUE, VERMILION), strict=True):
            curve = plane.nullclines[name]
            inside = [(at[0] <= c) & (c <= at[-1]) for at, c in zip(places, curve.T, strict=True)]
            label = f"d{name}/dt = 0" if np.logical_and(*inside).any() else None
            ax.plot(*(curve / size).T, color=colour, linewidth=1.3, label=label, zorder=2)
        for path, crests in zip(plane.trajectories / size, plane.crests / size, strict=True):
            _trajectory(ax, path, crests)
        for point in plane.points:
            _point(ax, point, *(np.array([point.states[name] for name in plane.names]) / size))
        ax.set_xlim(plane.x[0] / size[0], plane.x[-1] / size[0])
        ax.set_ylim(plane.y[0] / size[1], plane.y[-1] / size[1])
        for set_label, name, unit in zip((ax.set_xlabel, ax.set_ylabel), plane.names, units, strict=True):
            set_label(f"{name} ({unit.pretty})" if unit.pretty else name)
        legend_above(ax)
    return ax


def _trajectory(ax: Axes, path: np.ndarray, crests: np.ndarray) -> None:
    """Solid from each reset to where the next spike was fired, dotted from there to its reset."""
    at = np.flatnonzero(np.isfinite(crests[:, 0]))
    top = crests[at]
    solid = np.insert(np.insert(path, at + 1, np.nan, axis=0), at + 1 + np.arange(len(at)), top, axis=0)
    ax.plot(*solid.T, color=COLOURS[0], linewidth=0.8, zorder=3, gid="trajectory")
    ends = np.stack([top, path[at + 1], np.full((len(at), 2), np.nan)], axis=1).reshape(-1, 2)
    ax.plot(*ends.T, color=COLOURS[0], linewidth=0.6, linestyle=":", zorder=3, gid="reset")


def _point(ax: Axes, point: FixedPoint, x: float, y: float) -> None:
    saddle = point.kind.startswith(("saddle", "degenerate"))
    face = COLOURS[0] if point.stable or saddle else PRINT.paper
    ax.add_line(
        Line2D(
            [x], [y], marker="o", markersize=5.5, color=COLOURS[0], markerfacecolor=face, markerfacecoloralt=PRINT.paper,
            fillstyle="left" if saddle else "full", markeredgewidth=0.9, zorder=5, gid=point.kind,
        )
    )  # fmt: skip
