"""Vogels and Abbott's balanced networks (Brette et al. 2007, benchmarks 1 and 2) beside Brian2, on the same wiring and starts.

    python examples/papers/vogels_abbott.py                              # ours alone
    python examples/papers/vogels_abbott.py --brian2 PYTHON              # PYTHON: of an environment that has Brian2
    python examples/papers/vogels_abbott.py --brian2 PYTHON --reference tests/references/vogels_abbott.npz
    python examples/papers/vogels_abbott.py --hh --seeds 4               # benchmark 3, neurons of Hodgkin and Huxley's kind, ours alone

Measured results are in vogels_abbott.md. `--seeds 1 --duration 0.1` is a quick try.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ranvier as rv
from ranvier.simulation import networks

BRIAN2 = Path(__file__).resolve().parents[2] / "tests" / "references" / "vogels_abbott_brian2.py"
BEGIN = 0.2  # seconds that are left out of rates and CV
SAME = 500  # steps in which every spike should be the same


def built(kind: str, seed: int, dtype: torch.dtype = torch.float64) -> networks.Built:
    """A network whose potentials start at numbers that another simulator can be given."""
    made = {"coba": networks.coba, "cuba": networks.cuba}[kind](seed=seed, dtype=dtype)
    rng = np.random.default_rng(seed)
    for population in made.populations:
        population.initialize(v=rng.uniform(-60e-3, -50e-3, population.n))
    return made


def export(made: networks.Built, kind: str, duration: float, path: Path) -> None:
    """Writes wiring and starts."""
    net, (e, i) = made
    pairs: dict[str, list[np.ndarray]] = {"exc_pre": [], "exc_post": [], "inh_pre": [], "inh_post": []}
    for projection in net.projections:
        found = net.weights(projection)
        sign = "exc" if projection.pre is e else "inh"
        pairs[f"{sign}_pre"].append(found.pre + (0 if projection.pre is e else e.n))
        pairs[f"{sign}_post"].append(found.post + (0 if projection.post is e else e.n))
    v = np.concatenate([np.asarray(p.starts["v"]) for p in (e, i)])
    wiring: dict[str, Any] = {k: np.concatenate(x) for k, x in pairs.items()}
    np.savez(path, kind=kind, duration=duration, v=v, **wiring)


def cv(steps: np.ndarray, neurons: np.ndarray) -> float:
    """Mean coefficient of variation of intervals, of neurons of more than four spikes."""
    order = np.lexsort((steps, neurons))
    trains = np.split(steps[order], np.flatnonzero(np.diff(neurons[order])) + 1)
    intervals = [np.diff(train) for train in trains if len(train) > 4]
    return float(np.mean([x.std() / x.mean() for x in intervals])) if intervals else float("nan")


def measured(steps: np.ndarray, neurons: np.ndarray, duration: float) -> tuple[float, float]:
    """Rate [Hz] of a neuron and CV, after BEGIN."""
    late = steps >= BEGIN / 1e-4
    return late.sum() / (4000 * (duration - BEGIN)), cv(steps[late], neurons[late])


def same(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> int:
    """The first step in which two simulations differ."""
    one, other = (set(zip(s.tolist(), n.tolist(), strict=True)) for s, n in (a, b))
    differ = one ^ other
    return min(step for step, _ in differ) if differ else int(max(a[0].max(initial=0), b[0].max(initial=0))) + 1


def hh_coba(seeds: int, duration: float) -> None:
    """Rates and CV of the network of Traub-Miles neurons, beside those of Brian2 for one other wiring."""
    rows = []
    for seed in range(seeds):
        net, (e, i) = networks.hh_coba(seed=seed)
        run = net.run(duration)
        rates = [(run.spikes(p)[0] > BEGIN).sum() / (p.n * (duration - BEGIN)) for p in (e, i)]
        rows.append([*rates, measured(run.steps, run.neurons, duration)[1]])
        print(f"hh_coba seed {seed}: E {rates[0]:.1f} Hz, I {rates[1]:.1f} Hz, CV {rows[-1][2]:.2f}", flush=True)
    e_rate, i_rate, variation = np.mean(rows, axis=0)
    print(f"hh_coba: E {e_rate:.1f} Hz, I {i_rate:.1f} Hz, CV {variation:.2f}; Brian2: 38.2 Hz, 37.3 Hz, 2.0")
    if duration >= 1:
        assert abs(e_rate - 38.2) < 5, "Brian2 fires at 38 Hz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brian2", help="a Python that has Brian2")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--duration", type=float, default=1.0, help="seconds")
    parser.add_argument("--reference", type=Path, help="write the first 50 ms of Brian2's spikes of seed 0 here")
    parser.add_argument("--hh", action="store_true", help="benchmark 3 instead")
    options = parser.parse_args()
    if options.hh:
        hh_coba(options.seeds, options.duration)
        return
    kept: dict[str, Any] = {}
    for kind in ("coba", "cuba"):
        rows = []
        for seed in range(options.seeds):
            made = built(kind, seed)
            run = made.net.run(options.duration)
            ours = run.steps, run.neurons
            row = [*measured(*ours, options.duration)]
            if options.brian2:
                with tempfile.TemporaryDirectory() as folder:
                    wiring, spikes = Path(folder) / "wiring.npz", Path(folder) / "spikes.npz"
                    export(made, kind, options.duration, wiring)
                    subprocess.run([options.brian2, str(BRIAN2), str(wiring), str(spikes)], check=True)
                    found = np.load(spikes)
                    theirs = found["steps"], found["neurons"]
                first = same(ours, theirs)
                row += [*measured(*theirs, options.duration), first]
                assert first >= min(SAME, options.duration / 1e-4 - 10), f"{kind}, seed {seed}: differs at step {first}"
                if seed == 0:
                    early = theirs[0] < SAME
                    kept |= {
                        f"{kind}_steps": theirs[0][early].astype(np.int16),
                        f"{kind}_neurons": theirs[1][early].astype(np.int16),
                    }
            rows.append(row)
            print(f"{kind} seed {seed}: " + "  ".join(f"{x:.4g}" for x in row), flush=True)
        table = np.array(rows)
        names = ("rate", "CV", "rate in Brian2", "CV in Brian2", "first step that differs")
        for k, name in enumerate(names[: table.shape[1]]):
            print(
                f"{kind} {name}: {table[:, k].mean():.4g} +- {table[:, k].std(ddof=len(table) > 1):.2g}, {table[:, k].min():.4g} to {table[:, k].max():.4g}"
            )
        low, high = {"coba": (16, 24), "cuba": (5, 7)}[kind]
        if options.duration >= 1:
            assert low < table[:, 0].mean() < high, f"{kind} fires at {low} to {high} Hz"
    if options.reference:
        np.savez_compressed(options.reference, **kept)
    print(f"ranvier {rv.__version__}")


if __name__ == "__main__":
    main()
