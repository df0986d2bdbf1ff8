"""`ranvier.plot.trace`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from ranvier.instruments.membrane import MembraneTrace
from ranvier.instruments.quantities import unit_for
from ranvier.plotting.axes import COLOURS, axes, legend_above
from ranvier.plotting.raster import frame
from ranvier.plotting.traces import VECTOR_POINTS
from ranvier.units import NAMED, Dimension, ms

MARKS = 0.07  # height of the row of spike marks, of the height of the axes


def trace(
    recording: MembraneTrace | Any,
    *names: str,
    dt: float | None = None,
    dimension: Dimension = NAMED["voltage"],
    marks: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """States or input of a neuron over time, in the unit that suits their size.

    The membrane of a neuron with a reset is drawn up to the value at which it fired, and then down; the recording itself holds what is
    left after the reset. A tick above the trace marks each spike.

    Args:
        recording: from `membrane_trace`; or values [T] or [T, K] such as `run.records["v"][:, 0]`, with `dt`.
        names: what to draw of a recording: states of one dimension, or "input"; its membrane if none is named. Of values: their labels.
        dt: time step in seconds, of values.
        dimension: of values; see `ranvier.units.NAMED`.
        marks: whether to mark spikes above the membrane.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: a name that was not recorded, names of different dimensions, values of more than two axes or without `dt`.

    Example:
        >>> import ranvier as rv
        >>> ax = rv.plot.trace(rv.instruments.membrane_trace(rv.LIF(), 1.5))
        >>> ax.get_ylabel()
        'v (V)'
    """
    spikes = np.empty(0)
    if isinstance(recording, MembraneTrace):
        names = names or (recording.membrane,)
        lines, dimension = _recorded(recording, names)
        end = float(recording.times[-1])
        if marks and recording.membrane in names:
            spikes = recording.spikes
    else:
        lines, end = _given(recording, names, dt)
    unit = unit_for(dimension, np.concatenate([y for _, y in lines.values()]))
    with axes(ax, height=1.6) as ax:
        for k, (name, (x, y)) in enumerate(lines.items()):
            colour = COLOURS[k % len(COLOURS)]
            shape = "steps-post" if name == "input" else "default"
            ax.plot(
                x / ms, y / unit.size, color=colour, linewidth=0.9, drawstyle=shape, label=name, solid_joinstyle="round",
                rasterized=len(x) > VECTOR_POINTS, gid="series",
            )  # fmt: skip
        frame(ax, 1, end)
        ax.margins(y=0.06)
        if "input" in lines:
            ax.set_ylim(min(ax.get_ylim()[0], 0.0), max(ax.get_ylim()[1], 0.0))
        if len(spikes):
            low, high = ax.get_ylim()
            height = MARKS * (high - low)
            ax.vlines(spikes / ms, high + 0.3 * height, high + height, color=COLOURS[0], linewidth=0.7)
            ax.set_ylim(low, high + 1.2 * height)
        ax.set_xlabel("time (ms)")
        label = "input" if list(lines) == ["input"] else ", ".join(lines) if len(lines) <= 3 else "value"
        ax.set_ylabel(f"{label} ({unit.pretty})" if unit.pretty else label)
        if len(lines) > 1:
            legend_above(ax)
    return ax


Lines = Mapping[str, tuple[np.ndarray, np.ndarray]]


def _recorded(recording: MembraneTrace, names: tuple[str, ...]) -> tuple[Lines, Dimension]:
    known = [*recording.states, "input"]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"trace: {', '.join(unknown)} was not recorded. There are: {', '.join(known)}.")
    dimensions = {recording.dimensions[name] for name in names}
    if len(dimensions) > 1:
        kinds = ", ".join(f"{name} ({recording.dimensions[name]})" for name in names)
        raise ValueError(
            f"trace: what shares an axis must have one dimension, got {kinds}. Draw each on axes of its own."
        )
    lines = {}
    for name in names:
        if name == "input":
            lines[name] = recording.times, np.append(recording.current, recording.current[-1])
        elif name == recording.membrane:
            lines[name] = _with_spikes(recording)
        else:
            lines[name] = recording.times, recording.states[name]
    return lines, dimensions.pop()


def _with_spikes(recording: MembraneTrace) -> tuple[np.ndarray, np.ndarray]:
    """The membrane with the value at which each spike was fired put in before its reset."""
    known = np.isfinite(recording.levels)
    if not known.any():
        return recording.times, recording.v
    after = np.rint(recording.spikes[known] / recording.dt).astype(int) + 1  # where the reset value stands
    return (
        np.insert(recording.times, after, recording.times[after]),
        np.insert(recording.v, after, recording.levels[known]),
    )


def _given(values: Any, names: tuple[str, ...], dt: float | None) -> tuple[Lines, float]:
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values, dtype=float)
    if dt is None or not dt > 0:
        raise ValueError(f"trace: values need the time step in seconds, got dt={dt}. Use for example dt=1*ms.")
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(
            f"trace: values must have shape [T] or [T, K], got {array.shape}. Choose a sample and some neurons."
        )
    columns = array[:, None] if array.ndim == 1 else array
    labels = names or (("v",) if columns.shape[1] == 1 else tuple(str(k) for k in range(columns.shape[1])))
    if len(labels) != columns.shape[1]:
        raise ValueError(
            f"trace: {len(labels)} names for {columns.shape[1]} columns of values. Give one for each, or none."
        )
    times = (np.arange(len(columns)) + 1) * dt  # a record holds what is at the end of each step
    return {label: (times, columns[:, k]) for k, label in enumerate(labels)}, len(columns) * dt
