"""Seconds for the distances of all pairs of 100 trains of 1,000 spikes (10 Hz, Poisson), beside PySpike and Elephant.

    python benchmarks/distances.py --python peers/bin/python     # an environment with pyspike and elephant

The peers run in a process of their own; without `--python`, or where one is missing, their column stays empty. Times are the
best of `--rounds`, after an untimed call. A peer that would take minutes is timed on fewer trains and its time multiplied by
the ratio of pairs (marked ~).
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

TRAINS, SPIKES, STOP = 100, 1000, 100.0
FEW = 5  # trains of a slow peer
COSTS = (0.001, 1.0, 100.0)  # 1/s: all, 40 and less than one spike within reach
TAU = 0.1

Cases = dict[str, tuple[Callable[[list[np.ndarray]], object], int]]  # what to call with how many trains


def ours() -> Cases:
    from ranvier import analysis

    return {
        **{f"victor_purpura {q}": (lambda x, q=q: analysis.victor_purpura_matrix(x, cost=q), TRAINS) for q in COSTS},
        "van_rossum": (lambda x: analysis.van_rossum_matrix(x, tau=TAU), TRAINS),
        "isi_distance": (lambda x: analysis.isi_distance_matrix(x, stop=STOP), TRAINS),
        "spike_distance": (lambda x: analysis.spike_distance_matrix(x, stop=STOP), TRAINS),
        "spike_synchronization": (lambda x: analysis.spike_synchronization_matrix(x, stop=STOP), TRAINS),
    }


def peers() -> Cases:
    found: Cases = {}
    try:
        import neo
        import quantities as pq
        from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance

        def elephant(x: list[np.ndarray]) -> list[neo.SpikeTrain]:
            return [neo.SpikeTrain(train, units="s", t_stop=STOP) for train in x]

        for q in COSTS:
            found[f"victor_purpura {q}"] = (lambda x, q=q: victor_purpura_distance(elephant(x), q / pq.s), FEW)
        found["van_rossum"] = (lambda x: van_rossum_distance(elephant(x), TAU * pq.s), TRAINS)
    except ImportError:
        pass
    try:
        import pyspike

        def of_all(distances: Callable[..., object]) -> Callable[[list[np.ndarray]], object]:
            return lambda x: distances([pyspike.SpikeTrain(train, (0.0, STOP)) for train in x])

        found["isi_distance"] = (of_all(pyspike.isi_distance_matrix), TRAINS)
        found["spike_distance"] = (of_all(pyspike.spike_distance_matrix), TRAINS)
        found["spike_synchronization"] = (of_all(pyspike.spike_sync_matrix), TRAINS)
    except ImportError:
        pass
    return found


def measure(cases: Cases, rounds: int) -> dict[str, tuple[float, int]]:
    """Best seconds for all pairs of TRAINS trains, and how many trains were timed."""
    random = np.random.default_rng(0)
    trains = [np.sort(random.uniform(0, STOP, SPIKES)) for _ in range(TRAINS)]
    found = {}
    for name, (call, count) in cases.items():
        call(trains[:2])
        times = []
        for _ in range(rounds if count == TRAINS else 1):
            start = time.perf_counter()
            call(trains[:count])
            times.append(time.perf_counter() - start)
        found[name] = (min(times) * (TRAINS * (TRAINS - 1)) / (count * (count - 1)), count)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="interpreter of an environment with pyspike and elephant")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure(peers(), options.rounds)))
        return
    mine, others = measure(ours(), options.rounds), {}
    if options.python:
        command = [options.python, __file__, "--worker", "--rounds", str(options.rounds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(f"{options.python} failed.")
        others = json.loads(done.stdout.splitlines()[-1])
    print(f"{'seconds':24}{'ranvier':>10}{'peer':>12}{'ratio':>10}")
    for name, (seconds, _) in mine.items():
        line = f"{name:24}{seconds:10.3f}"
        if name in others:
            theirs, count = others[name]
            line += f"{'~' if count < TRAINS else ''}{theirs:.3f}".rjust(12) + f"{theirs / seconds:10.1f}"
        print(line)


if __name__ == "__main__":
    main()
