"""The look of every picture: palettes, axes without clutter, inline SVG that follows the page's light or dark theme.

Figures are drawn in the colours of `LIGHT`. `svg` then replaces exactly those colours by CSS variables, so one drawing
serves both themes in the report and is an ordinary light figure anywhere else. Colours of data are mid-tones, legible
on both papers, because dots and heat maps are embedded as pixels that no style sheet can recolour.
"""

import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Palette:
    """Colours of paper and ink; those of data are the same in every theme."""

    paper: str
    ink: str
    muted: str
    grid: str
    faint: str


LIGHT = Palette(paper="#fefefe", ink="#1b2027", muted="#65707d", grid="#e3e6ea", faint="#b3bac3")
DARK = Palette(paper="#171b21", ink="#e8ebef", muted="#97a2af", grid="#2c333c", faint="#525c68")

SERIES = ("#4f7fe6", "#149e87", "#a160d8", "#cc5a92", "#2d93bd", "#7c8f2e")  # one a layer, in order
WINNER = "#e0701f"  # what the network decided
RIGHT = "#4f7fe6"
WRONG = "#d9534f"
NEUTRAL = "#a3abb5"  # nothing to see

WIDTH = 9.2  # inches; the report shows an inch as 100 CSS pixels
DPI = 200  # two embedded pixels a CSS pixel, sharp on a dense display

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ranvier",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "path.simplify": True,
}


@contextmanager
def context() -> Iterator[None]:
    """Matplotlib's defaults and the few settings above, whatever the user's matplotlibrc says; restored on exit."""
    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        # The text stays text, set by the reader's browser: a glyph missing from matplotlib's font is not missing there.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def figure(height: float, width: float = WIDTH) -> Figure:
    """An empty transparent figure, width and height in inches."""
    result = Figure(figsize=(width, height))
    result.patch.set_alpha(0.0)
    return result


def tidy(ax: Axes, title: str = "", note: str = "", palette: Palette = LIGHT) -> Axes:
    """Two quiet spines, small muted ticks, a bold title at the left with a muted note behind it."""
    ax.set_facecolor("none")
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(palette.grid)
    ax.tick_params(colors=palette.muted, length=3, width=0.8)
    ax.tick_params(color=palette.grid)
    ax.xaxis.label.set_color(palette.muted)
    ax.yaxis.label.set_color(palette.muted)
    if title:
        heading = ax.annotate(
            title,
            (0, 1),
            xytext=(0, 6),
            xycoords="axes fraction",
            textcoords="offset points",
            color=palette.ink,
            weight="bold",
            size=8.5,
            parse_math=False,
        )
        if note:
            ax.annotate(
                note,
                (1, 0),
                xytext=(7, 0),
                xycoords=heading,
                textcoords="offset points",
                color=palette.muted,
                size=7.5,
                va="bottom",
                parse_math=False,
            )
    return ax


def colours(names: Iterable[str]) -> dict[str, str]:
    """One colour for each distinct name, in order of first appearance."""
    return {name: SERIES[i % len(SERIES)] for i, name in enumerate(dict.fromkeys(names))}


def shorten(text: object, limit: int = 16) -> str:
    """One line of at most `limit` characters, for a label in a figure."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def points(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points, the unit of line widths and markers."""
    root = ax.get_figure(root=True)
    assert root is not None
    box = ax.get_window_extent()
    return box.width * 72.0 / root.dpi, box.height * 72.0 / root.dpi


def hundredth(value: float, _position: int = 0) -> str:
    """A fraction as a bare percentage, for ticks."""
    return f"{100 * value:.4g}"


def fading(colour: str) -> LinearSegmentedColormap:
    """Colour map from transparent to `colour`, so that zero is the paper of either theme."""
    rgb = to_rgb(colour)
    return LinearSegmentedColormap.from_list(f"fading {colour}", [(*rgb, 0.0), (*rgb, 1.0)])


def diverging(negative: str = SERIES[0], positive: str = WINNER) -> LinearSegmentedColormap:
    """Colour map from `negative` through transparent at the middle to `positive`."""
    low, high = to_rgb(negative), to_rgb(positive)
    stops = [(0.0, (*low, 1.0)), (0.5, (*low, 0.0)), (0.5, (*high, 0.0)), (1.0, (*high, 1.0))]
    return LinearSegmentedColormap.from_list("diverging", stops)


def theme_css() -> str:
    """The custom properties of both themes, one for each colour of `Palette`, and the colours of data."""

    def block(palette: Palette) -> str:
        return "".join(f"--{name}:{value};" for name, value in asdict(palette).items())

    data = f"--accent:{WINNER};--blue:{RIGHT};--red:{WRONG};"
    return f":root{{{block(LIGHT)}{data}}}@media (prefers-color-scheme: dark){{:root{{{block(DARK)}}}}}"


def svg(drawing: Figure, name: str, description: str) -> str:
    """The figure as an `<svg>` element for an HTML page: text as text, theme colours as CSS variables.

    `name` must be unique in the page; it prefixes every identifier, which matplotlib shares between figures.
    """
    buffer = io.StringIO()
    drawing.savefig(buffer, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    head, body = text[text.index("<svg") :].split(">", 1)
    viewbox = re.search(r'viewBox="[^"]*"', head)
    assert viewbox is not None
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href=", "href=")
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = re.sub(r"\n\s*", "\n", body)
    for variable, value in asdict(LIGHT).items():
        body = body.replace(value, f"var(--{variable})")
    return f'<svg {viewbox[0]} role="img" aria-label="{escape(description)}">{body}'
