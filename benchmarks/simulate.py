"""Whole networks in Ranvier, Brian2, NEST and ANNarchy: seconds that a biological second takes.

    python benchmarks/simulate.py --brian PYTHON --nest PYTHON --annarchy PYTHON     # interpreters of their environments, see README.md

Rows: COBA, CUBA, HH-COBA, Brunel, a network with 8.1 million STDP synapses, and the cortical microcircuit at a tenth of its size (`--scale 1`:
full size, in Ranvier and NEST). `simulators/rows.py` holds all parameters; each simulator is one file in `simulators/`.

Every simulator has its own process; in each round the processes, and one that measures what the machine allows, are asked in shuffled order for one
stretch of the simulation. Compiling, building and running are timed apart, and all spikes are recorded by all. The mean rates must agree, or the
command fails: a network that has died is fast.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import Worker, WorkerError
from simulators import PEERS
from simulators.rows import ROWS, Row, find

SCRIPT = "simulate_worker.py"
OURS = "ranvier"
CURVE = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 30_000_000, 100_000_000, 300_000_000]
HUGE = 0.3  # scale of the microcircuit above which only simulators with compact synapses take part
TITLES = {
    "coba": "COBA, driven", "cuba": "CUBA", "hh_coba": "HH-COBA", "brunel": "Brunel, g = 5, eta = 2", "stdp": "CUBA with pair STDP",
    "microcircuit": "Cortical microcircuit",
}  # fmt: skip


class Report:
    """Lines that are shown as they come, and kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self.lines.append(line)


