"""Wrist movements from EEG, three classes, 60 samples of 128 steps and 14 channels: NeuCube, and how little the task asks.

    python examples/reservoirs/wrist_eeg.py wrist_eeg.npz

The file holds x [60, 128, 14] and y [60]: the demonstration data of NeuCube. Five folds, three shuffles. Thresholds of the encoding and STDP come from the
training folds alone. Beside it: logistic regression on the mean and the deviation of each channel, without any network or time.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ranvier.reservoirs import Counts, NeuCube
from ranvier.units import ms


def encoded(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """A spike where a channel changes by more than is usual in the training samples: mean plus half a deviation of the size of changes."""
    change = np.diff(x, axis=1, append=x[:, -1:])
    size = np.abs(change[train])
    return np.sign(change) * (np.abs(change) > size.mean((0, 1)) + 0.5 * size.std((0, 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--shuffles", type=int, default=3)
    arguments = parser.parse_args()
    with np.load(arguments.file, allow_pickle=False) as data:
        x, y = data["x"].astype(np.float64), data["y"]
    plain = np.hstack([x.mean(1), x.std(1)])
    scores: dict[str, list[float]] = {"NeuCube": [], "NeuCube without STDP": [], "mean and deviation": []}
    for shuffle in range(arguments.shuffles):
        for train, test in StratifiedKFold(5, shuffle=True, random_state=shuffle).split(plain, y):
            spikes = encoded(x, train)
            for name, rate in (("NeuCube", 0.01), ("NeuCube without STDP", 0.0)):
                cube = NeuCube(
                    (6, 6, 6),
                    code=Counts(signed=True),
                    step=8 * ms,
                    learning_rate=rate,
                    target_rate=10.0,
                    random_state=shuffle,
                )
                cube.fit([spikes[k] for k in train], y[train])
                scores[name].append(cube.score([spikes[k] for k in test], y[test]))
            simple = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(plain[train], y[train])
            scores["mean and deviation"].append(float(simple.score(plain[test], y[test])))
        for name, found in scores.items():
            print(
                f"{shuffle + 1} x 5 folds, {name}: {np.mean(found):.3f}, deviation over folds {np.std(found):.3f}",
                flush=True,
            )
    assert np.mean(scores["NeuCube"]) > 1 / 3 + 0.2


if __name__ == "__main__":
    main()
