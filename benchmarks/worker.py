"""The process of one peer on one workload. It reads requests from its input, a line each, and answers each with a JSON object.

    prepare             builds the case and calls it until it is warm; tells what it computed
    forward, training   one sample of it
    memory              peak of a training step above the same process at rest

Runs in the peer's own environment and needs nothing there but the peer and numpy. Started by `harness.py`.
"""

import argparse
import ctypes
import gc
import json
import math
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from peers import PEERS, Case, Peer, Unsupported
from workloads import Workload, find

SLOW = 1.5  # seconds; a longer call is not warmed up again, it brings its own cold caches in any case


class Worker:
    """Answers the requests."""

    def __init__(self, name: str, workload: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        self.workload: Workload = find(workload)
        self.case: Any = None
        self.lasted: dict[str, float] = {}  # seconds of the last call, by kind

    def answer(self, request: str) -> dict[str, Any]:
        match request:
            case "prepare":
                return self.prepare()
            case "memory":
                return self.memory()
            case _:
                return self.sample(request)

    def prepare(self) -> dict[str, Any]:
        """Builds and warms up; the rate is that of a run from rest, so it comes first."""
        if self.name == "limits":
            self.case = import_module("limits").Limits(self.workload)
            return {"version": _version("torch"), "products": self.case.facts()}
        peer, problem = PEERS[self.name], self.workload.problem()
        self.case = peer.case(problem)
        output, gradient = peer.differs(problem)
        facts = _facts(peer) | {"differs": {"rate": output, "gradient": gradient}, "rate": self.case.rate()}
        del problem
        if "training" in self.workload.kinds:
            facts["gradient"] = self.case.gradient()
        for kind in self.workload.kinds:
            for _ in range(2):
                self.lasted[kind] = _seconds(getattr(self.case, kind))
                if self.lasted[kind] > SLOW:
                    break
        return facts

    def sample(self, kind: str) -> dict[str, Any]:
        """Seconds a call, over calls that fill `seconds` after an untimed one (caches are cold after the others' turns).

        others: share of the processor that other processes had meanwhile.
        """
        if self.name == "limits":
            return self.case.sample()
        call = getattr(self.case, kind)
        if self.lasted[kind] <= SLOW:
            call()
        busy, own, start, calls = _busy(), time.process_time(), time.perf_counter(), 0
        while (spent := time.perf_counter() - start) < self.seconds:
            call()
            calls += 1
        others = max(0.0, _busy() - busy - (time.process_time() - own)) / (spent * (os.cpu_count() or 1))
        self.lasted[kind] = spent / calls
        return {"seconds": spent / calls, "others": others}

    def memory(self) -> dict[str, Any]:
        """MiB of the process at rest, model and data loaded, and what the peak of a training step lies above it.

        Code is loaded, and kernels are compiled, by a step over a few time steps before anything is counted.
        """
        peer = PEERS[self.name]
        few: Case | None = peer.case(replace(self.workload, steps=4).problem())
        for _ in range(2):
            few.training()
        few = None
        case = peer.case(self.workload.problem())
        gc.collect()
        _trim()
        idle, reset = _resident("VmRSS"), _reset_peak()
        for _ in range(2):  # Adam's moments are there from the second on
            case.training()
        return _facts(peer) | {"idle_mib": idle, "peak_mib": _resident("VmHWM") - idle, "peak_was_reset": reset}


def _facts(peer: Peer) -> dict[str, Any]:
    framework = next((f"{name} {_version(name)}" for name in ("torch", "jax") if name in sys.modules), "")
    return {"version": _version(peer.package), "framework": framework, "python": platform.python_version()}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # run from a source folder
        return getattr(import_module(package), "__version__", "unknown")


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _busy() -> float:
    """CPU seconds that all processes together have used, with those the hypervisor took; 0 where the system does not say."""
    try:
        ticks = [int(v) for v in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0.0
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK")  # less idle and waiting for a disk


def _resident(field: str) -> float:
    """VmRSS (now) or VmHWM (peak) of this process in MiB; not a number where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return math.nan
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), math.nan)


def _reset_peak() -> bool:
    """Sets VmHWM back to VmRSS; False where the system does not let us, so that the peak counts from the start."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _trim() -> None:
    """Gives freed memory back, so that what building left behind does not hide a part of the step's."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):  # not the GNU library
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("workload")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a peer prints must not be taken for an answer
    if hasattr(os, "sched_setaffinity"):  # the one limit that XLA's threads keep to
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    worker = Worker(options.peer, options.workload, options.seconds)
    for line in sys.stdin:
        try:
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
