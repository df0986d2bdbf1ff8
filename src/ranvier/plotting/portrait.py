"""The portrait of a neuron that `ranvier neuron --plot` writes: trace, f-I curve, phase plane."""

import io
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ranvier.files import write_atomic
from ranvier.instruments.fi_curve import FICurve
from ranvier.instruments.membrane import MembraneTrace
from ranvier.instruments.phase_plane import PhasePlane
from ranvier.plotting import style
from ranvier.plotting.plot_fi_curve import fi_curve
from ranvier.plotting.plot_phase_plane import phase_plane
from ranvier.plotting.plot_trace import trace

WIDTH = 7.2  # inches, two columns of a journal


def portrait(recording: MembraneTrace, curve: FICurve | None = None, plane: PhasePlane | None = None) -> Figure:
    """Membrane and input over time; below them, where given, the f-I curve and the phase plane."""
    with style.context():
        below = [draw for draw in (curve, plane) if draw is not None]
        figure = Figure(figsize=(WIDTH, 5.2 if below else 2.6), dpi=style.DPI, layout="constrained")
        rows = figure.add_gridspec(3 if below else 2, 1, height_ratios=[1.5, 0.6, 2.6][: 3 if below else 2])
        top = trace(recording, ax=figure.add_subplot(rows[0]))
        trace(recording, "input", ax=figure.add_subplot(rows[1], sharex=top))
        top.set_xlabel("")
        top.tick_params(labelbottom=False)
        columns = rows[2].subgridspec(1, len(below)) if below else None
        for k, drawn in enumerate(below):
            assert columns is not None
            ax = figure.add_subplot(columns[0, k])
            if isinstance(drawn, FICurve):
                fi_curve(drawn, ax=ax)
            else:
                phase_plane(drawn, ax=ax)
        figure.align_ylabels(figure.axes[:2])
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Writes a figure as PNG, PDF or SVG, by the ending of `path`."""
    buffer = io.BytesIO()
    kind = path.suffix.lower().lstrip(".") or "png"
    with style.context():
        if kind == "png":
            FigureCanvasAgg(figure)
        figure.savefig(buffer, format=kind, dpi=style.DPI)
    write_atomic(path, buffer.getvalue())
    return path
