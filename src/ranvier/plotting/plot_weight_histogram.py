"""`ranvier.plot.weight_histogram`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from ranvier.plotting.axes import COLOURS, axes, legend_above


def weight_histogram(
    weights: Any,
    *,
    bins: int = 60,
    label: str = "weight",
    colours: Sequence[str] = COLOURS[1:],
    ax: Axes | None = None,
) -> Axes:
    """How weights are distributed: a step line for each set of them.

    Args:
        weights: an array or tensor; or name -> array, drawn over one another. `network.weights(projection).weight` gives those of a simulation.
        bins: of all sets alike.
        label: of the axis, where a unit may stand.
        colours: of the sets, used again from the first on where there are more.
        ax: axes to draw on; a new figure if None.

    Returns:
        The axes.

    Raises:
        ValueError: no weights, weights that are not finite, or `bins` below 1.

    Example:
        >>> import numpy as np, ranvier as rv
        >>> ax = rv.plot.weight_histogram(np.random.default_rng(0).normal(size=1000))
        >>> ax.get_ylabel()
        'synapses'
    """
    given = weights if isinstance(weights, Mapping) else {"": weights}
    sets = {name: _flat(values) for name, values in given.items()}
    everything = np.concatenate([*sets.values(), np.zeros(0)])
    if not everything.size:
        raise ValueError("weight_histogram: there are no weights. Give an array, or a dict of arrays by name.")
    if not np.isfinite(everything).all():
        raise ValueError(
            f"weight_histogram: NaN or inf in {np.count_nonzero(~np.isfinite(everything))} of {everything.size} weights. Look at the learning rule."
        )
    if bins < 1:
        raise ValueError(f"weight_histogram: bins must be at least 1, got {bins}. Write bins=60.")
    low, high = float(everything.min()), float(everything.max())
    margin = 0.02 * (high - low) or 0.5 * abs(high) or 1.0
    edges = np.linspace(low - margin, high + margin, bins + 1)
    with axes(ax, height=1.6) as ax:
        for k, (name, values) in enumerate(sets.items()):
            heights = np.histogram(values, edges)[0]
            ax.stairs(heights, edges, color=colours[k % len(colours)], linewidth=1.2, label=name or None)
        ax.set_ylim(0, None)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_xlabel(label)
        ax.set_ylabel("synapses")
        if len(sets) > 1:
            legend_above(ax)
    return ax


def _flat(values: Any) -> np.ndarray:
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    return np.asarray(array, float).ravel()
