"""What `ranvier neuron` says of a model, and its table of models."""

import difflib
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from ranvier import neurons
from ranvier.cli.script import run_script
from ranvier.errors import RanvierError
from ranvier.instruments.fi_curve import FICurve, fi_curve
from ranvier.instruments.fixed_points import FixedPoint, fixed_points
from ranvier.instruments.membrane import MembraneTrace, membrane_trace
from ranvier.instruments.phase_plane import phase_plane
from ranvier.instruments.quantities import parse, show
from ranvier.instruments.rheobase import rheobase
from ranvier.instruments.running import input_dimension, takes_current
from ranvier.neurons.izhikevich_patterns import PATTERNS
from ranvier.neurons.neuron import Neuron
from ranvier.units import NAMED, ms, mV

TIME = 0.5  # seconds shown by default
TRIAL, STEPS = 1.0, 20_000  # seconds of a trial of the f-I curve, and its steps at most
ABOVE = 3.0  # times the rheobase: the current by default, at which nearly every model fires for ever
POINTS = 25  # of the f-I curve
TIMES = 8  # spike times that are printed
WIDE = 160  # columns of the table where it is not written to a terminal
FORMATS = (".png", ".pdf", ".svg")


def print_models(as_json: bool) -> None:
    """All built-in models: name, summary, states, source."""
    rows = [_row(kind) for kind in _models().values()]
    typer.echo(json.dumps(rows, indent=2)) if as_json else _print_table(rows)


def print_portrait(
    model: str,
    pattern: str | None,
    current: str | None,
    time: str | None,
    dt: str | None,
    settings: Sequence[str],
    plot: Path | None,
    as_json: bool,
) -> None:
    """What is to be said of a model; draws it into `plot`. Raises RanvierError for what was typed wrongly."""
    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise RanvierError(f"--plot {plot}: must end in {', '.join(FORMATS)}. Write --plot {plot.stem}.png.")
    made = _make(_find(model), pattern, dt, settings)
    seen = _look(made, _input(made, pattern, current, time), plot)
    typer.echo(json.dumps(seen.values(), indent=2)) if as_json else typer.echo(seen.text())


# ---- which model ------------------------------------------------------------------------------------------------------


def _models() -> dict[str, type[Neuron]]:
    """Every built-in model by name."""
    found = {name: getattr(neurons, name) for name in neurons.__all__}
    return {
        name: kind
        for name, kind in sorted(found.items(), key=lambda item: item[0].lower())
        if isinstance(kind, type) and issubclass(kind, Neuron) and kind is not Neuron
    }


def _find(text: str) -> type[Neuron]:
    """The class that a name or FILE.py:CLASS means."""
    file, _, name = text.rpartition(":") if re.search(r":\w*$", text) else (text, "", "")
    if file.endswith(".py"):
        return _of_file(Path(file), name)
    models = {name.lower(): kind for name, kind in _models().items()}
    if text.lower() in models:
        return models[text.lower()]
    raise RanvierError(
        f"no model {text!r}.{_near(text, list(_models()))} `ranvier neuron list` shows all; FILE.py:CLASS takes one of your own."
    )


def _of_file(file: Path, name: str) -> type[Neuron]:
    """The model `name` of a Python file; the only one there if no name is given."""
    module = run_script(file, "Give the path of a Python file, as in ./my_model.py:MyNeuron.")
    own = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Neuron) and value.__module__ == module.__name__
    }
    listed = f"It holds {', '.join(own)}." if own else "It holds no model: write class MyNeuron(rv.Neuron)."
    if not name and len(own) == 1:
        return next(iter(own.values()))
    if not name:
        raise RanvierError(f"{file}: which model? {listed} Write {file}:{next(iter(own), 'MyNeuron')}.")
    if name not in own:
        given = getattr(module, name, None)
        what = f"{name} is no Neuron." if given is not None else f"there is no class {name!r}.{_near(name, list(own))}"
        raise RanvierError(f"{file}: {what} {listed}")
    return own[name]


def _make(kind: type[Neuron], pattern: str | None, dt: str | None, settings: Sequence[str]) -> Neuron:
    """The neuron with its pattern and settings."""
    options: dict[str, Any] = dict(_setting(kind, text) for text in settings)
    if dt is not None:
        options["dt"] = _quantity("--dt", dt, NAMED["time"])
    make: Any = kind
    if pattern is not None:
        named = getattr(kind, "pattern", None)
        if named is None:
            raise RanvierError(f"--pattern {pattern}: {kind.__name__} has no patterns. Izhikevich has; or use --set.")
        make = partial(named, pattern)
    try:
        return make(**options)
    except (ValueError, TypeError) as error:
        raise RanvierError(str(error)) from error


