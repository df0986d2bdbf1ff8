"""One sample followed through the network: the report's figure and the picture of the README."""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ranvier.files import write_atomic
from ranvier.plotting import style
from ranvier.plotting.facts import SampleTrace
from ranvier.plotting.raster import ROWS, heatmap, raster
from ranvier.plotting.traces import Emphasis, traces


class Panel(NamedTuple):
    """A row of the figure, `height` in inches; `draw` fills axes that have their final size."""

    title: str
    note: str
    height: float
    draw: Callable[[Axes], object]


def stack(panels: Sequence[Panel], palette: style.Palette, width: float, left: float, right: float) -> Figure:
    """Panels under one another on one time axis in ms; sizes in inches."""
    above, below, gap = 0.3, 0.42, 0.4
    height = above + sum(panel.height for panel in panels) + gap * (len(panels) - 1) + below
    result = style.figure(height, width)
    top = height - above
    shared: Axes | None = None
    for i, panel in enumerate(panels):
        bottom = top - panel.height
        box = (left / width, bottom / height, (width - left - right) / width, panel.height / height)
        ax = result.add_axes(box, sharex=shared)
        shared = shared or ax
        panel.draw(ax)
        style.tidy(ax, panel.title, panel.note, palette)
        ax.grid(axis="x", color=palette.grid, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(labelbottom=i == len(panels) - 1)
        top = bottom - gap
    if shared is not None:
        result.axes[-1].set_xlabel("time (ms)")
    return result


def flat(values: np.ndarray) -> np.ndarray:
    """[T, *N] as [T, N]."""
    return np.asarray(values).reshape(len(values), -1)


def raster_panel(
    name: str, spikes: np.ndarray, dt: float, colour: str, height: float | None = None, unit: str = "neuron"
) -> Panel:
    """The spikes [T, N] of one layer, its size and activity in the note."""
    spikes = flat(spikes) != 0
    neurons, count = spikes.shape[1], int(spikes.sum())
    total = f"{count:,}".replace(",", "\u202f")
    note = f"{neurons} {unit}{'s' * (neurons != 1)}, "
    note += f"{total} spike{'s' * (count != 1)}, {100 * spikes.mean():.3g} % of steps" if count else "silent"
    note += f"; {ROWS} of the {unit}s drawn" if count and neurons > ROWS else ""
    height = height or (float(np.clip(0.45 + 0.011 * neurons, 0.45, 1.75)) if count else 0.45)
    return Panel(name, note, height, lambda ax: raster(ax, spikes, dt, colour=colour))


def encoded_panel(trace: SampleTrace) -> Panel:
    """The input of the network: a raster if it is spikes, colours if it is currents, a line if it is one channel."""
    encoded = flat(trace.encoded)
    channels = encoded.shape[1]
    if np.isin(encoded, (0, 1)).all():
        return raster_panel("Encoded input: spikes", encoded, trace.dt, style.LIGHT.muted, unit="channel")
    if channels == 1:
        emphasis = {0: Emphasis("", style.WINNER, 1.3)}
        return Panel("Encoded input: current", "1 channel", 0.8, lambda ax: traces(ax, encoded, trace.dt, emphasis))
    signed = "orange positive, blue negative" if (encoded < 0).any() else "stronger is more orange"
    note = f"{channels} channels, {signed}"
    return Panel("Encoded input: current", note, 1.1, lambda ax: heatmap(ax, encoded, trace.dt))


def spectrogram_panel(trace: SampleTrace, height: float = 1.1) -> Panel | None:
    """The spectrogram over the time of the simulation; None if the sample has none."""
    if trace.picture is None or trace.picture_kind != "spectrogram":
        return None
    picture = flat(trace.picture)  # [frames, bands]
    frame = len(trace.probability) / len(picture) * trace.dt  # seconds, so that the frames span the T steps
    note = f"{len(picture)} frames of {picture.shape[1]} bands"
    return Panel("Spectrogram", note, height, lambda ax: heatmap(ax, picture, frame, colormap="magma"))


def emphasis_of(
    trace: SampleTrace, classes: Sequence[str], palette: style.Palette = style.LIGHT
) -> dict[int, Emphasis]:
    """Winner, runner-up and, after a mistake, the class that would have been right."""

    def name(n: int, otherwise: str) -> str:
        return style.shorten(classes[n] if n < len(classes) else otherwise, 12)

    winner, second = trace.winner(classes), trace.runner_up(classes)
    result = {winner: Emphasis(name(winner, trace.predicted), style.WINNER, 2.0)}
    if trace.label != trace.predicted and trace.label in classes:
        right = list(classes).index(trace.label)
        result[right] = Emphasis(name(right, ""), style.SERIES[1], 1.5)
    if second is not None and second not in result:
        result[second] = Emphasis(name(second, "runner-up"), palette.muted, 1.1)
    return result


def output_panels(trace: SampleTrace, classes: Sequence[str]) -> list[Panel]:
    """The output neurons and the decision over time, with the moment from which the winner leads."""
    emphasis = emphasis_of(trace, classes)
    settled = trace.settled(classes)

    def mark(ax: Axes) -> None:
        if settled:
            ax.axvline(settled * trace.dt * 1e3, color=style.LIGHT.muted, linewidth=0.9, linestyle=(0, (3, 3)))

    def draw_output(ax: Axes) -> None:
        traces(ax, trace.output, trace.dt, emphasis)
        mark(ax)

    def draw_probability(ax: Axes) -> None:
        ax.set_ylim(-0.03, 1.03)
        last = 100 * np.nan_to_num(trace.probability[-1])
        traces(
            ax,
            trace.probability,
            trace.dt,
            {n: line._replace(label=f"{line.label}  {last[n]:.0f} %") for n, line in emphasis.items()},
        )
        ax.set_yticks([0, 0.5, 1])
        mark(ax)

    when = "the winner leads from the first step" if settled == 0 else ""
    when = f"the winner leads from {settled * trace.dt * 1e3:.4g} ms on" if settled else when
    mistaken = "; green is the true class" if trace.label != trace.predicted else ""
    return [
        Panel("Output neurons", trace.output_kind + mistaken, 1.4, draw_output),
        Panel("Decision: class probability", when, 1.2, draw_probability),
    ]


def sample_figure(trace: SampleTrace, classes: Sequence[str], colours: Mapping[str, str]) -> Figure:
    """Spectrogram, encoded input, raster of each layer, output neurons and decision on one time axis.

    An image has no time axis: `image_figure` shows it by itself. colours: layer -> colour.
    """
    spectrogram = spectrogram_panel(trace)
    panels = [spectrogram] if spectrogram else []
    panels.append(encoded_panel(trace))
    panels += [
        raster_panel(style.shorten(name, 30), spikes, trace.dt, colours[name]) for name, spikes in trace.rasters.items()
    ]
    panels += output_panels(trace, classes)
    return stack(panels, style.LIGHT, style.WIDTH, left=0.4, right=1.1)


def image_figure(picture: np.ndarray) -> Figure:
    """An image [H, W] (grey) or [H, W, 3] as square pixels without axes."""
    height, width = picture.shape[:2]
    side = 1.6
    scale = side / max(height, width)
    result = style.figure(max(height * scale, 0.1), max(width * scale, 0.1))
    ax = result.add_axes((0, 0, 1, 1))
    ax.imshow(picture, cmap="gray", interpolation="nearest", aspect="auto", rasterized=True)
    ax.axis("off")
    return result


def hero(sample: SampleTrace, path_png: str | os.PathLike[str], classes: Sequence[str] = ()) -> None:
    """Write the picture of the README, 1600 pixels wide: hidden spikes above the membrane of the winning output.

    The runner-up is drawn thin. With `classes` both are named. The dark paper stands on a light page as on a dark one.
    Raises `RanvierError` if the file cannot be written.
    """
    palette = style.DARK
    emphasis = emphasis_of(sample, classes, palette)
    colours = style.colours(sample.rasters)
    sizes = {name: np.sqrt(flat(spikes).shape[1]) for name, spikes in sample.rasters.items()}
    heights = {name: max(0.35, 2.3 * size / sum(sizes.values())) for name, size in sizes.items()}
    with style.context():
        spectrogram = spectrogram_panel(sample, 0.6)
        panels = [spectrogram] if spectrogram else []
        panels += [
            raster_panel(style.shorten(name, 40), spikes, sample.dt, colours[name], heights[name])
            for name, spikes in sample.rasters.items()
        ]

        def draw(ax: Axes) -> None:
            traces(ax, sample.output, sample.dt, emphasis, background=palette.faint)

        panels.append(Panel("Output neurons", f"{sample.output_kind}; decided “{sample.predicted}”", 1.15, draw))
        drawing = stack(panels, palette, 8.0, left=0.45, right=0.85)
        drawing.patch.set_facecolor(palette.paper)
        drawing.patch.set_alpha(1.0)
        FigureCanvasAgg(drawing)
        content = io.BytesIO()
        drawing.savefig(content, format="png", dpi=200)
    write_atomic(path_png, content.getvalue())
