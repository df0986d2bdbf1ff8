"""`ranvier simulate`."""

import difflib
import importlib.util
import inspect
import json
import platform
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np
import torch
import typer

from ranvier import __version__
from ranvier.cli.lines import warnings_as_lines
from ranvier.cli.script import run_script
from ranvier.energy import Estimate, estimate
from ranvier.equations.declaration import ModelError
from ranvier.errors import RanvierError
from ranvier.files import write_atomic
from ranvier.instruments.quantities import parse, show
from ranvier.interchange.event_files import save_events
from ranvier.plotting.simulation_report import SimulationFacts, variations, write_simulation_report
from ranvier.simulation import networks
from ranvier.simulation.network import Network
from ranvier.simulation.population import Population
from ranvier.simulation.run import Run
from ranvier.units import NAMED, Dimension

app = typer.Typer(add_completion=False)

NETWORKS: Mapping[str, Callable[..., networks.Built]] = {
    made.__name__: made
    for made in (
        networks.coba, networks.cuba, networks.hh_coba, networks.brunel, networks.microcircuit, networks.izhikevich, networks.synfire,
        networks.celegans,
    )
}  # fmt: skip
REPORT, RESULT, SPIKES = "report.html", "simulation.json", "spikes"
TABLES = ("npz", "csv", "parquet")