def _setting(kind: type[Neuron], text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    name = name.strip()
    d = kind.declaration
    if not equals:
        raise RanvierError(f"--set {text}: expected NAME=VALUE, such as --set {next(iter(d.parameters), 'tau_mem')}=1.")
    if name not in d.parameters:
        raise RanvierError(
            f"--set {text}: {kind.__name__} has no parameter {name!r}.{_near(name, list(d.parameters))} It has: {', '.join(d.parameters)}."
        )
    return name, _quantity(f"--set {name}", value, d.dimensions[name])


def _quantity(where: str, text: str, dimension: Any) -> float:
    try:
        return parse(text, dimension)
    except RanvierError as error:
        raise RanvierError(f"{where}: {error}") from None


def _near(name: str, known: Iterable[str]) -> str:
    lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), lower, n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(lower[n] for n in near)}?" if near else ""


# ---- what it does -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drive:
    """Input of each step [T], as words, the value that is held in the equations, and the rheobase where it was needed."""

    current: np.ndarray
    words: str
    held: float
    rheobase: float


def _input(made: Neuron, pattern: str | None, current: str | None, time: str | None) -> Drive:
    dimension = input_dimension(made)
    each = "" if takes_current(made) else " a step"
    duration = None if time is None else _quantity("--time", time, NAMED["time"])
    if duration is not None and not duration >= made.dt:
        raise RanvierError(f"--time {time}: must last one step of {made.dt / ms:g} ms or more. Write --time 0.5.")
    measured = made.fires and not made.declaration.draws
    threshold = rheobase(made, duration=_trial(made)) if measured else math.nan
    shown = PATTERNS.get(pattern) if pattern is not None and current is None else None
    if shown is not None:
        steps = round((shown.duration if duration is None else duration) / made.dt)
        values = np.array([shown.input(round(k * made.dt / ms, 6)) for k in range(steps)]) * (mV / ms)
        return Drive(values, f"that of the pattern, {_between(values, dimension)}", float(values[0]), threshold)
    if current is not None:
        value = _quantity("--current", current, dimension)
        words = f"{show(value, dimension)}{each}, constant"
    else:
        value = ABOVE * threshold if math.isfinite(threshold) else 0.0 if measured else 1.0
        words = f"{show(value, dimension)}{each}, constant" + (
            f", {ABOVE:g} rheobases" if math.isfinite(threshold) else ""
        )
    steps = max(1, round((TIME if duration is None else duration) / made.dt))
    return Drive(np.full(steps, value), words, value, threshold)


def _trial(made: Neuron) -> float:
    """Seconds of a trial that stays quick with a small dt."""
    return min(TRIAL, STEPS * made.dt)


def _between(values: np.ndarray, dimension: Any) -> str:
    return f"{show(float(values.min()), dimension)} to {show(float(values.max()), dimension)}"


