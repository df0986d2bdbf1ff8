"""`ranvier.plot.space`."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from ranvier.plotting.axes import COLOURS, PRINT, axes_in_space
from ranvier.plotting.plot_connectivity import DRAWN
from ranvier.simulation.network import Network
from ranvier.simulation.population import Population


def space(
    network: Network,
    *,
    lines: int = 1500,
    most: int = 4000,
    seed: int = 0,
    colours: Sequence[str] = COLOURS[1:],
    ax: Axes | None = None,
) -> Axes:
    """A network in space: a dot for each neuron that has a position, in the colour of its population, and some of the synapses between them.

    A line has the colour of the population from which it comes. Which synapses are drawn is a matter of chance, each as likely as any other; in a
    network of more than 20 million none is.

    Args:
        network: with populations that were added with `positions`; it is built if it is not yet, where lines are drawn.
        lines: synapses that are drawn; 0 for none.
        most: neurons that are drawn; if there are more, evenly chosen ones of each population.
        seed: of the choice of synapses.
        colours: of all populations of the network, used again from the first on where there are more.
        ax: axes with `projection="3d"` to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: a network without positions, `lines` or `most` out of range, or axes without three dimensions.

    Example:
        >>> import ranvier as rv
        >>> net = rv.Network()
        >>> cells = net.add(135, rv.LIF(), "cells", positions=rv.simulation.grid(15, 3, 3))
        >>> _ = net.connect(cells, cells, rv.FixedProbability(0.05))
        >>> rv.plot.space(net).get_zlabel()
        'z'
    """
    placed = [p for p in network.populations if p.positions is not None]
    if not placed:
        raise ValueError(
            "space: no population has positions. Write net.add(n, model, positions=rv.simulation.grid(15, 3, 3))."
        )
    for name, value, least in (("lines", lines, 0), ("most", most, 1)):
        if value < least:
            raise ValueError(f"space: {name} must be at least {least}, got {value}. Leave it out.")
    room = axes_in_space(ax, "space")
    colour = {p: colours[p.number % len(colours)] for p in placed}  # those of a raster
    neurons = sum(p.n for p in placed)
    share, size = min(1.0, most / neurons), float(np.clip(3000 / neurons, 2, 12))  # points squared
    for pre, ends in _ends(network, placed, lines, seed).items():
        room.add_collection3d(Line3DCollection(ends, colors=colour[pre], linewidths=0.5, alpha=0.4, rasterized=True))
    for p in placed:
        where = _positions(p)[np.linspace(0, p.n - 1, max(1, round(p.n * share))).round().astype(int)]
        room.scatter(
            *where.T, s=size, color=colour[p], depthshade=False, label=p.name, edgecolors=PRINT.paper, linewidths=0.2, rasterized=True,
        )  # fmt: skip
    everything = np.concatenate([_positions(p) for p in placed])
    spans = np.ptp(everything, axis=0)
    room.set_box_aspect(np.maximum(spans, 0.2 * spans.max() or 1.0), zoom=0.9)
    for name in "xyz":
        getattr(room, f"set_{name}label")(name)
        axis = getattr(room, f"{name}axis")
        axis.set_pane_color((1, 1, 1, 0))
        axis.set_major_locator(MaxNLocator(4, integer=bool((everything == everything.round()).all())))
    room.grid(False)
    room.legend(frameon=False, loc="upper left", markerscale=1.5)
    return room


def _positions(p: Population) -> np.ndarray:
    assert p.positions is not None
    return p.positions


def _ends(network: Network, placed: Sequence[Population], lines: int, seed: int) -> dict[Population, np.ndarray]:
    """Ends [lines, 2, 3] of synapses drawn at random, by presynaptic population."""
    inside = [c for c in network.projections if c.pre in placed and c.post in placed]
    counts = np.array([c.pattern.expected(c.pre.n, c.post.n) for c in inside])
    if not lines or not counts.sum() or counts.sum() > DRAWN:
        return {}
    random, found = np.random.default_rng(seed), dict[Population, list[np.ndarray]]()
    for c, wanted in zip(inside, random.multinomial(lines, counts / counts.sum()), strict=True):
        synapses = network.weights(c)
        chosen = random.choice(len(synapses.pre), min(int(wanted), len(synapses.pre)), replace=False)
        ends = _positions(c.pre)[synapses.pre[chosen]], _positions(c.post)[synapses.post[chosen]]
        found.setdefault(c.pre, []).append(np.stack(ends, 1))
    return {p: np.concatenate(ends) for p, ends in found.items()}
