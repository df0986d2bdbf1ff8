"""`ranvier.plot.population_rate`."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ranvier.checks import positive_time
from ranvier.plotting.axes import COLOURS, axes, legend_above
from ranvier.plotting.plot_population_raster import chosen_populations, window
from ranvier.simulation.run import Neurons, Run
from ranvier.units import ms


def population_rate(
    run: Run,
    *,
    populations: Sequence[Neurons] | None = None,
    width: float = 5 * ms,
    smooth: float | None = None,
    start: float | None = None,
    stop: float | None = None,
    colours: Sequence[str] = COLOURS[1:],
    ax: Axes | None = None,
) -> Axes:
    """Mean firing rate of a neuron of each population over time, in bins.

    Args:
        run: what `Network.run` gave.
        populations: which, or views such as `cells[::10]`; all by default.
        width: of a bin [s].
        smooth: standard deviation of a Gaussian by which the rate is smoothed [s]; None for none.
        start, stop: window [s]; all of the run by default.
        colours: of the populations, used again from the first on where there are more.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: no population, one of another network, a window that does not begin before it ends, or `width` or `smooth` not above 0.

    Example:
        >>> import ranvier as rv
        >>> net, _ = rv.simulation.networks.cuba(n_exc=80, n_inh=20, p=0.1)
        >>> ax = rv.plot.population_rate(net.run(0.1))
        >>> ax.get_ylabel()
        'rate (Hz)'
    """
    positive_time("population_rate", "width", width)
    chosen = chosen_populations("population_rate", run, populations)
    begin, end = window("population_rate", run, start, stop)
    with axes(ax, height=1.6) as ax:
        for k, p in enumerate(chosen):
            middles, rate = run.population_rate(p, width, smooth)
            inside = (middles > begin) & (middles < end)
            ax.plot(middles[inside] / ms, rate[inside], color=colours[k % len(colours)], linewidth=1.0, label=p.name)
        ax.set_xlim(begin / ms, end / ms)
        ax.set_ylim(0, None)
        ax.set_xlabel("time (ms)")
        ax.set_ylabel("rate (Hz)")
        if len(chosen) > 1:
            legend_above(ax)
    return ax
