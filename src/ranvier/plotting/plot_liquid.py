"""`ranvier.plot.liquid`."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from ranvier.plotting.axes import BLUE, PRINT, VERMILION, axes_in_space


def liquid(wiring: Any, *, most: int = 1500, ax: Axes | None = None) -> Axes:
    """A liquid in space: excitatory neurons vermilion, inhibitory ones blue, its strongest synapses as lines in the colour of their presynaptic neuron.

    Args:
        wiring: with positions [N, 3], inhibitory [N], and pre, post, weight [S], such as `model.wiring_`.
        most: lines that are drawn; those of the largest weights.
        ax: axes with `projection="3d"` to draw on; a new figure if None.

    Raises:
        ValueError: axes without three dimensions.

    Example:
        >>> import numpy as np
        >>> import ranvier as rv
        >>> model = rv.LiquidState((3, 2, 2), input_scale=3.0).fit(np.ones((20, 1)), np.arange(20.0))
        >>> rv.plot.liquid(model.wiring_).get_zlabel()
        'z'
    """
    space = axes_in_space(ax, "liquid")
    p, mute = np.asarray(wiring.positions, np.float64), np.asarray(wiring.inhibitory, bool)
    size = np.abs(wiring.weight)
    shown = np.argsort(-size, kind="stable")[:most]
    share = size[shown] / max(float(size.max(initial=0.0)), 1e-300)
    for inhibitory, colour in ((False, VERMILION), (True, BLUE)):
        mine = mute[wiring.pre[shown]] == inhibitory
        ends = np.stack([p[wiring.pre[shown][mine]], p[wiring.post[shown][mine]]], 1)
        if len(ends):
            space.add_collection3d(
                Line3DCollection(ends, colors=colour, linewidths=0.2 + share[mine], alpha=0.35, rasterized=True)
            )
        if (mute == inhibitory).any():
            name = "inhibitory" if inhibitory else "excitatory"
            space.scatter(
                *p[mute == inhibitory].T,
                s=9,
                color=colour,
                depthshade=False,
                label=name,
                edgecolors=PRINT.paper,
                linewidths=0.3,
            )
    spans = np.ptp(p, axis=0)
    space.set_box_aspect(np.maximum(spans, 0.2 * spans.max() or 1.0))
    for name in "xyz":
        getattr(space, f"set_{name}label")(name)
    space.legend(frameon=False, loc="upper left")
    return space
