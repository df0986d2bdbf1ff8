"""10,000 neurons without synapses, 1 s of their time, in Ranvier, Brian2 and NumPy.

    python benchmarks/neurons.py --brian BRIAN_PYTHON     # an environment with brian2 2.9, numpy 1.26 and a C++ compiler

`izhikevich`: regular spiking, explicit Euler, dt 0.1 ms, constant currents of 4 to 20 mV/ms, another for each neuron.
`hodgkin-huxley`: the squid axon, exponential Euler, dt 0.05 ms, 0 to 20 uA/cm^2. Nothing is recorded but the number of spikes of each neuron.

Every simulator has its own process; in each round the processes are asked in shuffled order for one simulation from rest. Reported are
medians over the rounds of the seconds, of the processor seconds of all threads together (which other programs disturb less), and of the
speed beside Brian2's standalone program in the same type within the round. Building (equations, generated code) and compiling are timed
once, apart. Marked ~: a tenth of the time was simulated, and the seconds multiplied by ten.

The spikes must agree: per neuron, at most `TOLERANCE` of all neurons may differ from Ranvier in float64, by one spike.
"""

import argparse
import platform
import random
import statistics
import sys
from datetime import UTC, datetime
from os import cpu_count
from typing import Any

import numpy as np
from harness import Worker, WorkerError
from neurons_worker import DT, NEURONS

PEERS = (
    "ranvier-float32", "standalone-float32", "ranvier-float64", "standalone-float64", "cython-float64", "numpy-float64",
)  # fmt: skip
TOLERANCE = 0.02  # of the neurons: those that fire within a rounding error of a step's end, or of the simulation's
SCRIPT = "neurons_worker.py"


def measure(model: str, peers: list[str], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Facts and samples of each simulator that ran."""
    found: dict[str, dict[str, Any]] = {}
    workers = {peer: Worker(peer, model, options, SCRIPT) for peer in peers}
    try:
        for peer in peers:
            try:
                facts = workers[peer].ask("prepare")
            except WorkerError as error:
                sys.exit(f"{peer} failed: {error}")
            if "missing" in facts:
                print(f"{peer} is skipped: {facts['missing']}", flush=True)
                workers.pop(peer).stop()
                continue
            found[peer] = facts | {"seconds": [], "processor": []}
        for _ in range(options.rounds):
            for peer in random.sample(list(workers), len(workers)):
                for name, value in workers[peer].ask("run").items():
                    found[peer][name].append(value)
    finally:
        for worker in workers.values():
            worker.stop()
    return found


def differing(facts: dict[str, Any], reference: dict[str, Any]) -> tuple[float, int]:
    """Share of the neurons whose number of spikes is another than the reference's, and the largest difference."""
    expected = reference["counts" if facts["share"] == 1 else "short_counts"]
    apart = np.abs(np.array(facts["counts"]) - np.array(expected))
    return float((apart > 0).mean()), int(apart.max())


def table(model: str, found: dict[str, dict[str, Any]]) -> bool:
    """Prints one model's table; False where the spikes of a simulator are others."""
    print(f"\n{model}: {NEURONS} neurons, 1 s in steps of {DT[model] * 1e3:g} ms")
    print(
        f"{'':20}{'build s':>9}{'compile s':>11}{'run s':>9}{'processor s':>13}{'ns a step':>11}{'speed':>8}{'processor':>11}{'differ':>9}"
    )
    right, steps = True, NEURONS / DT[model]
    for peer, facts in found.items():
        wall, used = (statistics.median(facts[name]) for name in ("seconds", "processor"))
        other = found.get(f"standalone-{peer.split('-')[1]}")
        speed = ["-", "-"]
        if other is not None:
            speed = [
                f"{statistics.median(b / a for a, b in zip(facts[name], other[name], strict=True)):.2f}x"
                for name in ("seconds", "processor")
            ]
        share, most = differing(facts, found["ranvier-float64"])
        right = right and share <= TOLERANCE and most <= 1
        mark = "~" if facts["share"] < 1 else ""
        print(
            f"{peer:20}{facts['build']:9.2f}{facts['compile']:11.2f}{mark + format(wall, '.3f'):>9}{mark + format(used, '.3f'):>13}"
            f"{wall / steps * 1e9:11.2f}{speed[0]:>8}{speed[1]:>11}{100 * share:8.2f}%"
        )
    mean = np.mean(found["ranvier-float64"]["counts"])
    print(
        f"Mean rate {mean:.1f} Hz. Versions: {', '.join(sorted({p.split('-')[0] + ' ' + f['version'] for p, f in found.items()}))}."
    )
    return right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brian", help="interpreter of an environment with brian2")
    parser.add_argument("--models", nargs="+", choices=DT, default=list(DT))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=1800.0)
    options = parser.parse_args()
    options.seconds = 0.0
    options.python = {p: options.brian for p in PEERS if p.startswith(("standalone", "cython")) and options.brian}
    peers = list(dict.fromkeys([*options.peers, "ranvier-float64"]))
    print(
        f"{platform.processor() or platform.machine()}, {cpu_count()} cores, {options.threads} threads; {options.rounds} rounds; {datetime.now(UTC):%Y-%m-%d}"
    )
    right = [table(model, measure(model, peers, options)) for model in options.models]
    if not all(right):
        sys.exit("The numbers of spikes differ by more than the tolerance.")


if __name__ == "__main__":
    main()
