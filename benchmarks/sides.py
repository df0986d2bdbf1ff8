"""Two sides of a comparison, each a process of its own interpreter, in turn; of each measurement the best round counts."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Times = dict[str, float]  # seconds by what took them


class Clock:
    """Time by the wall, or of the processor."""

    def __init__(self) -> None:
        self.by_the_wall = True

    def __call__(self) -> float:
        return time.perf_counter() if self.by_the_wall else time.process_time()


clock = Clock()


def median(work: Callable[[], Any], repeats: int = 3) -> float:
    """Seconds that `work` takes, after a first call that compiles."""
    work()
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return statistics.median(times)


def compare(script: str, about: str | None, peer: str, ours: Callable[[], Times], theirs: Callable[[], Times]) -> None:
    """Prints what `ours` measures in this interpreter beside what `theirs` does in one where `peer` is installed."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--peer", help=f"python of an environment with {peer}")
    parser.add_argument("--side", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processor", action="store_true", help="processor time, one thread")
    given = parser.parse_args()
    clock.by_the_wall = not given.processor
    if given.side:
        print(json.dumps(ours() if given.side == "ours" else theirs()))
        return
    if not given.peer:
        parser.error(f"give --peer, the python of an environment with {peer}")
    best: dict[str, Times] = {"ours": {}, "theirs": {}}
    for _ in range(given.rounds):
        for side, python in (("ours", sys.executable), ("theirs", given.peer)):
            command = [python, str(Path(script)), "--side", side]
            environment = dict(os.environ)
            if given.processor:
                command.append("--processor")
                environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            for name, seconds in json.loads(done.stdout.splitlines()[-1]).items():
                best[side][name] = min(seconds, best[side].get(name, seconds))
    print(f"{'':36}{'ours [s]':>10}{'theirs [s]':>12}{'ratio':>8}")
    for name, seconds in best["ours"].items():
        other = best["theirs"].get(name)
        beside = "" if other is None else f"{other:12.3g}{other / seconds:8.1f}"
        print(f"{name:36}{seconds:10.3g}{beside}")
