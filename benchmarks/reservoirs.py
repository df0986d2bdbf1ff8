"""Echo state networks beside reservoirpy: states of one sequence and of a batch, and the ridge readout; same sizes, same links, same data.

    python -m venv peer && peer/bin/pip install reservoirpy==0.4.2
    python benchmarks/reservoirs.py --peer peer/bin/python

Both sides run in turn, three rounds, and the best round of each counts; both may use all cores (reservoirpy: its joblib workers over the
sequences of a batch). Times are medians of repeats inside a round, after a first call that compiles. `ratio`: theirs divided by ours.
On a machine that is busy with other work, --processor counts processor time instead, with one thread on either side.
"""

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

SIZES, STEPS, BATCH, BATCH_STEPS, LINKS = (400, 1000), 3000, 32, 500, 10


clock = time.perf_counter


def median(work: Callable[[], Any], repeats: int = 3) -> float:
    """Seconds."""
    work()
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return statistics.median(times)


def ours() -> dict[str, float]:
    import numpy as np

    from ranvier.reservoirs import EchoState, Ridge

    found = {}
    rng = np.random.default_rng(0)
    u, y = rng.uniform(-1, 1, (STEPS, 1)), rng.normal(size=(STEPS, 1))
    batch = [rng.uniform(-1, 1, (BATCH_STEPS, 1)) for _ in range(BATCH)]
    for size in SIZES:
        model = EchoState(size, readout=Ridge(1e-6)).fit(u[:10], y[:10])
        found[f"states, N = {size}"] = median(lambda m=model: m.states(u))
        found[f"batch of {BATCH}, N = {size}"] = median(lambda m=model: m.states(batch))
        states = model.states(u)
        found[f"ridge, N = {size}"] = median(lambda s=states: Ridge(1e-6).fit(s, y))
    return found


def theirs() -> dict[str, float]:
    import numpy as np
    from reservoirpy.nodes import Reservoir, Ridge

    found = {}
    rng = np.random.default_rng(0)
    u, y = rng.uniform(-1, 1, (STEPS, 1)), rng.normal(size=(STEPS, 1))
    batch = [rng.uniform(-1, 1, (BATCH_STEPS, 1)) for _ in range(BATCH)]
    for size in SIZES:
        model = Reservoir(size, sr=0.9, lr=1.0, rc_connectivity=LINKS / size, input_connectivity=1.0, seed=0)
        model.run(u[:10])
        found[f"states, N = {size}"] = median(lambda m=model: (m.reset(), m.run(u)))
        serial = median(lambda m=model: m.run(batch, workers=1), 1)
        if clock is time.perf_counter:  # workers are other processes, whose processor time is not seen here
            serial = min(serial, median(lambda m=model: m.run(batch, workers=-1), 1))
        found[f"batch of {BATCH}, N = {size}"] = serial
        model.reset()
        states = model.run(u)
        found[f"ridge, N = {size}"] = median(lambda s=states: Ridge(1e-6).fit(s, y))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="python of an environment with reservoirpy")
    parser.add_argument("--side", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processor", action="store_true", help="processor time, one thread")
    given = parser.parse_args()
    if given.processor:
        global clock
        clock = time.process_time
    if given.side:
        print(json.dumps(ours() if given.side == "ours" else theirs()))
        return
    if not given.peer:
        parser.error("give --peer, the python of an environment with reservoirpy")
    best: dict[str, dict[str, float]] = {"ours": {}, "theirs": {}}
    for _ in range(given.rounds):
        for side, python in (("ours", sys.executable), ("theirs", given.peer)):
            command = [python, str(Path(__file__)), "--side", side]
            environment = dict(os.environ)
            if given.processor:
                command.append("--processor")
                environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            for name, seconds in json.loads(done.stdout.splitlines()[-1]).items():
                best[side][name] = min(seconds, best[side].get(name, seconds))
    print(f"{'':28}{'ours [s]':>10}{'theirs [s]':>12}{'ratio':>8}")
    for name, seconds in best["ours"].items():
        print(f"{name:28}{seconds:10.4f}{best['theirs'][name]:12.4f}{best['theirs'][name] / seconds:8.1f}")


if __name__ == "__main__":
    main()
