"""What the public plots share: axes of their own or the caller's, ink for paper, colours that colour-blind readers can tell apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes

from ranvier.plotting import style

PRINT = style.Palette(paper="#ffffff", ink="#111111", muted="#222222", grid="#444444", faint="#b8bdc4")
# Black, blue, vermilion, bluish green, reddish purple, orange, sky blue. Source: Okabe and Ito, "Color universal design" (2008).
COLOURS = ("#111111", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
BLUE, VERMILION = COLOURS[1], COLOURS[2]
SPINE = 0.7  # points
COLUMN = 3.5  # inches, the width of a column of a journal


@contextmanager
def axes(ax: Axes | None, width: float = COLUMN, height: float = 2.3) -> Iterator[Axes]:
    """The caller's axes as they are, or new ones in a pyplot figure of this size [inches], which notebooks and `pyplot.show()` display."""
    if ax is not None:
        yield tidy(ax)
        return
    with style.context():
        figure = pyplot.figure(figsize=(width, height), dpi=style.DPI, layout="constrained")
        yield tidy(figure.add_subplot())


def tidy(ax: Axes) -> Axes:
    """Two thin spines and short ticks in dark ink."""
    style.tidy(ax, palette=PRINT)
    for spine in ax.spines.values():
        spine.set_linewidth(SPINE)
    ax.tick_params(width=SPINE, length=2.5)
    return ax


def legend_above(ax: Axes) -> None:
    """A legend in one line above the axes, where it covers no data; none where nothing has a label."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(
            frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handlelength=1.6, columnspacing=1.2,
            borderaxespad=0.2, fontsize=ax.yaxis.label.get_fontsize(),
        )  # fmt: skip


def next_colour(ax: Axes, first: int = 0) -> str:
    """The next colour for another curve of its kind in these axes."""
    return COLOURS[(first + len([line for line in ax.lines if line.get_gid() == "series"])) % len(COLOURS)]


def axes_in_space(ax: Axes | None, where: str) -> Any:
    """The given axes of three dimensions, or new ones."""
    if ax is None:
        with style.context():
            return pyplot.figure(figsize=(COLUMN, COLUMN), dpi=style.DPI).add_subplot(projection="3d")
    if not hasattr(ax, "set_zlabel"):
        raise ValueError(
            f'{where}: ax must have three dimensions. Use figure.add_subplot(projection="3d"), or leave it out.'
        )
    return ax
