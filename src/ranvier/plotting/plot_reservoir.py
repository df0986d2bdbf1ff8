"""`ranvier.plot.states`, `eigenvalues`, `memory_curve`, `attractor`: what a reservoir does."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from ranvier.plotting import style
from ranvier.plotting.axes import BLUE, COLUMN, VERMILION, axes, next_colour


def states(values: Any, *, ax: Axes | None = None) -> Axes:
    """States of a reservoir as colours, units down and time across: blue below zero, vermilion above.

    Args:
        values: [T, N], such as `model.states(x)`. ax: axes to draw on; a new figure if None.

    Raises:
        ValueError: another number of axes, or none or infinite values.

    Example:
        >>> import numpy as np
        >>> import ranvier as rv
        >>> rv.plot.states(np.zeros((5, 3))).get_xlabel()
        'step'
    """
    found = _checked("states", values, 2, "[T, N]")
    top = float(np.abs(found).max()) or 1.0
    with axes(ax) as ax:
        image = ax.imshow(
            found.T, cmap=style.diverging(BLUE, VERMILION), norm=Normalize(-top, top), aspect="auto", rasterized=True,
            interpolation="nearest" if max(found.shape) <= 512 else "antialiased",
        )  # fmt: skip
        figure = ax.get_figure()
        assert figure is not None
        figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03, label="state")
        ax.set_xlabel("step")
        ax.set_ylabel("unit")
    return ax


def eigenvalues(values: Any, *, ax: Axes | None = None) -> Axes:
    """Eigenvalues of a recurrent matrix in the complex plane, with the unit circle.

    Args:
        values: complex [N], such as `reservoirs.eigenvalues(matrix)`. ax: axes to draw on; a new figure if None.

    Raises:
        ValueError: another number of axes, or none or infinite values.
    """
    found = _checked("eigenvalues", values, 1, "[N]")
    turn = np.linspace(0, 2 * np.pi, 200)
    with axes(ax, COLUMN * 0.8, COLUMN * 0.8) as ax:
        ax.plot(np.cos(turn), np.sin(turn), color="#b8bdc4", linewidth=0.8)
        ax.plot(found.real, found.imag, ".", color=BLUE, markersize=3, gid="series")
        ax.set_aspect("equal")
        ax.set_xlabel("real part")
        ax.set_ylabel("imaginary part")
    return ax


def memory_curve(values: Any, *, label: str | None = None, ax: Axes | None = None) -> Axes:
    """How much of the input of k steps before is in the states; the area is the memory capacity.

    Args:
        values: [delays], place k for delay k, such as `reservoirs.tasks.memory_curve(model, delays=60)`. label: for a legend.
        ax: axes to draw on; a new figure if None.

    Raises:
        ValueError: another number of axes, or none or infinite values.
    """
    found = _checked("memory_curve", values, 1, "[delays]")
    with axes(ax) as ax:
        colour = next_colour(ax, 1)
        ax.plot(found, color=colour, linewidth=1.2, label=label, gid="series")
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("delay [steps]")
        ax.set_ylabel("squared correlation")
    return ax


def attractor(
    true: Any, run: Any, *, variables: tuple[int, int] = (0, 1), delay: int | None = None, ax: Axes | None = None
) -> Axes:
    """A free run beside the true series, as curves in the plane.

    Args:
        true, run: [T, variables], or [T] where the plane is the value and the one `delay` steps before. variables: which two are drawn.
        ax: axes to draw on; a new figure if None.

    Raises:
        ValueError: another number of axes, none or infinite values, or a flat series without a delay.
    """
    with axes(ax, COLUMN * 0.9, COLUMN * 0.9) as ax:
        for values, name, colour in ((true, "true", "#b8bdc4"), (run, "free run", VERMILION)):
            found = np.asarray(values, np.float64)
            if found.ndim == 1:
                if delay is None:
                    raise ValueError("attractor: a flat series needs a delay. Use for example delay=17.")
                pair = np.stack([found[delay:], found[: len(found) - delay]], 1)
            else:
                pair = found[:, list(variables)]
            shown = _checked("attractor", pair, 2, "[T, variables]")
            ax.plot(shown[:, 0], shown[:, 1], color=colour, linewidth=0.7, label=name, gid="series")
        flat = delay is not None
        ax.set_xlabel("y(t)" if flat else f"variable {variables[0]}")
        ax.set_ylabel(f"y(t - {delay})" if flat else f"variable {variables[1]}")
        ax.legend(frameon=False)
    return ax


def _checked(where: str, values: Any, rank: int, shape: str) -> Any:
    found = np.asarray(values)
    if found.ndim != rank or not found.size:
        raise ValueError(f"{where}: must have shape {shape}, got {found.shape}.")
    if not np.isfinite(found).all():
        raise ValueError(
            f"{where}: NaN or inf in {np.count_nonzero(~np.isfinite(found))} of {found.size} values. Does the run diverge?"
        )
    return found
