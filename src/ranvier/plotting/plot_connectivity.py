"""`ranvier.plot.connectivity`."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from ranvier.plotting import style
from ranvier.plotting.axes import BLUE, SPINE, VERMILION, axes
from ranvier.simulation.network import Network
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Projection

DRAWN = 2e7  # synapses that are looked at one by one
LEAST = 3  # blocks of the smallest population


def connectivity(network: Network, *, blocks: int = 120, limit: float | None = None, ax: Axes | None = None) -> Axes:
    """Who is connected to whom: synapses for each pair of neurons, in blocks of neighbouring ones, blue where weights are below zero.

    Columns are presynaptic neurons, rows postsynaptic ones, the first population at the left and at the top. In a network of more than 20
    million synapses only the mean of each projection is shown, which needs no look at single ones.

    Args:
        network: with its projections; it is built if it is not yet, so that nothing can be added afterwards (a large one stays as it is).
        blocks: about so many rows and columns.
        limit: of the full colour, synapses of a pair; the largest number if None.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: a network without projections, or `blocks` below 1.

    Example:
        >>> import ranvier as rv
        >>> net, _ = rv.simulation.networks.cuba(n_exc=80, n_inh=20, p=0.1)
        >>> rv.plot.connectivity(net).get_xlabel()
        'from'
    """
    if not network.projections:
        raise ValueError("connectivity: the network has no projections. Call network.connect(pre, post) first.")
    if blocks < 1:
        raise ValueError(f"connectivity: blocks must be at least 1, got {blocks}. Write blocks=120.")
    sending = _cut([p for p in network.populations if any(c.pre is p for c in network.projections)], blocks)
    taking = _cut([p for p in network.populations if any(c.post is p for c in network.projections)], blocks)
    whole = sum(c.pattern.expected(c.pre.n, c.post.n) for c in network.projections) > DRAWN
    matrix = np.zeros((sum(map(len, taking.values())), sum(map(len, sending.values()))))
    left, top = _starts(sending), _starts(taking)
    for c in network.projections:
        columns, rows = sending[c.pre], taking[c.post]
        part = _mean(c, columns, rows) if whole else _counted(network, c, columns, rows)
        matrix[top[c.post] : top[c.post] + len(rows), left[c.pre] : left[c.pre] + len(columns)] += part
    full = limit or float(np.abs(matrix).max()) or 1.0
    with axes(ax, 3.2, 2.7) as ax:
        image = ax.imshow(
            matrix,
            cmap=style.diverging(BLUE, VERMILION),
            norm=Normalize(-full, full),
            aspect="auto",
            interpolation="nearest",
            rasterized=True,
        )
        for name, starts, sets in (("x", left, sending), ("y", top, taking)):
            axis = ax.xaxis if name == "x" else ax.yaxis
            axis.set_ticks([start + len(sets[p]) / 2 - 0.5 for p, start in starts.items()], [p.name for p in sets])
            for start in list(starts.values())[1:]:
                (ax.axvline if name == "x" else ax.axhline)(start - 0.5, color=style.LIGHT.faint, linewidth=0.5)
        ax.tick_params(length=0)
        if len(sending) > 3:
            ax.tick_params(axis="x", rotation=90)
        for spine in ax.spines.values():
            spine.set_visible(True)
        ax.set_xlabel("from")
        ax.set_ylabel("to")
        figure = ax.get_figure()
        assert figure is not None
        bar = figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03, label="synapses of a pair, by sign")
        bar.outline.set_linewidth(SPINE)  # pyright: ignore[reportCallIssue]
        bar.ax.tick_params(width=SPINE, length=2.5)
    return ax


def _cut(populations: list[Population], blocks: int) -> dict[Population, np.ndarray]:
    """For each population how many neurons each of its blocks has."""
    neurons = sum(p.n for p in populations)
    found = {}
    for p in populations:
        parts = min(p.n, max(LEAST, round(blocks * p.n / neurons)))
        found[p] = np.diff(np.linspace(0, p.n, parts + 1).round().astype(int))
    return found


def _starts(cut: dict[Population, np.ndarray]) -> dict[Population, int]:
    ends = np.cumsum([len(sizes) for sizes in cut.values()])
    return {p: int(end - len(sizes)) for (p, sizes), end in zip(cut.items(), ends, strict=True)}


def _counted(network: Network, c: Projection, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Synapses of a pair in each block, [rows, columns], with the signs of their weights."""
    found = network.weights(c)
    edges = np.r_[0, np.cumsum(rows)], np.r_[0, np.cumsum(columns)]
    counts = np.histogram2d(found.post, found.pre, bins=edges, weights=np.sign(found.weight))[0]  # pyright: ignore[reportArgumentType, reportCallIssue]
    return counts / np.outer(rows, columns)


def _mean(c: Projection, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    each = c.pattern.expected(c.pre.n, c.post.n) / (c.pre.n * c.post.n)
    return np.full((len(rows), len(columns)), each * _sign(c.weight))


def _sign(weight: Any) -> float:
    """Of the mean weight."""
    if not hasattr(weight, "kind"):
        return float(np.sign(np.mean(weight)))
    a, b = weight.constants
    return float(np.sign({"Normal": a, "Uniform": a + b}.get(type(weight).__name__, 1.0)))
