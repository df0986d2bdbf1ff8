"""`ranvier.plot.raster`."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from ranvier.checks import positive_time
from ranvier.plotting import style
from ranvier.plotting.axes import COLOURS, axes
from ranvier.plotting.raster import raster as draw
from ranvier.spikes import Events

CLEAR = 0.25  # share of the axes that ticks may cover before they become transparent


def raster(spikes: Any, *, dt: float, sample: int = 0, colour: str = COLOURS[0], ax: Axes | None = None) -> Axes:
    """Spike raster: one tick a spike, time to the right, neurons upwards.

    Every neuron is drawn, one or many thousand. The ticks are pixels in a vector file, axes and text are not.

    Args:
        spikes: `Events`, or zeros and ones: [T, B, *N], or [T, N] without a batch.
        dt: time step in seconds.
        sample: which sample of the batch.
        colour: of the ticks.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: spikes of fewer than two axes, a sample that is not in the batch, or `dt` not above 0.

    Example:
        >>> import numpy as np, ranvier as rv
        >>> ax = rv.plot.raster(np.random.default_rng(0).random((200, 50)) < 0.02, dt=1e-3)
        >>> ax.get_xlabel()
        'time (ms)'
    """
    positive_time("raster", "dt", dt)
    dense = dense_sample("raster", spikes, sample)
    neurons = dense.shape[1]
    with axes(ax, height=float(np.clip(0.75 + 0.02 * neurons, 0.95, 2.6))) as ax:
        draw(ax, dense, dt, colour=colour, rows=max(neurons, 1))
        _thin(ax)
        ax.set_xlabel("time (ms)")
        ax.set_ylabel("neuron")
        if neurons == 1:
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
            ax.set_ylabel("")
    return ax


def _thin(ax: Axes) -> None:
    """Many thousand ticks overlap: they become transparent, so that their density still shows."""
    ticks = ax.lines[-1]
    width, height = style.points(ax)
    covered = (
        len(np.asarray(ticks.get_xdata())) * ticks.get_markersize() * ticks.get_markeredgewidth() / (width * height)
    )
    ticks.set_alpha(float(np.clip(CLEAR / max(covered, CLEAR), 0.1, 1.0)))


def dense_sample(where: str, spikes: Any, sample: int) -> np.ndarray:
    """One sample of spikes as [T, N]."""
    if isinstance(spikes, Events):
        spikes = spikes.to_dense()
    array = spikes.detach().cpu().numpy() if isinstance(spikes, torch.Tensor) else np.asarray(spikes)
    if array.ndim < 2:
        raise ValueError(
            f"{where}: spikes must have shape [T, B, *N] or [T, N], got {array.shape}. Use spikes[:, None] for a single neuron."
        )
    if array.ndim == 2:
        return array
    if not -array.shape[1] <= sample < array.shape[1]:
        raise ValueError(f"{where}: sample {sample} is not in a batch of {array.shape[1]}. Use sample=0.")
    return array[:, sample].reshape(len(array), -1)
