"""Mackey-Glass series, tau = 17: 84 free steps after 1000 forced ones, NRMSE84 (Jaeger 2001, section 6).

    python examples/reservoirs/mackey_glass.py            N = 400 and N = 1000, 10 seeds each
    python examples/reservoirs/mackey_glass.py --quick    N = 400, 3 seeds

The network hears its own output as input in the free run. Train: 3000 steps of which 1000 are washout. Error: 50 starts in another 5000
steps, in the coordinates of the series.
"""

import argparse
import math

import numpy as np

from ranvier.reservoirs import EchoState, Ridge, tasks

AIMS = {400: -3.0, 1000: -4.5}  # median of log10 NRMSE84


def log_error(units: int, seed: int) -> float:
    """log10 of NRMSE84 of one reservoir, on a series of its own."""
    series = tasks.mackey_glass(8100, seed=seed)
    x = tasks.squashed(series)
    model = EchoState(
        units, spectral_radius=0.8, bias_scaling=0.2, washout=1000, readout=Ridge(1e-16), random_state=seed
    )
    model.fit(x[:3000, None], x[1:3001])

    def run(warm: np.ndarray, steps: int) -> np.ndarray:
        return tasks.unsquashed(model.generate(steps, tasks.squashed(warm)[:, :, None]))

    return math.log10(tasks.nrmse84(run, series[3100:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="400 units, 3 seeds")
    quick = parser.parse_args().quick
    for units, aim in AIMS.items():
        if quick and units > 400:
            continue
        errors = [log_error(units, seed) for seed in range(3 if quick else 10)]
        median = float(np.median(errors))
        print(
            f"N = {units}: median log10 NRMSE84 {median:.2f} (aim {aim}); each: "
            + " ".join(f"{e:.2f}" for e in errors),
            flush=True,
        )
        assert median <= aim, f"N = {units}: {median:.2f} is above {aim}"


if __name__ == "__main__":
    main()
