"""Values over time: many thin lines and the few that matter."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from ranvier.plotting import style
from ranvier.plotting.raster import frame

VECTOR_POINTS = 6_000  # beyond this many points the background lines are embedded as pixels
VISIBLE_STEPS = 500  # beyond this many steps their corners are finer than a pixel and only make the file larger


class Emphasis(NamedTuple):
    """How one column of `traces` is lifted out of the crowd."""

    label: str
    colour: str
    width: float = 1.8


def traces(
    ax: Axes,
    values: np.ndarray,
    dt: float,
    emphasis: Mapping[int, Emphasis] | None = None,
    background: str = style.LIGHT.faint,
) -> None:
    """Draw values [T, N] over time in ms, each held for its step; columns in `emphasis` last, coloured and named."""
    values = np.asarray(values, dtype=float).reshape(len(values), -1)  # [T, N]
    values = np.where(np.isfinite(values), values, np.nan)
    steps, columns = values.shape
    emphasis = emphasis or {}
    time = np.arange(steps + 1) * dt * 1e3  # [T + 1]; each value holds from its step to the next
    held = np.concatenate([values, values[-1:]])  # [T + 1, N]
    corners = "steps-post" if steps <= VISIBLE_STEPS else "default"
    crowd = [n for n in range(columns) if n not in emphasis]
    if crowd:
        ax.plot(
            time,
            held[:, crowd],
            color=background,
            linewidth=0.8,
            alpha=0.75,
            drawstyle=corners,
            rasterized=values.size > VECTOR_POINTS,
        )
    for n, (_, colour, width) in reversed(list(emphasis.items())):
        ax.plot(time, held[:, n], color=colour, linewidth=width, drawstyle=corners, solid_joinstyle="round")
    frame(ax, steps, dt)
    ax.margins(y=0.08)
    _name(ax, values, emphasis)


def _name(ax: Axes, values: np.ndarray, emphasis: Mapping[int, Emphasis]) -> None:
    """Write each emphasised label beside the end of its line, pushed apart until none overlap."""
    low, high = ax.get_ylim()
    unit = style.points(ax)[1] / (high - low)  # points per value
    ends = {n: float(np.nan_to_num(values[-1, n])) for n in emphasis}
    lowest = -np.inf
    for n in sorted(ends, key=lambda n: ends[n]):
        lowest = max((ends[n] - low) * unit, lowest + 10.0)
        ax.annotate(
            emphasis[n].label,
            (1, 0),
            xytext=(6, lowest),
            xycoords="axes fraction",
            textcoords="offset points",
            color=emphasis[n].colour,
            size=7.5,
            weight="bold",
            va="center",
            annotation_clip=False,
            parse_math=False,
        )
