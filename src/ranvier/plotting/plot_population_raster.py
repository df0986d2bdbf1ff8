"""`ranvier.plot.population_raster`."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ranvier.plotting import style
from ranvier.plotting.axes import COLOURS, axes
from ranvier.simulation.run import Neurons, Run
from ranvier.simulation.view import PopulationView
from ranvier.units import ms

CLEAR = 0.25  # share of the axes that ticks may cover before they become transparent


def population_raster(
    run: Run,
    *,
    populations: Sequence[Neurons] | None = None,
    most: int = 2000,
    start: float | None = None,
    stop: float | None = None,
    colours: Sequence[str] = COLOURS[1:],
    ax: Axes | None = None,
) -> Axes:
    """Spikes of a simulation, one tick each: time to the right, a band of one colour for each population, the first at the top.

    Bands are as high as their populations are large. The ticks are pixels in a vector file, axes and text are not.

    Args:
        run: what `Network.run` gave.
        populations: which, from the top, or views such as `cells[::10]`; all by default.
        most: neurons drawn; if there are more, evenly chosen ones of each population.
        start, stop: window [s]; all of the run by default.
        colours: of the populations, used again from the first on where there are more.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: no population, `most` below 1, a window that does not begin before it ends, or a population of another network.

    Example:
        >>> import ranvier as rv
        >>> net, _ = rv.simulation.networks.cuba(n_exc=80, n_inh=20, p=0.1)
        >>> ax = rv.plot.population_raster(net.run(0.1))
        >>> ax.get_xlabel()
        'time (ms)'
    """
    chosen = chosen_populations("population_raster", run, populations)
    begin, end = window("population_raster", run, start, stop)
    if most < 1:
        raise ValueError(f"population_raster: most must be at least 1 neuron, got {most}. Write most=2000.")
    share = min(1.0, most / sum(p.n for p in chosen))
    drawn = [max(1, round(p.n * share)) for p in chosen]
    with axes(ax, height=float(np.clip(0.75 + 0.004 * sum(drawn), 1.6, 3.4))) as ax:
        width, height = style.points(ax)
        rows = sum(drawn)
        # Few spikes are drawn larger than their row, lest they vanish; many would run into one another.
        least = 2.3 if 2.3 * len(run.steps) * share < CLEAR * width * height else 1.2
        size = float(np.clip(0.9 * height / rows, least, 8.0))
        edge = 0
        places: list[tuple[float, str]] = []
        for k, (p, n) in enumerate(zip(chosen, drawn, strict=True)):
            times, who = run.spikes(p)
            kept = np.linspace(0, p.n - 1, n).round().astype(int)
            row = np.full(p.n, -1)
            row[kept] = np.arange(n)
            seen = (row[who] >= 0) & (times >= begin) & (times <= end)
            cover = seen.sum() * size * 0.7 / (width * height * n / rows)
            ax.plot(
                times[seen] / ms, edge + row[who[seen]], linestyle="none", marker="|", markersize=size, markeredgewidth=0.7,
                color=colours[k % len(colours)], rasterized=True, alpha=float(np.clip(CLEAR / max(cover, CLEAR), 0.1, 1.0)),
            )  # fmt: skip
            places.append((edge + (n - 1) / 2, p.name))
            edge += n
        ax.set_xlim(begin / ms, end / ms)
        ax.set_ylim(rows - 0.5, -0.5)
        ax.set_yticks([y for y, _ in places], [name for _, name in places])
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("time (ms)")
    return ax


def chosen_populations(where: str, run: Run, populations: Sequence[Neurons] | None) -> list[Neurons]:
    """The populations to draw. Raises ValueError where there is none, or one is of another network."""
    chosen = list(run.populations if populations is None else populations)
    if not chosen:
        raise ValueError(f"{where}: there is no population to draw. Leave populations out for all.")
    for p in chosen:
        if (p.population if isinstance(p, PopulationView) else p) not in run.populations:
            raise ValueError(
                f"{where}: {p.name} is not of this run. It has: {', '.join(q.name for q in run.populations)}."
            )
    return chosen


def window(where: str, run: Run, start: float | None, stop: float | None) -> tuple[float, float]:
    """The stretch of time to draw [s]."""
    begin, end = run.begin if start is None else start, run.end if stop is None else stop
    if not begin < end:
        raise ValueError(f"{where}: the window must begin before it ends, got start={begin:g} and stop={end:g} s.")
    return begin, end
