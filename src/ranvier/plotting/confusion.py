"""Confusion matrices: recall, the pairs mistaken most often, and the picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ranvier.plotting import style

NUMBERED = 25  # classes up to which a cell is large enough to carry its count


class Confused(NamedTuple):
    """`samples` of class `true` were taken for class `taken`: `share` of that class."""

    true: int
    taken: int
    samples: int
    share: float


def recall(confusion: np.ndarray) -> np.ndarray:
    """Fraction of each class (rows, [C, C]) that was recognised, [C]; NaN for a class without test samples."""
    totals = confusion.sum(axis=1)
    return np.divide(np.diag(confusion), totals, out=np.full(len(totals), np.nan), where=totals > 0)


def precision(confusion: np.ndarray) -> np.ndarray:
    """Fraction of each decision (columns) that was right, [C]; NaN for a class never decided."""
    return recall(confusion.T)


def most_confused(confusion: np.ndarray, limit: int = 5) -> list[Confused]:
    """The off-diagonal cells with most samples, most first; empty if nothing was confused."""
    wrong = confusion - np.diag(np.diag(confusion))  # [C, C]
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [divmod(int(place), len(wrong)) for place in order]
    totals = confusion.sum(axis=1)
    return [Confused(i, j, int(wrong[i, j]), float(wrong[i, j] / totals[i])) for i, j in cells if wrong[i, j] > 0]


def confusion_matrix(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Counts with true classes as rows, shaded by the share of the row, and the recall of each class at the right."""
    size = len(classes)
    numbered = size <= NUMBERED
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)  # [C, C]
    # The square root lifts single mistakes out of the paper without drowning the diagonal.
    cells = np.empty((size, size, 4))
    cells[...] = (*to_rgb(style.WRONG), 1.0)
    cells[np.arange(size), np.arange(size), :3] = to_rgb(style.RIGHT)
    cells[..., 3] = 0.12 + 0.88 * np.sqrt(share)
    cells[confusion == 0] = (*to_rgb(style.NEUTRAL), 0.09)

    longest = max(len(style.shorten(name)) for name in classes)
    upright = longest * size > 110  # too long to stand side by side
    left, right, top = 0.35 + 0.075 * longest, 1.35, 0.3
    bottom = 0.35 + 0.075 * longest if upright else 0.45
    side = float(np.clip(0.42 * size, 2.4, style.WIDTH - left - right)) if numbered else 6.4
    height = side if not numbered else min(side, 0.36 * size + 0.6)
    width = left + side + right
    result = style.figure(height + top + bottom, width)
    box = (left / width, bottom / (height + top + bottom), side / width, height / (height + top + bottom))
    ax = style.tidy(result.add_axes(box))
    ax.pcolormesh(
        np.arange(size + 1) - 0.5,
        np.arange(size + 1) - 0.5,
        cells,
        rasterized=not numbered,
        edgecolors=style.LIGHT.paper if numbered else "none",
        linewidth=1.6 if numbered else 0,
    )
    ax.invert_yaxis()
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    every = 1 if numbered else int(np.ceil(size / 50))
    ticks = list(range(0, size, every))
    names = [style.shorten(classes[i]) for i in ticks]
    ax.set_xticks(ticks, names, rotation=90 if upright else 0, parse_math=False)
    ax.set_yticks(ticks, names, parse_math=False)
    if not numbered:
        ax.tick_params(labelsize=5.5)
    ax.set_xlabel("network decided")
    ax.set_ylabel("true class")
    _counts(ax, confusion, share, numbered)
    return result


def _counts(ax: Axes, confusion: np.ndarray, share: np.ndarray, numbered: bool) -> None:
    """Write counts into the cells and draw recall as bars in a strip beside the matrix."""
    size = len(confusion)
    if numbered:
        for i, j in np.argwhere(confusion).tolist():
            colour = "#ffffff" if share[i, j] > 0.3 else style.LIGHT.ink
            ax.text(
                j,
                i,
                str(confusion[i, j]),
                ha="center",
                va="center",
                color=colour,
                size=8 if size <= 14 else 6.5,
            )
    box = ax.get_position()
    figure = ax.get_figure(root=True)
    assert figure is not None
    inches = figure.get_figwidth()
    strip = style.tidy(figure.add_axes((box.x1 + 0.15 / inches, box.y0, 0.6 / inches, box.height), sharey=ax))
    values = recall(confusion)
    known = np.nan_to_num(values)
    strip.barh(np.arange(size), np.ones(size), height=0.24, color=style.LIGHT.grid)
    strip.barh(np.arange(size), known, height=0.24, color=style.RIGHT)
    strip.set_xlim(0, 1)
    strip.axis("off")
    strip.annotate(
        "recall",
        (0, 1),
        xytext=(0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        color=style.LIGHT.muted,
        size=8,
    )
    if numbered:
        for i, value in enumerate(values):
            text = "–" if np.isnan(value) else f"{100 * value:.0f} %"
            strip.annotate(
                text,
                (1, i),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=style.LIGHT.muted,
                size=7.5,
                annotation_clip=False,
            )
