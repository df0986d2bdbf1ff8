"""Santa Fe laser (series A): prediction of the next value, N = 200, NMSE, mean of 5 seeds.

    python examples/reservoirs/laser.py santafe_laser.npy

The file holds the intensity of a far-infrared laser in chaos, one number a step (Weigend and Gershenfeld 1994): `.npy`, or text. It is in the
package reservoirpy (pip download reservoirpy, folder datasets) and in many course repositories. Steps 0 to 1999 train, 2000 to 2999 test.
Settings were chosen with the last 500 of the training steps held out.
"""

import argparse

import numpy as np

from ranvier.reservoirs import EchoState, Ridge, tasks

AIM, TRAIN, TEST = 0.012, 2000, 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="the series, .npy or text")
    path = parser.parse_args().file
    series = (np.load(path) if path.endswith(".npy") else np.loadtxt(path)).astype(float).ravel()
    series = (series - series[:TRAIN].mean()) / series[:TRAIN].std()
    errors, lengths = [], []
    for seed in range(5):
        model = EchoState(
            200, spectral_radius=0.8, input_scaling=0.3, bias_scaling=0.3, read_input=True, washout=100,
            readout=Ridge(1e-6), random_state=seed,
        )  # fmt: skip
        model.fit(series[:TRAIN, None], series[1 : TRAIN + 1])
        last = TRAIN + TEST
        output = model.predict(series[:last, None])[TRAIN:]
        errors.append(tasks.nmse(series[TRAIN + 1 : last + 1], output))
        run = model.generate(200, series[:TRAIN, None])
        wrong = np.abs(run - series[TRAIN : TRAIN + 200]) > 0.5
        lengths.append(int(wrong.argmax()) if wrong.any() else 200)
    mean = float(np.mean(errors))
    print(f"laser, N = 200: NMSE {mean:.4f} (aim {AIM}); each: " + " ".join(f"{e:.4f}" for e in errors))
    print("free run from step 2000: steps until it is off by half a standard deviation: " + " ".join(map(str, lengths)))
    assert mean <= AIM, f"{mean:.4f} is above {AIM}"


if __name__ == "__main__":
    main()
