"""Distribution of firing rates over the neurons of each layer."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ranvier.plotting import style
from ranvier.plotting.facts import SATURATED, LayerFacts

COLUMNS = 3


def rate_histograms(layers: Sequence[LayerFacts], colours: Mapping[str, str]) -> Figure | None:
    """One histogram a spiking layer, dead and saturated neurons in red; None if no layer spikes."""
    spiking = [layer for layer in layers if layer.finite.size]
    if not spiking:
        return None
    rows = -(-len(spiking) // COLUMNS)
    height = 2.05 * rows + 0.25
    result = style.figure(height)
    grid = result.add_gridspec(
        rows, COLUMNS, left=0.06, right=0.99, bottom=0.45 / height, top=1 - 0.32 / height, wspace=0.22, hspace=0.62
    )
    for i, layer in enumerate(spiking):
        ax = style.tidy(
            result.add_subplot(grid[divmod(i, COLUMNS)]),
            style.shorten(layer.name, 24),
            f"mean {100 * layer.rate:.3g} %",
        )
        rates = layer.finite
        # A round upper end keeps the bins comparable between layers of similar activity.
        top = next((end for end in (0.05, 0.1, 0.2, 0.3, 0.5, 0.75) if rates.max() <= end), 1.0)
        edges = np.linspace(0.0, top, 26).tolist()
        alive = rates[(rates > 0) & (rates <= SATURATED)]
        ax.hist(alive, edges, color=colours.get(layer.name, style.SERIES[0]), rwidth=0.9)
        dead, saturated = layer.dead, layer.saturated
        width = edges[1]
        if dead:
            ax.bar(-0.75 * width, dead, 0.9 * width, color=style.WRONG)
        if saturated:
            ax.hist(rates[rates > SATURATED], edges, color=style.WRONG, rwidth=0.9)
        ax.set_xlim(-1.6 * width, top)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(style.hundredth))
        ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        ax.set_xlabel("% of steps with a spike")
        if i % COLUMNS == 0:
            ax.set_ylabel("neurons")
    return result
