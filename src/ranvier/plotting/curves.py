"""Training curves: loss, accuracy and firing rate by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ranvier.plotting import style


def column(history: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """`key` of every epoch as floats; NaN where it is missing or not finite."""
    values = np.array([row.get(key) if row.get(key) is not None else np.nan for row in history], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def line(ax: Axes, epochs: np.ndarray, values: np.ndarray, label: str, colour: str) -> None:
    """One curve; a curve of a few epochs shows its points too, so that a single epoch is visible."""
    if np.isfinite(values).any():
        marker = "o" if len(values) <= 15 else ""
        ax.plot(epochs, values, color=colour, linewidth=1.7, marker=marker, markersize=3.2, label=label)


def finish(ax: Axes, title: str) -> None:
    """Common dress of the panels: whole epochs, a light grid, a legend without a box."""
    style.tidy(ax, title)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.grid(axis="y", color=style.LIGHT.grid, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_xlabel("epoch")
    if ax.lines:
        legend = ax.legend(frameon=False, fontsize=7.5, labelcolor=style.LIGHT.ink, handlelength=1.4, borderaxespad=0.1)
        for text in legend.get_texts():
            text.set_parse_math(False)
    else:
        ax.text(0.5, 0.5, "not recorded", transform=ax.transAxes, ha="center", color=style.LIGHT.muted)


def curves(history: Sequence[Mapping[str, Any]], colours: Mapping[str, str], floor: float | None = None) -> Figure:
    """Three panels by epoch: loss, accuracy (with the linear floor), firing rate of each layer.

    history: rows with epoch, loss, accuracy, test_loss, test_accuracy and rates (layer -> fraction of steps); any may
    be missing or NaN, which leaves a gap. colours: layer -> colour.
    """
    train, test = style.LIGHT.muted, style.WINNER
    result = style.figure(2.75)
    axes = result.subplots(1, 3)
    result.subplots_adjust(left=0.06, right=0.99, bottom=0.17, top=0.87, wspace=0.24)
    epochs = column(history, "epoch")
    epochs = np.where(np.isnan(epochs), np.arange(len(epochs)), epochs)

    line(axes[0], epochs, column(history, "loss"), "train", train)
    line(axes[0], epochs, column(history, "test_loss"), "test", test)
    line(axes[1], epochs, column(history, "accuracy"), "train", train)
    line(axes[1], epochs, column(history, "test_accuracy"), "test", test)
    if floor is not None and np.isfinite(floor) and axes[1].lines:
        axes[1].axhline(floor, color=style.LIGHT.muted, linewidth=1, linestyle=(0, (4, 3)), label="linear floor")
    for name, colour in colours.items():
        line(axes[2], epochs, column([row.get("rates") or {} for row in history], name), style.shorten(name), colour)
    for ax, title in zip(axes, ("Loss", "Accuracy, %", "Firing rate, % of steps"), strict=True):
        finish(ax, title)
    for ax in axes[1:]:
        ax.yaxis.set_major_formatter(FuncFormatter(style.hundredth))
    return result
