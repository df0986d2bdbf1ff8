"""Training speed side by side: plain PyTorch, snnTorch, SpikingJelly, Norse, Sinabs, Spyx, plain JAX and Ranvier on the same maths.

    python benchmarks/train.py --python spyx,spyx-hoist,jax=JAX_PYTHON --json times.json

Every peer and workload has its own process. In each round the processes are asked in shuffled order for one sample of the
forward pass and one of the training step, and the machine for what it allows, so that a machine which slows down slows all of them;
speeds are compared within a round, and the median over the rounds is reported. See README.md.
"""

import argparse
import json
import math
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from typing import Any

import memory
import scaling
from harness import Found, elsewhere, interleave, median, ran, ratio
from peers import PEERS
from workloads import DEFAULT, WORKLOADS, Workload, find

OURS = "ranvier"
PARTS = ("speed", "memory", "scaling")
TOLERANCE = 0.02  # sums in another order flip a few spikes near the threshold


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """`peers`: facts and samples of each; `limits`: one entry a round; `disagreements`: why it is no comparison."""
    workload = find(name)
    rounds = min(options.rounds, workload.rounds or options.rounds)
    found, limits = interleave({peer: (peer, name) for peer in options.peers}, workload.kinds, rounds, options)
    summarise(workload, found, limits)
    return {"title": workload.title, "peers": found, "limits": limits, "disagreements": disagreements(found)}


def summarise(workload: Workload, found: Found, limits: list[dict[str, Any]]) -> None:
    """Adds to each peer that ran, by kind: `median`, `minimum` [s], `speed` (how many times as fast as `best_peer`, the fastest but
    Ranvier), and `above_bound` (how many times the dense bound it takes)."""
    measured = ran(found)
    for facts in measured.values():
        samples = facts["seconds"]
        facts["median"] = {kind: median(samples[kind]) for kind in workload.kinds}
        facts["minimum"] = {kind: min(s for s in samples[kind] if s is not None) for kind in workload.kinds}
        facts["speed"], facts["best_peer"], facts["above_bound"] = {}, {}, {}
    for kind in workload.kinds:
        bound = [sample["seconds"][kind] for sample in limits]
        best = min((p for p in measured if p != OURS), key=lambda p: measured[p]["median"][kind], default=None)
        for facts in measured.values():
            own = facts["seconds"][kind]
            if best is not None:
                facts["speed"][kind], facts["best_peer"][kind] = ratio(measured[best]["seconds"][kind], own), best
            if len(bound) == len(own):
                facts["above_bound"][kind] = ratio(own, bound)


def disagreements(found: Found) -> list[str]:
    """Numbers that are not the same for all peers that compute the same."""
    lines = []
    for name in ("rate", "gradient"):
        values = {p: f[name] for p, f in ran(found).items() if name in f and not f["differs"][name]}
        overflown = [p for p, f in ran(found).items() if name in f and not math.isfinite(f[name])]
        if overflown:  # from then on all weights are, and nothing fires
            lines.append(f"{name} is not finite: {', '.join(overflown)}")
        if values and max(values.values()) - min(values.values()) > TOLERANCE * max(map(abs, values.values())):
            lines.append(f"{name} differs: " + ", ".join(f"{peer} {value:.6g}" for peer, value in values.items()))
    return lines


def table(name: str, result: dict[str, Any]) -> str:
    """A line a peer: median (minimum), speed against the fastest of the others, times the dense bound, and what was computed."""
    workload = find(name)
    scale, unit = (1e6 / workload.steps, "us a step") if workload.streamed else (1e3, "ms")
    lines = [f"{name}: {result['title']}", f"{'':14}"]
    lines[-1] += "".join(f"{f'{kind} {unit} (min)':>24}{'speed':>8}{'x bound':>9}" for kind in workload.kinds)
    lines[-1] += f"{'rate':>10}" + (f"{'gradient':>11}" if "training" in workload.kinds else "")
    for peer, facts in result["peers"].items():
        if "median" not in facts:
            lines.append(f"{peer:14}{'skipped' if 'missing' in facts else 'failed':>24}")
            continue
        line = f"{peer:14}"
        for kind in workload.kinds:
            line += f"{scale * facts['median'][kind]:15.1f} ({scale * facts['minimum'][kind]:6.1f})"
            line += _optional(facts["speed"].get(kind), "7.2f", 8, "x") + _optional(
                facts["above_bound"].get(kind), "9.2f", 9
            )
        rate, gradient = f"{facts['rate']:10.5f}", f"{facts['gradient']:11.4g}" if "gradient" in facts else ""
        lines.append(line + rate + gradient)
    if result["limits"]:
        lines += _limits(workload, result["limits"], scale)
    shares = [s for f in ran(result["peers"]).values() for kind in f["others"].values() for s in kind if s is not None]
    lines.append(f"Other processes used {100 * statistics.fmean(shares or [0.0]):.0f} % of the processor meanwhile.")
    return "\n".join(lines)