@dataclass(frozen=True)
class Seen:
    """Everything that is said of a neuron."""

    made: Neuron
    drive: Drive
    trace: MembraneTrace
    points: tuple[FixedPoint, ...] | None
    plot: Path | None

    def values(self) -> dict[str, Any]:
        """For JSON, in SI units; null for what there is not."""
        spikes = self.trace.spikes
        return {
            "model": type(self.made).__name__,
            "parameters": self.parameters,
            "dt": self.made.dt,
            "time": len(self.trace.current) * self.made.dt,
            "input": self.drive.words,
            "input_unit": str(self.trace.dimensions["input"]),
            "program": str(self.made.program),
            "spikes": len(spikes) if self.made.fires else None,
            "spike_times": [round(float(t), 9) for t in spikes],
            "rate": self.trace.rate if self.made.fires else None,
            "first_spike": float(spikes[0]) if len(spikes) else None,
            "rheobase": self.drive.rheobase if math.isfinite(self.drive.rheobase) else None,
            "final_state": {name: float(values[-1]) for name, values in self.trace.states.items()},
            "fixed_points": None
            if self.points is None
            else [
                {
                    "states": dict(p.states),
                    "kind": p.kind,
                    "eigenvalues": [[e.real, e.imag] for e in p.eigenvalues.tolist()],
                }
                for p in self.points
            ],
            "plot": None if self.plot is None else str(self.plot),
        }

    @property
    def parameters(self) -> dict[str, float]:
        """Every parameter in SI."""
        return {name: float(value) for name, value in self.made.parameter_values().items()}

    def text(self) -> str:
        """For a reader."""
        d, spikes = self.made.declaration, self.trace.spikes
        lines = [f"{type(self.made).__name__}: {_first_line(type(self.made))}", "", str(self.made.program), ""]
        told: list[tuple[str, str]] = [
            (name, show(value, d.dimensions[name])) for name, value in self.parameters.items()
        ]
        lines.append(f"{'parameters':<14}" + ", ".join(f"{name} = {value}" for name, value in told))
        duration = show(len(self.trace.current) * self.made.dt, NAMED["time"])
        lines.append(f"{'input':<14}{self.drive.words}; {duration} in steps of {show(self.made.dt, NAMED['time'])}")
        if self.made.fires:
            first = ", ".join(f"{t / ms:.4g}" for t in spikes[:TIMES])
            more = ", ..." if len(spikes) > TIMES else ""
            lines.append(f"{'spikes':<14}{len(spikes)}" + (f", at {first}{more} ms" if len(spikes) else ""))
            lines.append(f"{'rate':<14}{self.trace.rate:.4g} Hz")
            lines.append(f"{'first spike':<14}" + (show(float(spikes[0]), NAMED["time"]) if len(spikes) else "none"))
            lines.append(f"{'rheobase':<14}{self._rheobase()}")
        else:
            lines.append(f"{'spikes':<14}none: it is a readout")
        if self.points is not None:
            places = [f"{_state_text(d, p.states)}: {p.kind}" for p in self.points]
            none = "none below the threshold" if self.made.fires else "none that is isolated"
            lines.append(f"{'fixed points':<14}" + ("\n" + " " * 14).join(places or [none]))
        if self.plot is not None:
            lines.append(f"{'plot':<14}{self.plot}")
        return "\n".join(lines)

    def _rheobase(self) -> str:
        if self.made.declaration.draws:
            return "none: its spikes are drawn at random"
        if not math.isfinite(self.drive.rheobase):
            return "none: no constant input makes it fire"
        if self.drive.rheobase == 0:
            return "0: it fires without input"
        each = "" if takes_current(self.made) else " a step"
        value = show(self.drive.rheobase, self.trace.dimensions["input"])
        return f"{value}{each}, within {show(_trial(self.made), NAMED['time'])}"


def _look(made: Neuron, drive: Drive, plot: Path | None) -> Seen:
    duration = len(drive.current) * made.dt
    trace = membrane_trace(made, drive.current, duration=duration)
    has_current = takes_current(made)
    points = fixed_points(made, drive.held) if has_current else None
    if plot is not None:
        plane = None
        if has_current and len(made.declaration.states) == 2:
            plane = phase_plane(made, current=drive.held, duration=duration)
        drawn = import_module("ranvier.plotting.portrait")  # half a second of matplotlib, for those who asked for it
        drawn.save(drawn.portrait(trace, _curve(made, drive), plane), plot)
    return Seen(made, drive, trace, points, plot)


def _curve(made: Neuron, drive: Drive) -> FICurve | None:
    """Around the rheobase, or up to twice the input; None for what never fires."""
    known = math.isfinite(drive.rheobase)
    if not made.fires or not (known or made.declaration.draws):
        return None
    top = max(ABOVE * drive.rheobase if known else 0.0, float(drive.current.max()) * 1.2) or 1.0
    trial = _trial(made)
    return fi_curve(made, np.linspace(0.0, top, POINTS), duration=trial, settle=0.2 * trial)


def _state_text(declaration: Any, states: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {show(value, declaration.dimensions[name])}" for name, value in states.items())


# ---- the table --------------------------------------------------------------------------------------------------------


def _row(kind: type[Neuron]) -> dict[str, Any]:
    return {
        "name": kind.__name__,
        "summary": _first_line(kind),
        "states": list(kind.declaration.states),
        "source": _source(kind),
    }


def _first_line(kind: type[Neuron]) -> str:
    return (kind.__doc__ or "no description").strip().splitlines()[0]


def _source(kind: type[Neuron]) -> str:
    """The first reference of a docstring."""
    found = re.search(r"Source: (.*?)(?:\n\s*\n|\Z)", kind.__doc__ or "", re.DOTALL)
    return " ".join(found[1].split()).split(";")[0].rstrip(".") if found else ""


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    wide = None if sys.stdout.isatty() else WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title, share in (("model", None), ("what it is", 3), ("states", None), ("source", 4)):
        table.add_column(title, ratio=share, no_wrap=share is None)
    for row in rows:
        table.add_row(row["name"], row["summary"], ", ".join(row["states"]), row["source"])
    Console(file=sys.stdout, width=wide, highlight=False, markup=False).print(table)
