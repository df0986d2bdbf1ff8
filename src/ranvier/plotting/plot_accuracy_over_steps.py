"""`ranvier.plot.accuracy_over_steps`."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ranvier.conversion.conversion import AccuracyOverSteps
from ranvier.plotting.axes import PRINT, axes, legend_above, next_colour
from ranvier.plotting.style import hundredth


def accuracy_over_steps(
    found: AccuracyOverSteps,
    *,
    label: str | None = None,
    colour: str | None = None,
    source: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Accuracy of a converted network against the number of steps after which it decides, with the accuracy of its source.

    Steps on a logarithmic axis. Call it again with the same axes to compare conversions: each takes the next colour, and `label` names it.

    Args:
        found: from `Conversion.accuracy`.
        label: name of the curve, for a legend.
        colour: of the curve.
        source: whether to draw the source's accuracy, a thin line.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Example:
        >>> import numpy as np, ranvier as rv
        >>> found = rv.conversion.AccuracyOverSteps(np.array([0.5, 0.9]), np.array([0.5, 0.9]), 0.92, 100, {})
        >>> rv.plot.accuracy_over_steps(found).get_xlabel()
        'steps'
    """
    steps = np.arange(1, len(found.accuracy) + 1)
    with axes(ax) as ax:
        colour = colour or next_colour(ax, first=1)
        marker = "o" if len(steps) <= 40 else ""
        ax.plot(
            steps, found.accuracy, color=colour, linewidth=1.2, marker=marker, markersize=2.6, label=label, gid="series",
        )  # fmt: skip
        if source:
            ax.axhline(found.source, color=PRINT.faint, linewidth=0.8, zorder=0)
            ax.annotate(
                f"source {100 * found.source:.2f} %", (0, found.source), xycoords=("axes fraction", "data"), xytext=(3, 2),
                textcoords="offset points", va="bottom", size=7, color=PRINT.muted,
            )  # fmt: skip
        ax.set_xscale("log", base=2)
        last = max(int(max(np.asarray(line.get_xdata()))) for line in ax.lines if line.get_gid() == "series")
        ticks = [2**k for k in range(last.bit_length())]
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_major_formatter(FuncFormatter(hundredth))
        ax.set_xlabel("steps")
        ax.set_ylabel("accuracy (%)")
        legend_above(ax)
    return ax
