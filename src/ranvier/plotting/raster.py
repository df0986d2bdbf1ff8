"""Spike rasters and heat maps over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize

from ranvier.plotting import style

ROWS = 320  # neurons drawn at most: more rows than that are thinner than a pixel of the report


def raster(ax: Axes, spikes: np.ndarray, dt: float, *, colour: str = style.SERIES[0], rows: int = ROWS) -> int:
    """Draw one tick a spike, time in ms to the right, neuron index upwards.

    spikes: [T, *N], spiking where non-zero; neurons are flattened. dt: seconds a step. Populations of more than `rows`
    neurons are thinned evenly. Returns the number of neurons drawn. Call it once the axes have their final size: the
    ticks are as wide as a step and as high as a row, within what the eye can see.
    """
    spikes = np.asarray(spikes).reshape(len(spikes), -1) != 0  # [T, N]
    steps, neurons = spikes.shape
    chosen = np.arange(neurons) if neurons <= rows else np.linspace(0, neurons - 1, rows).round().astype(int)
    times, places = np.nonzero(spikes[:, chosen])
    width, height = style.points(ax)
    step = width / max(steps, 1)
    # Few spikes are drawn larger than their row, lest they vanish; many would run into one another.
    least = 2.3 if 2.3 * len(times) < 0.25 * width * height else 1.2
    size = float(np.clip(0.85 * height / max(len(chosen), 1), least, 10.0))
    ax.plot(
        (times + 0.5) * dt * 1e3,
        chosen[places],
        linestyle="none",
        marker="|",
        markersize=size,
        markeredgewidth=float(np.clip(0.6 * step, 0.7, max(1.0, 0.3 * size, min(0.12 * step, 3.0)))),
        color=colour,
        rasterized=True,
    )
    frame(ax, steps, dt)
    ax.set_ylim(-0.5, max(neurons, 1) - 0.5)
    ax.set_yticks([0, neurons - 1] if neurons > 1 else [0])
    return len(chosen)


def heatmap(ax: Axes, values: np.ndarray, dt: float, *, colormap: Colormap | str | None = None) -> None:
    """Draw values [T, N] as colours, stretched over the axes. Signed values diverge from a transparent zero."""
    values = np.asarray(values, dtype=float).reshape(len(values), -1)  # [T, N]
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if colormap is None and low < 0 < high:
        # The 99.5th percentile keeps one outlier from washing out everything else.
        span = float(np.percentile(np.abs(finite), 99.5)) or high
        colormap, low, high = style.diverging(), -span, span
    elif colormap is None:
        colormap, low = style.fading(style.WINNER), min(low, 0.0)
    steps, channels = values.shape
    ax.imshow(
        values.T,
        origin="lower",
        aspect="auto",
        extent=(0.0, steps * dt * 1e3, -0.5, channels - 0.5),
        cmap=colormap,
        norm=Normalize(low, high if high > low else low + 1.0),
        interpolation="nearest" if channels <= 128 else "antialiased",
        rasterized=True,
        zorder=1,  # above the grid
    )
    frame(ax, steps, dt)
    ax.set_yticks([0, channels - 1] if channels > 1 else [0])


def frame(ax: Axes, steps: int, dt: float) -> None:
    """Let the time axis cover exactly the steps simulated, in ms."""
    ax.set_xlim(0.0, max(steps, 1) * dt * 1e3)