@app.command(
    epilog="Examples:\n\n"
    "ranvier simulate brunel --set g=6 --set eta=4 --duration 600ms\n\n"
    "ranvier simulate microcircuit --set scale=0.1\n\n"
    "ranvier simulate ./my_network.py --duration 10 --out results\n\n"
    "A file defines `net`, a ranvier.Network, or a function network() that returns one; it is run as any Python script. "
    "`ranvier simulate coba --set help` lists a network's parameters.",
)
def simulate(
    network: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.py", help=f"A standard network ({', '.join(NETWORKS)}), or a script of your own."
        ),
    ],
    duration: Annotated[str, typer.Option(help="Biological time, such as 1 or 500ms.")] = "1",
    seed: Annotated[int | None, typer.Option(help="Of wiring, starts and noise.", min=0)] = None,
    dt: Annotated[str | None, typer.Option(help="Time step, such as 0.1ms; the network's own by default.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the network, such as w_exc=6nS; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report, numbers and spikes; by default NAME-simulation.")
    ] = None,
    spikes: Annotated[
        str,
        typer.Option(
            help=f"Table of all spikes in the folder: {', '.join(TABLES)} (parquet needs the package pyarrow)."
        ),
    ] = TABLES[0],
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier simulation wrote there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Simulate a spiking network: rates, irregularity and speed, and a folder with a report. Ctrl-C keeps what ran."""
    if threads is not None:
        if threads < 1:
            raise RanvierError(f"--threads {threads}: must be at least 1.")
        torch.set_num_threads(threads)
    with warnings_as_lines():
        seconds = _quantity("--duration", duration, NAMED["time"])
        if not seconds > 0:
            raise RanvierError(f"--duration {duration}: must be above 0 s. Write --duration 1.")
        name = Path(network).stem if network.endswith(".py") else network
        make = _of_file(Path(network)) if network.endswith(".py") else _standard(network)
        if set_ == ["help"]:
            typer.echo(_parameters(make, name))
            return
        options = dict(_setting(make, text, name) for text in set_ or [])
        options |= _given(make, name, "seed", seed)
        options |= _given(make, name, "dt", None if dt is None else _quantity("--dt", dt, NAMED["time"]))
        folder = Path(f"{name}-simulation") if out is None else out
        table = _table(folder, spikes)
        _check_free(folder, force)
        began = time.perf_counter()
        net = _made(make, options, network)
        if not round(seconds / net.dt):
            raise RanvierError(
                f"--duration {duration}: shorter than half a step of dt={net.dt:g} s. Write --duration 100ms, or a smaller --dt."
            )
        run, ended = _run(net, seconds)
        timings = {"build": time.perf_counter() - began - run.wall, "run": run.wall}
        seen = variations(run)
        cost = estimate(net, run)
        values = _values(name, net, run, seconds, seen, timings) | {"energy": cost.as_dict()}
        save_events(run, table, force=True)  # `_check_free` has looked
        _write(folder, name, net, run, seconds, seen, values, cost)
    if ended:
        raise RanvierError(f"{ended} What ran before, {run.duration:g} s, is in {folder}.")
    typer.echo(json.dumps(values | {"folder": str(folder)}, indent=2) if as_json else _text(values, folder))


# ---- which network ----------------------------------------------------------------------------------------------------


def _standard(name: str) -> Callable[..., Any]:
    if name in NETWORKS:
        return NETWORKS[name]
    near = difflib.get_close_matches(name.lower(), NETWORKS, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise RanvierError(
        f"no network {name!r}.{meant} Known: {', '.join(NETWORKS)}; or give the path of a Python file, as in ./my_network.py."
    )


def _of_file(file: Path) -> Callable[..., Any]:
    """What makes the network of a script: its function `network`, or a function that returns its `net`."""
    module = run_script(file, "Give the path of a script that defines net or network().")
    found = getattr(module, "network", None)
    if callable(found):
        return found
    net = getattr(module, "net", None)
    if not isinstance(net, Network):
        raise RanvierError(
            f"{file}: defines neither net nor network(). Write net = rv.Network(), or a function network() that returns one."
        )
    return lambda: net


def _made(make: Callable[..., Any], options: Mapping[str, Any], where: str) -> Network:
    try:
        found = make(**options)
    except (ValueError, TypeError, ModelError) as error:
        named = str(error).startswith(f"{where}: ")  # a standard network's own error says which it is
        raise RanvierError(str(error) if named else f"{where}: {error}") from error
    net = found[0] if isinstance(found, tuple) and found else found
    if not isinstance(net, Network):
        raise RanvierError(f"{where}: network() must return a ranvier.Network, got {type(net).__name__}.")
    return net


def _given(make: Callable[..., Any], name: str, key: str, value: Any) -> dict[str, Any]:
    """An option of the command line, where the network takes it."""
    if value is None:
        return {}
    if key not in inspect.signature(make).parameters:
        raise RanvierError(f"--{key}: {name} takes none. Set it in the file, or write def network({key}=...).")
    return {key: value}


def _setting(make: Callable[..., Any], text: str, where: str) -> tuple[str, Any]:
    key, equals, value = (part.strip() for part in text.partition("="))
    known = {k: p for k, p in inspect.signature(make).parameters.items() if k not in ("seed", "dt", "dtype")}
    if not equals:
        raise RanvierError(f"--set {text}: expected NAME=VALUE, such as --set {next(iter(known), 'n')}=10.")
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise RanvierError(
            f"--set {text}: {where} has no parameter {key!r}.{meant} It has: {', '.join(known) or 'none'}."
        )
    hint, default = get_type_hints(make, include_extras=True).get(key), known[key].default
    kind = hint if hint in (int, bool, float, str) else type(default)
    if dimension := next((a for a in get_args(hint) if isinstance(a, Dimension)), None):
        return key, _quantity(f"--set {key}", value, dimension)
    try:
        if kind is bool:
            return key, {"true": True, "false": False}[value.lower()]
        return key, int(value) if kind is int else value if kind is str else float(value)
    except (ValueError, KeyError):
        wanted = {bool: "true or false", int: "a whole number"}.get(kind, "a number")
        raise RanvierError(f"--set {text}: {key} must be {wanted}. Write --set {key}={default}.") from None


def _quantity(where: str, text: str, dimension: Dimension) -> float:
    try:
        return parse(text, dimension)
    except RanvierError as error:
        raise RanvierError(f"{where}: {error}") from None


def _parameters(make: Callable[..., Any], name: str) -> str:
    hints = get_type_hints(make, include_extras=True)
    lines = [f"{name}: {(inspect.getdoc(make) or 'a script').splitlines()[0]}", ""]
    for key, p in inspect.signature(make).parameters.items():
        dimension = next((a for a in get_args(hints.get(key)) if isinstance(a, Dimension)), None)
        if key != "dtype":
            lines.append(f"  {key:<20}{show(p.default, dimension) if dimension else p.default}")
    return "\n".join(lines)


# ---- running and writing ----------------------------------------------------------------------------------------------


def _check_free(folder: Path, force: bool) -> None:
    names = (REPORT, RESULT, *(f"{SPIKES}.{kind}" for kind in TABLES))
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        raise RanvierError(
            f"{folder}: holds {', '.join(there)} of an earlier simulation. Give another folder with --out, or add --force."
        )


def _table(folder: Path, kind: str) -> Path:
    """Where the spikes go; refused before anything runs."""
    if kind not in TABLES:
        raise RanvierError(f"--spikes {kind}: expected {', '.join(TABLES)}. Write --spikes {TABLES[0]}.")
    if kind == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise RanvierError(
            "--spikes parquet needs the package pyarrow: pip install 'ranvier[parquet]'. Or write --spikes csv."
        )
    return folder / f"{SPIKES}.{kind}"


def _run(net: Network, seconds: float) -> tuple[Run, str]:
    """The run, and why it ended early, if an error ended it."""
    try:
        before = net.state()
        net.run(net.dt, spikes=False, progress=False)  # compiles, which is no part of the simulation
        return net.restore(before).run(seconds), ""
    except (ValueError, ModelError, FloatingPointError, MemoryError) as error:
        if isinstance(error, FloatingPointError) and net.latest is not None and net.latest.duration > net.dt:
            return net.latest, str(error)
        raise RanvierError(str(error)) from error


def _values(
    name: str,
    net: Network,
    run: Run,
    seconds: float,
    seen: Mapping[Population, np.ndarray],
    timings: Mapping[str, float],
) -> dict[str, Any]:
    """For JSON; null for what there is not."""
    populations = []
    for p in run.populations:
        cv = seen[p]
        populations.append(
            {
                "name": p.name,
                "neurons": p.n,
                "model": type(p.model).__name__,
                "rate": run.rate(p),
                "cv": float(cv.mean()) if len(cv) else None,
            }
        )
    return {
        "network": name,
        "seed": net.seed,
        "dt": net.dt,
        "asked": seconds,
        "duration": run.duration,
        "neurons": sum(p.n for p in run.populations),
        "synapses": round(sum(c.pattern.expected(c.pre.n, c.post.n) for c in net.projections)),
        "spikes": len(run.steps),
        "populations": populations,
        "real_time_factor": run.real_time_factor,
        "seconds": dict(timings),
        "threads": torch.get_num_threads(),
    }


def _write(
    folder: Path,
    name: str,
    net: Network,
    run: Run,
    seconds: float,
    seen: Mapping[Population, np.ndarray],
    values: Mapping[str, Any],
    cost: Estimate,
) -> None:
    write_atomic(folder / RESULT, json.dumps(values, indent=2) + "\n")
    began = time.perf_counter()
    facts = {
        "Neurons": f"{values['neurons']:,}",
        "Synapses": f"about {values['synapses']:,}",
        "Time step": show(net.dt, NAMED["time"]),
        "Seed": str(net.seed),
        "Precision": str(net.dtype),
        "Threads": str(values["threads"]),
    }
    timings = {"building and compiling": values["seconds"]["build"], f"{run.duration:g} s of biological time": run.wall}
    versions = {
        "ranvier": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    command = f"ranvier {shlex.join(sys.argv[1:])}"
    write_simulation_report(
        SimulationFacts(name, net, run, seconds, facts, timings, command, seen, versions, cost), folder / REPORT
    )
    values["seconds"]["report"] = time.perf_counter() - began


def _text(values: Mapping[str, Any], folder: Path) -> str:
    rows: Sequence[Mapping[str, Any]] = values["populations"]
    wide = max(len("population"), *(len(p["name"]) for p in rows)) + 2
    lines = [f"{'population':<{wide}}{'neurons':>9}  {'rate':>12}  {'CV':>5}"]
    for p in rows:
        cv = "-" if p["cv"] is None else f"{p['cv']:.2f}"
        lines.append(f"{p['name']:<{wide}}{p['neurons']:>9,}  {p['rate']:>9.4g} Hz  {cv:>5}")
    stopped = (
        "" if values["duration"] >= values["asked"] - values["dt"] / 2 else f" of {values['asked']:g} s, stopped early"
    )
    lines.append("")
    lines.append(
        f"{values['duration']:g} s{stopped}: {values['spikes']:,} spikes, about {values['synapses']:,} synapses; "
        f"{values['real_time_factor']:.3g} s a biological second ({values['seconds']['build']:.2g} s to build)"
    )
    passes = values["energy"]["float32"]["break_even_passes"]
    if None not in passes:  # a network without synapses has nothing to compare
        alone, read, everything = (f"{n:.3g}" for n in passes)
        lines.append(
            f"energy, estimated, nothing measured: as {alone} dense passes over the synapses in operations alone, {read} with weight reads, "
            f"{everything} with neurons, states and events"
        )
    lines.append(f"report: {folder / REPORT}")
    return "\n".join(lines)
