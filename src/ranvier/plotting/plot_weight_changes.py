"""`ranvier.plot.weight_changes`."""

import numpy as np
from matplotlib.axes import Axes

from ranvier.instruments.quantities import unit_for
from ranvier.plotting.axes import COLOURS, axes, legend_above
from ranvier.plotting.traces import VECTOR_POINTS
from ranvier.simulation.projection import Projection
from ranvier.simulation.run import Run


def weight_changes(
    run: Run,
    projection: Projection,
    state: str = "weight",
    *,
    most: int = 40,
    label: str | None = None,
    colour: str = COLOURS[1],
    ax: Axes | None = None,
) -> Axes:
    """Weights of plastic synapses over time: thin lines for some of them, the mean, and a band that holds the middle four fifths of all.

    Args:
        run: of a network of which `network.record(projection, "weight")` was asked.
        projection: which.
        state: "weight", or a trace of its rule that was recorded.
        most: synapses that have a line, evenly chosen.
        label: of the axis; by default the state, in the unit that suits its size.
        colour: of lines and band.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: nothing was recorded, the run has no sample, or `most` below 0.

    Example:
        >>> import ranvier as rv
        >>> net = rv.Network()
        >>> noise, cells = net.add(20, rv.PoissonSource(50), "noise"), net.add(2, rv.LIF(input=rv.ImpulseInput()), "cells")
        >>> learned = net.connect(noise, cells, weight=0.2, plasticity=rv.PairSTDP())
        >>> net.record(learned, "weight", every=20 * rv.ms)
        >>> rv.plot.weight_changes(net.run(0.2), learned).get_ylabel()
        'weight (mV)'
    """
    times, values = run.trace(projection, state)
    if not values.size:
        raise ValueError(
            f"weight_changes: the run has no sample of {projection.name}. Run for longer, or record more often with every=10 * ms."
        )
    if most < 0:
        raise ValueError(f"weight_changes: most must be at least 0, got {most}. Write most=40.")
    if state == "weight" and label is None:
        unit = unit_for(projection.dimension, values)
        values, label = values / unit.size, f"weight ({unit.pretty})" if unit.symbol else "weight"
    low, high = np.quantile(values, (0.1, 0.9), axis=1)
    shown = np.unique(np.linspace(0, values.shape[1] - 1, min(most, values.shape[1])).round().astype(int))
    with axes(ax, height=1.8) as ax:
        ax.fill_between(times, low, high, color=colour, alpha=0.18, linewidth=0, label="middle 80 %")
        ax.plot(
            times,
            values[:, shown],
            color=colour,
            linewidth=0.5,
            alpha=0.45,
            rasterized=values[:, shown].size > VECTOR_POINTS,
        )
        ax.plot(times, values.mean(1), color=COLOURS[0], linewidth=1.4, label="mean")
        ax.set_xlim(min(run.begin, times[0]), run.end)
        ax.set_xlabel("time (s)")
        ax.set_ylabel(state if label is None else label)
        legend_above(ax)
    return ax