def measure(row: Row, name: str, peers: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """Facts and samples of each simulator, and of the limits; `missing` or `failed` with the reason for those that did not run."""
    found: dict[str, Any] = {}
    workers = {peer: Worker(peer, name, options, SCRIPT) for peer in [*peers, "limits"]}
    limits: list[dict[str, float]] = []
    try:
        for peer in list(workers):  # one after the other: their peaks of memory need not meet
            found[peer] = _ask(peer, "prepare", workers)
        for _ in range(options.rounds):
            for peer in random.sample(list(workers), len(workers)):
                sample = _ask(peer, "run", workers)
                if "failed" in sample:
                    found[peer] |= sample
                elif peer == "limits":
                    limits.append(sample)
                else:
                    for key, value in sample.items():
                        found[peer][key].append(value)
    finally:
        for worker in workers.values():
            worker.stop()
    found.pop("limits")
    return {"peers": found, "limits": limits}


def _ask(peer: str, request: str, workers: dict[str, Worker]) -> dict[str, Any]:
    """The answer; a worker that has nothing to offer or fails is stopped, and the others go on."""
    try:
        found = workers[peer].ask(request)
    except WorkerError as error:
        found = {"failed": str(error)}
        print(f"{peer} failed: {error}", file=sys.stderr, flush=True)
    if {"missing", "failed"} & set(found):
        workers.pop(peer).stop()
    return found


def rates_of(facts: dict[str, Any]) -> dict[str, float]:
    """Mean rate of each population over the rounds."""
    return {name: statistics.fmean(r[name] for r in facts["rates"]) for name in facts["rates"][0]}


def table(row: Row, found: dict[str, Any], report: Report) -> bool:
    """One row's table; False where rates differ."""
    report.say()
    report.say(
        f"{TITLES[row.name]}: {row.neurons:,} neurons, {row.synapses:,} synapses, steps of 0.1 ms; a biological second"
    )
    report.say(
        f"{'':17}{'compile s':>10}{'build s':>9}{'run s':>9}{'least':>9}{'processor s':>13}{'Ranvier is':>12}{'MiB':>8}{'B/synapse':>11}"
        f"{'CV':>6}  Hz"
    )
    ran = {peer: f for peer, f in found["peers"].items() if f.get("seconds")}
    means = {}
    for peer, f in ran.items():
        rates = rates_of(f)
        means[peer] = sum(rates[k] * n for k, n in row.sizes.items()) / row.neurons
    middle = statistics.median(means.values()) if means else 0.0
    agree = True
    for peer, f in found["peers"].items():
        if peer not in ran:
            report.say(f"{peer:17} {f.get('missing') or 'failed: ' + f.get('failed', 'no sample').splitlines()[-1]}")
            continue
        wall, least, used = statistics.median(f["seconds"]), min(f["seconds"]), statistics.median(f["processor"])
        ratio = "-"
        if OURS in ran and peer != OURS:
            ratio = (
                format(
                    statistics.median(a / b for a, b in zip(f["seconds"], ran[OURS]["seconds"], strict=False)), ".2f"
                )
                + "x"
            )
        bytes_each = format(f["mib"] * 2**20 / row.synapses, ".1f") if row.synapses > 1e6 else "-"
        cvs = [c for c in f["cv"] if c is not None]
        apart = abs(means[peer] - middle) > row.tolerance * middle
        agree = agree and not apart
        rates = " ".join(format(r, ".2f" if r < 10 else ".1f") for r in rates_of(f).values())
        report.say(
            f"{peer:17}{f['compile']:10.2f}{f['build']:9.2f}{wall:9.3f}{least:9.3f}{used:13.3f}{ratio:>12}{f['mib']:8.0f}{bytes_each:>11}"
            f"{statistics.fmean(cvs) if cvs else float('nan'):6.2f}  {rates}{' <- differs' if apart else ''}"
        )
    if found["limits"] and OURS in ran:
        limit(row, found, ran[OURS], report)
    return agree


def limit(row: Row, found: dict[str, Any], ours: dict[str, Any], report: Report) -> None:
    """What the machine allows, at Ranvier's rates, and how far it is."""
    ns = {key: statistics.median(sample[key] for sample in found["limits"]) for key in found["limits"][0]}
    rates = rates_of(ours)
    parts = shares(row, ns, rates)
    core = sum(parts.values())
    found["limit"] = {"ns": ns, "core_seconds": parts, "events": row.events(rates)}
    used, wall = statistics.median(ours["processor"]), statistics.median(ours["seconds"])
    report.say(
        f"Limit: {core:.3f} core-seconds ({', '.join(f'{name} {part:.3f}' for name, part in parts.items() if part)}); Ranvier takes {used / core:.1f} "
        f"times as many, and {wall / core:.2f} times as long as one core would."
    )
    kinds = ", ".join(f"{key} {value:.2f}" for key, value in ns.items() if value)
    report.say(
        f"ns: {kinds}; {row.events(rates):.3g} events a second, {wall / row.events(rates) * 1e9:.2f} ns of Ranvier's time each, all included."
    )


def shares(row: Row, ns: dict[str, float], rates: dict[str, float]) -> dict[str, float]:
    """Core-seconds a biological second, by what they are spent on."""
    steps = row.neurons * 1e4
    plastic = sum(rates[p.pre] * row.count(p) for p in row.projections if p.plastic)
    return {
        "neurons": 1e-9 * steps * ns["neuron"],
        "impulses": 1e-9 * steps * ns["poisson"],
        "events": 1e-9 * (row.events(rates) - plastic) * ns["event"],
        "learning": 1e-9 * plastic * ns["learning"],
    }


def curve(options: argparse.Namespace, report: Report) -> list[dict[str, Any]]:
    """Ranvier's cost of an event against the number of synapses."""
    report.say()
    report.say(
        "Cost of an event in Ranvier. same: one weight, one delay of 1.5 ms; each: normal weights, normal delays of 1.5 +- 0.75 ms."
    )
    report.say(
        f"{'synapses':>12}{'neurons':>9}{'of each':>9}   {'same: ns an event':>18}{'ns to build':>13}   {'each: ns an event':>18}{'ns to build':>13}"
    )
    points = []
    for synapses in CURVE:
        if synapses > options.most:
            continue
        worker = Worker("curve", str(synapses), options, SCRIPT)
        try:
            found = worker.ask("curve")
        except WorkerError as error:
            report.say(f"{synapses:12,} failed: {error}")
            continue
        finally:
            worker.stop()
        points.append(found)
        numbers = "   ".join(
            f"{found[kind]['ns_event']:18.2f}{found[kind]['ns_build']:13.1f}" for kind in ("same", "each")
        )
        report.say(f"{found['synapses']:12,}{found['neurons']:9,}{found['in_degree']:9,}   {numbers}")
    return points


def start(peers: list[str], options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """From nothing to the first spike of a CUBA network of 400 neurons; cold: nothing compiled yet."""
    report.say()
    report.say(
        "To the first spike of 400 neurons, s. process: with Python's start and NumPy's import; import: of the simulator."
    )
    report.say(
        f"{'':17}{'cold process':>14}{'import':>9}{'to spike':>10}   {'cached process':>15}{'import':>9}{'to spike':>10}"
    )
    found: dict[str, Any] = {}
    for peer in peers:
        if peer == "standalone":  # compiles each time; its compilation is in the tables
            continue
        with caches():
            times = []
            for _ in range(3):  # cold, and two with what the first has left
                begun = time.perf_counter()
                workers = {peer: Worker(peer, "cuba", options, SCRIPT)}
                answer = _ask(peer, "first", workers)
                answer["process"] = time.perf_counter() - begun
                for worker in workers.values():
                    worker.stop()
                times.append(answer)
        found[peer] = times
        if {"missing", "failed"} & set(times[0]):
            report.say(f"{peer:17} {times[0].get('missing') or 'failed'}")
            continue
        cold, cached = times[0], min(times[1:], key=lambda t: t["process"])
        numbers = [f"{t['process']:{w}.2f}{t['import']:9.2f}{t['first']:10.2f}" for t, w in ((cold, 14), (cached, 15))]
        report.say(f"{peer:17}{'   '.join(numbers)}")
    return found


class caches:
    """New folders for what Ranvier and Brian2 compile, while it lasts: each row's compilation is a first one."""

    NAMES = ("RANVIER_CACHE", "BRIAN_CACHE")

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in self.NAMES}
        self.folders = [tempfile.mkdtemp(prefix="simulate-benchmark-") for _ in self.NAMES]
        os.environ |= dict(zip(self.NAMES, self.folders, strict=True))

    def __exit__(self, *error: object) -> None:
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, what in (("brian", "brian2"), ("nest", "nest-simulator"), ("annarchy", "ANNarchy")):
        parser.add_argument(f"--{name}", metavar="PYTHON", help=f"interpreter of an environment with {what}")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--scale", type=float, default=0.1, help="of the microcircuit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=1800.0)
    parser.add_argument("--curve", action="store_true", help="cost of an event for 10^3 to 3 10^8 synapses")
    parser.add_argument("--most", type=int, default=CURVE[-1], help="synapses of the curve's last point")
    parser.add_argument("--start", action="store_true", help="time to the first spike, cold and cached")
    parser.add_argument("--results", type=Path, help="folder for simulate.txt and simulate.json")
    options = parser.parse_args()
    options.seconds = 0.0
    paths = {"brian": ("standalone", "cython"), "nest": ("nest",), "annarchy": ("annarchy",)}
    options.python = {
        peer: getattr(options, name) for name, peers in paths.items() for peer in peers if getattr(options, name)
    }
    report = Report()
    machine = f"{_processor()}, {os.cpu_count()} cores, {options.threads} threads; {options.rounds} rounds; {datetime.now(UTC):%Y-%m-%d}"
    report.say(machine)
    kept: dict[str, Any] = {"machine": machine, "command": sys.argv[1:], "rows": {}}
    right = []
    for name in options.rows:
        huge = name == "microcircuit" and options.scale > HUGE
        peers = [p for p in options.peers if not huge or p in (OURS, "nest")]
        text = f"{name}:{options.scale}" if name == "microcircuit" else name
        with caches():
            found = measure(find(text), text, peers, options)
        right.append(table(find(text), found, report))
        kept["rows"][text] = found
        _keep(options, report, kept)
    if options.start:
        kept["start"] = start(options.peers, options, report)
    if options.curve:
        kept["curve"] = curve(options, report)
    versions = {
        f"{peer} {f['version']}"
        for found in kept["rows"].values()
        for peer, f in found["peers"].items()
        if "version" in f
    }
    report.say()
    report.say(
        f"Python {platform.python_version()}; {', '.join(sorted(versions))}; busy at the end: {os.getloadavg()[0]:.1f} processes."
    )
    _keep(options, report, kept)
    if not all(right):
        sys.exit("The rates differ by more than the tolerance of the row.")


def _keep(options: argparse.Namespace, report: Report, kept: dict[str, Any]) -> None:
    """Writes what there is so far."""
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        (options.results / "simulate.txt").write_text("\n".join(report.lines) + "\n")
        (options.results / "simulate.json").write_text(json.dumps(kept, indent=1) + "\n")


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
