"""`ranvier.plot.psth`."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from ranvier.analysis.statistics.rate import psth as rate
from ranvier.analysis.trains import spike_trains
from ranvier.checks import positive_time
from ranvier.plotting.axes import COLOURS, PRINT, axes
from ranvier.spikes import Events
from ranvier.units import ms


def psth(
    trials: Any,
    *,
    width: float = 10 * ms,
    start: float | None = None,
    stop: float | None = None,
    dt: float | None = None,
    onset: float | None = None,
    colour: str = COLOURS[1],
    ax: Axes | None = None,
) -> Axes:
    """Peri-stimulus time histogram: mean firing rate over trials, or over neurons, in bins.

    Args:
        trials: list of trains, spike times in seconds; or `Events` or a raster [T, B, *N] with `dt`, whose samples and neurons are trials.
        width: of a bin, in seconds; the last bin ends at or after `stop`.
        start, stop: window in seconds; of trains from 0 (or the first spike, if that comes before) to the last spike, of a raster all.
        dt: time step in seconds, of a raster.
        onset: time of the stimulus [s], marked by a line.
        colour: of the histogram.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: neither trains nor spikes.
        ValueError: no trial, a raster without `dt`, a window of no length, a train that is not sorted, or `width` not above 0.

    Example:
        >>> import ranvier as rv
        >>> ax = rv.plot.psth([[0.011, 0.032], [0.012]], stop=0.05)
        >>> ax.get_ylabel()
        'firing rate (Hz)'
    """
    positive_time("psth", "width", width)
    if isinstance(trials, Events | torch.Tensor | np.ndarray):
        if dt is None:
            raise ValueError("psth: a raster needs the time step in seconds, got dt=None. Use for example dt=1*ms.")
        steps = trials.steps if isinstance(trials, Events) else len(trials)
        stop = steps * dt if stop is None else stop
        trials = [train for sample in spike_trains(trials, dt=dt) for train in sample]
    times = [float(t) for train in trials for t in (train[:1], train[-1:]) for t in t] if len(trials) else []
    if not len(trials):
        raise ValueError("psth: there is no trial. Give at least one train, which may be silent.")
    start = min([0.0, *times]) if start is None else start
    stop = max([start + width, *times]) if stop is None else stop
    if not start < stop:
        raise ValueError(
            f"psth: the window must begin before it ends, got start={start} and stop={stop} s. Use start=0.0."
        )
    edges = start + width * np.arange(int(np.ceil((stop - start) / width - 1e-9)) + 1)
    heights = rate(trials, edges=edges)
    with axes(ax, height=1.6) as ax:
        ax.stairs(heights, edges / ms, fill=True, color=colour, linewidth=0)
        if onset is not None:
            ax.axvline(onset / ms, color=PRINT.muted, linewidth=0.8, linestyle=(0, (4, 2)))
        ax.set_xlim(edges[0] / ms, edges[-1] / ms)
        ax.set_ylim(0, None if heights.any() else 1)
        ax.set_xlabel("time (ms)")
        ax.set_ylabel("firing rate (Hz)")
    return ax
