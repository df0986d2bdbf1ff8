"""Lorenz attractor: how long a free run stays near the true one, and how long two integrators agree with each other.

    python examples/reservoirs/lorenz.py            10 starts, NVAR and an echo state network
    python examples/reservoirs/lorenz.py --quick    NVAR alone, 3 starts

Valid time: until |run - true| / sqrt(mean |true - mean|^2), |.| over x, y, z together, first passes the threshold; in Lyapunov times
(exponent 0.9056). Data: DOP853, tolerance 1e-12. The limit: two methods (DOP853 and LSODA, tolerance 1e-12) from the same start, same measure.
"""

import argparse

import numpy as np

from ranvier.reservoirs import NVAR, EchoState, Reservoir, Ridge, tasks

DT, THRESHOLD, AIM = 0.02, 0.5, 8.0
TRAIN, HORIZON, GAP = 5000, 1200, 700


def valid_times(model: Reservoir, series: np.ndarray, starts: int) -> list[float]:
    """Of free runs after warm-ups of 500 steps that follow the training part."""
    begins = TRAIN + 1 + GAP * np.arange(starts)
    free = model.generate(HORIZON, np.stack([series[b : b + 500] for b in begins]))
    return [
        tasks.valid_time(series[b + 500 : b + 500 + HORIZON], run, dt=DT, threshold=THRESHOLD)
        for b, run in zip(begins, free, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="NVAR, 3 starts")
    quick = parser.parse_args().quick
    starts = 3 if quick else 10
    series = tasks.lorenz(TRAIN + GAP * starts + HORIZON + 500, dt=DT) / 10.0
    print(f"dt {DT}, threshold {THRESHOLD}, joint norm, {TRAIN} training steps, {starts} starts")
    if not quick:
        first = 10.0 * series[TRAIN]
        one, other = (tasks.lorenz(3000, dt=DT, start=first, method=method) for method in ("DOP853", "LSODA"))
        limit = tasks.valid_time(one, other, dt=DT, threshold=THRESHOLD)
        print(f"two integrators agree for {limit:.1f} Lyapunov times")
    models: dict[str, tuple[Reservoir, float]] = {
        "NVAR, 4 taps, orders 2 and 3": (NVAR(taps=4, orders=(2, 3), difference=True, readout=Ridge(1e-10)), AIM)
    }
    if not quick:
        models["EchoState, N = 500"] = (
            EchoState(
                500,
                spectral_radius=0.4,
                input_scaling=0.15,
                bias_scaling=0.5,
                washout=200,
                readout=Ridge(1e-14),
                read_input=True,
            ),
            AIM,
        )
    for name, (model, aim) in models.items():
        model.fit(series[:TRAIN], series[1 : TRAIN + 1])
        found = valid_times(model, series, starts)
        median = float(np.median(found))
        print(
            f"{name}: median {median:.1f} Lyapunov times (aim {aim}); each: " + " ".join(f"{v:.1f}" for v in found),
            flush=True,
        )
        assert median >= aim, f"{name}: {median:.1f} is below {aim}"


if __name__ == "__main__":
    main()