def _optional(value: float | None, form: str, width: int, mark: str = "") -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{form}}{mark}"


def _limits(workload: Workload, limits: list[dict[str, Any]], scale: float) -> list[str]:
    line = f"{'dense bound':14}"
    for kind in workload.kinds:
        times = [scale * sample["seconds"][kind] for sample in limits]
        line += f"{statistics.median(times):15.1f} ({min(times):6.1f})" + " " * 17
    names = [product["name"] for product in limits[0]["products"]]
    rates = dict(zip(names, zip(*(sample["gflops"] for sample in limits), strict=True), strict=True))  # a shape once
    products = ", ".join(f"{name} {statistics.median(found):.0f}" for name, found in rates.items())
    memory_rate, cache_rate = (statistics.median(sample[field] for sample in limits) for field in ("memory", "cache"))
    found = [line.rstrip()] + ([f"Products, Gflop/s: {products}."] if products else [])
    return [*found, f"Bandwidth, GB/s: memory {memory_rate:.0f}, 4 MiB in cache {cache_rate:.0f}."]


def machine() -> dict[str, Any]:
    """What the times depend on."""
    try:
        cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor()
    return {"cpu": cpu.split(":")[-1].strip(), "cores": cpu_count(), "system": platform.platform(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version()}  # fmt: skip


def _workload(text: str) -> str:
    try:
        find(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--workloads", nargs="+", type=_workload, default=list(DEFAULT), metavar="NAME[:steps=,batch=,density=]",
                        help=f"of the part speed; names: {', '.join(WORKLOADS)}; default: {' '.join(DEFAULT)}".replace("%", "%%"))  # fmt: skip
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.3, help="least length of a sample")
    parser.add_argument("--timeout", type=float, default=900, help="seconds to wait for an answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument("--python", type=elsewhere, action="append", default=[], metavar="PEER[,PEER]=PATH",
                        help="interpreter of peers that live in another environment")  # fmt: skip
    options = parser.parse_args()
    if options.rounds < 1 or options.threads < 1:
        parser.error(f"--rounds and --threads must be at least 1, got {options.rounds} and {options.threads}")
    options.python = {peer: path for given in options.python for peer, path in given.items()}
    return options


def main() -> int:
    options = arguments()
    started = time.monotonic()
    about = machine() | {"threads": options.threads, "rounds": options.rounds, "seconds": options.seconds}
    results: dict[str, Any] = {"machine": about, "workloads": {}}
    print(f"{about['cpu']}, {about['cores']} cores, {options.threads} threads; {options.rounds} rounds", flush=True)

    def keep(text: str) -> None:
        """Prints, and writes what there is: a long run that is stopped loses nothing."""
        print(f"\n{text}", flush=True)
        about["minutes"] = (time.monotonic() - started) / 60
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n")

    for name in dict.fromkeys(options.workloads if "speed" in options.parts else ()):
        results["workloads"][name] = measure(name, options)
        keep(table(name, results["workloads"][name]))
    for name in memory.WORKLOADS if "memory" in options.parts else ():
        found = results.setdefault("memory", {})[name] = memory.measure(name, options)
        keep(memory.table(name, found))
    if "scaling" in options.parts:
        results["scaling"] = scaling.measure(options)
        keep(scaling.table(results["scaling"]))
    found = [r["peers"] for r in results["workloads"].values()] + list(results.get("memory", {}).values())
    versions = {
        peer: f"{peer} {f['version']} ({f['framework']})" for r in found for peer, f in r.items() if "version" in f
    }
    print("\n" + ", ".join(versions.values()))
    wrong = [f"{name}: {line}" for name, r in results["workloads"].items() for line in r["disagreements"]]
    for line in wrong:
        print(f"Not the same maths, so no comparison: {line}", file=sys.stderr)
    failed = any("failed" in f for r in [*found, *results.get("scaling", {}).values()] for f in r.values())
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
