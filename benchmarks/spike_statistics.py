"""Does a network fire as it does in NEST: distributions over neurons of rate, irregularity and correlation, population by population.

    python benchmarks/spike_statistics.py --nest PYTHON --row microcircuit:0.1 --seeds 1 2 3 --duration 10

Each seed draws wiring, starts and noise anew, so single spikes cannot agree. Compared are the distributions of the rate, of the coefficient of
variation of the intervals (neurons with four spikes or more), and of the correlation of the spike counts in bins of 2 ms (pairs of 200 neurons that
fired), by the distance of Kolmogorov and Smirnov: the largest difference of two distribution functions. Beside the mean over all pairs of a run here
and one of NEST stands the mean over pairs of runs of NEST with different seeds: what chance alone makes of it. 0.5 s are left out first.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TRANSIENT, BIN, PAIRED, LEAST = 0.5, 2e-3, 200, 4
MEASURES = ("rate", "CV", "correlation")
Spikes = tuple[np.ndarray, np.ndarray]


def simulate(simulator: str, name: str, seed: int, duration: float, out: str) -> None:
    """One run in this interpreter; times [s] and neurons to a file."""
    from simulators.rows import find

    row = find(name)
    if simulator == "nest":
        from simulators import nest

        nest.SEED = seed
        peer = nest.Nest(row, 1)
        peer.build()
        peer.run(TRANSIENT)
        times, neurons = peer.run(duration).spikes
    else:
        import torch
        from simulators import ranvier

        net = ranvier.network(row, torch.float32, seed).net
        net.run(TRANSIENT, spikes=False)
        times, neurons = net.run(duration).spikes()
    np.savez(out, times=times, neurons=neurons)


def measures(spikes: Spikes, first: int, n: int, duration: float) -> tuple[np.ndarray, ...]:
    """The three samples of one population."""
    times, neurons = spikes
    mine = (neurons >= first) & (neurons < first + n)
    times, neurons = times[mine], neurons[mine] - first
    counts = np.bincount(neurons, minlength=n)
    order = np.lexsort((times, neurons))
    trains = np.split(times[order], np.cumsum(counts)[:-1])
    intervals = [np.diff(t) for t in trains if len(t) >= LEAST]
    chosen = np.random.default_rng(0).permutation(np.flatnonzero(counts))[:PAIRED]
    edges = TRANSIENT + np.arange(0, duration + BIN / 2, BIN)
    binned = np.array([np.histogram(trains[j], edges)[0] for j in chosen])
    varies = binned.std(1) > 0
    pairs = np.corrcoef(binned[varies])[np.triu_indices(int(varies.sum()), 1)]
    return counts / duration, np.array([i.std() / i.mean() for i in intervals]), pairs


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of the two samples' distribution functions."""
    both = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(x), both, "right") / len(x) for x in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nest", default=sys.executable, help="interpreter of an environment with NEST")
    parser.add_argument("--row", default="microcircuit:0.1", help="NAME or NAME:SCALE of simulators/rows.py")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--duration", type=float, default=10.0, help="seconds of each run")
    parser.add_argument(
        "--run", nargs=3, metavar=("SIMULATOR", "SEED", "FILE"), help="only one run, its spikes to a file"
    )
    options = parser.parse_args()
    if options.run:
        simulator, seed, out = options.run
        return simulate(simulator, options.row, int(seed), options.duration, out)
    from simulators.rows import find

    row = find(options.row)
    found: dict[str, list[Spikes]] = {"ranvier": [], "nest": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed, (simulator, python) in itertools.product(
            options.seeds, (("ranvier", sys.executable), ("nest", options.nest))
        ):
            out = Path(folder) / "spikes.npz"
            command = [python, __file__, "--row", options.row, "--duration", str(options.duration)]
            subprocess.run(
                [*command, "--run", simulator, str(seed), str(out)],
                check=True,
                stdout=subprocess.DEVNULL,
                env=os.environ,
            )
            with np.load(out) as saved:
                found[simulator].append((saved["times"], saved["neurons"]))
            print(f"{simulator} seed {seed}: {len(found[simulator][-1][0]):,} spikes", file=sys.stderr, flush=True)
    print(
        f"{options.row}, {options.duration:g} s, seeds {options.seeds}: Kolmogorov-Smirnov distance to NEST (of NEST to NEST)"
    )
    print(f"{'':8s}" + "".join(f"{m:>20s}" for m in MEASURES))
    for name, n in row.sizes.items():
        ours, theirs = (
            [measures(s, row.first(name), n, options.duration) for s in found[simulator]]
            for simulator in ("ranvier", "nest")
        )
        line = f"{name:8s}"
        for k in range(len(MEASURES)):
            between = [distance(a[k], b[k]) for a, b in itertools.product(ours, theirs)]
            within = [distance(a[k], b[k]) for a, b in itertools.combinations(theirs, 2)]
            line += f"{np.mean(between):12.3f} ({np.mean(within):.3f})"
        print(line)


if __name__ == "__main__":
    main()
