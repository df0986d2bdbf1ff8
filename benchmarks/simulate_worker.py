"""The process of one simulator and one network of `simulate.py`. It reads requests from its input, a line each, and answers in JSON.

    prepare     compiles, builds and runs the transient; tells seconds of each, bytes, and the number of synapses that it expects
    run         some biological seconds: seconds, processor seconds of all threads, rates
    first       from the import to the first spike of a small network: seconds
    curve       ranvier: a network of the size that the row names; see `simulators/curve.py`

Runs in the simulator's own environment and needs nothing there but the simulator and numpy. Started by `harness.py`.
"""

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from simulators import PEERS, Ran, Unsupported
from simulators.rows import DT, Row, find, small

SLOW = {  # biological seconds of a sample where those of the row would take too long
    ("nest", "coba"): 0.3, ("nest", "cuba"): 1.0, ("nest", "hh_coba"): 0.1, ("nest", "brunel"): 0.2, ("nest", "stdp"): 0.1,
    ("cython", "hh_coba"): 0.3, ("cython", "brunel"): 0.2, ("cython", "stdp"): 0.2,
    ("standalone", "brunel"): 0.3, ("standalone", "stdp"): 0.2, ("annarchy", "stdp"): 0.2, ("annarchy", "brunel"): 0.3,
}  # fmt: skip


class Worker:
    """Answers the requests."""

    def __init__(self, name: str, row: Row, threads: int) -> None:
        self.name, self.row, self.threads = name, row, threads
        self.seconds = SLOW.get((name, row.name), row.seconds)
        if row.scale > 0.5 and row.name == "microcircuit":
            self.seconds = row.seconds if name.startswith("ranvier") else 0.1
        self.simulation: Any = None

    def answer(self, request: str) -> dict[str, Any]:
        if self.name == "limits":
            limits = importlib.import_module("simulators.limits")
            return {"version": _version("numba")} if request == "prepare" else limits.sample(self.row)
        match request:
            case "prepare":
                return self.prepare()
            case "first":
                return self.first()
            case _:
                return self.run()

    def prepare(self) -> dict[str, Any]:
        """Everything before the first sample. Memory is counted from after the compilation, which has loaded all code."""
        self.simulation = PEERS[self.name].simulation(self.row, self.threads, self.seconds)
        compiling = _seconds(self.simulation.compile)
        idle = _resident("VmRSS")
        _reset_peak()
        building = _seconds(self.simulation.build)
        if hasattr(self.simulation, "compiling"):  # where building compiles
            building -= self.simulation.compiling
            compiling += self.simulation.compiling
        self.simulation.run(self.row.transient)
        memory = getattr(
            self.simulation, "memory", _resident("VmHWM") - idle
        )  # MiB; of a program of its own: all of it
        facts = {"version": _version(PEERS[self.name].package), "compile": compiling, "build": building, "mib": memory}
        return facts | {"seconds": [], "processor": [], "rates": [], "cv": []}

    def run(self) -> dict[str, Any]:
        """One sample; seconds and processor seconds are those of a biological second."""
        ran = self.simulation.run(self.seconds)
        rates, cv = self.statistics(ran)
        used = {"seconds": ran.wall / ran.biological, "processor": ran.processor / ran.biological}
        return used | {"rates": rates, "cv": cv}

    def statistics(self, ran: Ran) -> tuple[dict[str, float], float | None]:
        """Rate of each population [Hz], and the mean coefficient of variation of the intervals of neurons with more than four spikes."""
        times, neurons = ran.spikes
        last = ran.until - ran.since
        ends = np.cumsum([0, *self.row.sizes.values()])
        counts = np.histogram(neurons, ends)[0]
        rates = {name: float(c / (n * last)) for (name, n), c in zip(self.row.sizes.items(), counts, strict=True)}
        order = np.lexsort((times, neurons))
        trains = np.split(times[order], np.cumsum(np.bincount(neurons, minlength=self.row.neurons))[:-1])
        intervals = [np.diff(t) for t in trains if len(t) > 4]
        return rates, float(np.mean([i.std() / i.mean() for i in intervals])) if intervals else None

    def first(self) -> dict[str, Any]:
        """The import counts from before this simulator's package is named."""
        start = time.perf_counter()
        self.simulation = PEERS[self.name].simulation(small(self.row), self.threads, self.seconds)
        imported = time.perf_counter()
        self.simulation.build()
        ran = self.simulation.run(50 * DT * 1e-3)
        while not len(ran.spikes[0]):
            ran = self.simulation.run(50 * DT * 1e-3)
        end = time.perf_counter()
        return {"version": _version(PEERS[self.name].package), "import": imported - start, "first": end - start}


def _version(package: str) -> str:
    if package in sys.modules:  # what runs, where the package's list of installed versions is older
        return sys.modules[package].__version__
    return metadata.version(package)


def _seconds(call: Any) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _resident(field: str) -> float:
    """VmRSS (now) or VmHWM (peak) of this process in MiB; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


def _reset_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then the peak counts from the start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("row", help="NAME or NAME:SCALE")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="unused")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a simulator prints must not be taken for an answer
    os.environ["PATH"] = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the tools of this environment first
    )
    curve = options.peer == "curve"
    worker = None if curve else Worker(options.peer, find(options.row), options.threads)
    for line in sys.stdin:
        try:
            if worker is None:
                found = importlib.import_module("simulators.curve").measure(int(options.row), options.threads)
            else:
                found = worker.answer(line.strip())
        except ModuleNotFoundError as error:
            found = {"missing": f"{error}, see benchmarks/README.md"}
        except Unsupported as error:
            found = {"missing": str(error)}
        except Exception:
            found = {"error": traceback.format_exc().strip()}
        print(json.dumps(found), file=answers)


if __name__ == "__main__":
    main()
