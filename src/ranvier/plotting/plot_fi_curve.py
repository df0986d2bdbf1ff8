"""`ranvier.plot.fi_curve`."""

import numpy as np
from matplotlib.axes import Axes

from ranvier.instruments.fi_curve import FICurve
from ranvier.instruments.quantities import unit_for
from ranvier.plotting.axes import PRINT, axes, legend_above, next_colour

ADAPTS = 1.05  # rate of the first interval over the later rate from which both are drawn


def fi_curve(
    curve: FICurve,
    *,
    label: str | None = None,
    colour: str | None = None,
    rheobase: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Firing rate against constant input, with the rheobase; where the neuron adapts, the rate of its first interval besides, dashed.

    Call it again with the same axes to compare neurons: each curve takes the next colour, and `label` names it.

    Args:
        curve: from `ranvier.instruments.fi_curve`.
        label: name of the curve, for a legend.
        colour: of the curve.
        rheobase: whether to mark it.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Example:
        >>> import ranvier as rv
        >>> ax = rv.plot.fi_curve(rv.instruments.fi_curve(rv.LIF(), [0.5, 1.5, 3.0]))
        >>> ax.get_ylabel()
        'firing rate (Hz)'
    """
    unit = unit_for(curve.dimension, curve.currents)
    order = np.argsort(curve.currents)
    x, y, first = curve.currents[order] / unit.size, curve.rates[order], curve.initial_rates[order]
    with axes(ax) as ax:
        colour = colour or next_colour(ax, first=1)
        few = len(x) <= 40
        ax.plot(
            x,
            y,
            color=colour,
            linewidth=1.2,
            marker="o" if few else "",
            markersize=2.6,
            label=label,
            clip_on=False,
            gid="series",
        )
        if (first > ADAPTS * y).any():
            ax.plot(
                x,
                first,
                color=colour,
                linewidth=0.9,
                linestyle=(0, (4, 2)),
                label="first interval",
                clip_on=False,
                gid="first",
            )
            ax.lines[-2].set_label(label or "adapted")
        rates = [
            float(np.asarray(line.get_ydata()).max()) for line in ax.lines if line.get_gid() in ("series", "first")
        ]
        ax.set_ylim(0, 1.05 * max(*rates, 1.0))
        ax.margins(x=0.03)
        if rheobase and np.isfinite(curve.rheobase):
            place, before = curve.rheobase / unit.size, len(ax.texts)
            ax.axvline(place, color=PRINT.faint, linewidth=0.8, zorder=0)
            ax.annotate(
                f"rheobase {place:.3g} {unit.pretty}".rstrip(), (place, 1), xycoords=("data", "axes fraction"),
                xytext=(3, -1 - 9 * before), textcoords="offset points", va="top", size=7, color=colour if before else PRINT.muted,
            )  # fmt: skip
        ax.set_xlabel(f"input ({unit.pretty})" if unit.pretty else "input")
        ax.set_ylabel("firing rate (Hz)")
        legend_above(ax)
    return ax
