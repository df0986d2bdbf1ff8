"""Accuracy of the main job over seeds and splits: official, and leave one speaker out over the five speakers.

    python benchmarks/spoken_digits.py --seeds 1 2 3 --jobs 2 --json benchmarks/results/spoken_digits.json

Each run is `ranvier train spoken-digits --split ... --seed ... --threads 1` as a user would type it; `--jobs` of them run side by side.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "yweweler")


def one(split: str, seed: int, extra: list[str]) -> dict[str, object]:
    """Trains once and returns the final figures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "ranvier", "train", "spoken-digits", "--split", split, "--seed", str(seed)]
        done = subprocess.run([*command, "--threads", "1", "--out", str(out), *extra], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{split} seed {seed} failed:\n{done.stdout}\n{done.stderr}")
        final = json.loads((out / "metrics.json").read_text())["final"]
    print(
        f"{split:18s} seed {seed}  {100 * final['test_accuracy']:.1f} %  (floor {100 * final['linear_floor']:.1f} %)",
        flush=True,
    )
    return {"split": split, "seed": seed, **final}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options, extra = parser.parse_known_args()
    started = time.time()
    tasks = [(split, seed) for seed in options.seeds for split in ("official", *(f"speaker:{s}" for s in SPEAKERS))]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda task: one(*task, extra), tasks))

    def accuracies(split: str, seed: int | None = None) -> list[float]:
        return [100 * r["test_accuracy"] for r in results if r["split"] == split and seed in (None, r["seed"])]

    official = accuracies("official")
    left_out = [statistics.mean(accuracies(f"speaker:{s}", seed)[0] for s in SPEAKERS) for seed in options.seeds]
    floors = {r["split"]: 100 * r["linear_floor"] for r in results}
    print(f"\nofficial split        {_spread(official)} %   linear floor {floors['official']:.1f} %")
    floor = statistics.mean(floors[f"speaker:{s}"] for s in SPEAKERS)
    print(f"leave one speaker out {_spread(left_out)} %   linear floor {floor:.1f} %")
    for speaker in SPEAKERS:
        print(f"  {speaker:10s} {_spread(accuracies(f'speaker:{speaker}'))} %")
    if options.json:
        summary = {
            "command": " ".join(["python", *sys.argv]),
            "official": official,
            "leave_one_speaker_out": left_out,
            "minutes": (time.time() - started) / 60,
            "runs": results,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(summary, indent=2) + "\n")


def _spread(values: list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.1f} +- {deviation:.1f}"


if __name__ == "__main__":
    main()
