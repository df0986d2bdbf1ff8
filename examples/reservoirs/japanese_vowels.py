"""Japanese Vowels: which of 9 speakers said it; errors of 370 test utterances, single networks and an ensemble.

    python examples/reservoirs/japanese_vowels.py FOLDER
    python examples/reservoirs/japanese_vowels.py FOLDER --choose

FOLDER holds JapaneseVowels_TRAIN.ts (270 utterances) and JapaneseVowels_TEST.ts (370), from timeseriesclassification.com, or from the package
aeon. Sequences have 7 to 29 steps of 12 features. A network hears an utterance and then the same backwards, and its states at both ends are read.

The setting is the one that `--choose` ends at (some minutes): from the setting that this example had before, one thing after the other is changed to the
value with the least loss inside the training utterances, until nothing changes. No test file, and no seed that is reported. Trained on 10 or 20 successive
utterances of the 30 of each speaker, tested on the others; judged by the log loss, since so few are wrong that a count tells little. The ensemble has a
network of each combination in `SPREAD` around the setting: averaged, such networks lose less in the same test than as many of the setting itself.
"""

import argparse
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_softmax

from ranvier.data.ts import read_ts
from ranvier.reservoirs import EchoState, Equidistant, RidgeClassifier

SINGLE = 20  # networks that are told one by one
GAINS = 2.0 ** np.arange(0, 5.5, 0.5)  # outputs of ridge regression are no logits: the best gain makes them some
SETTING = {
    "both_ways": True, "states": 1, "units": 500, "leak": 0.1, "spectral_radius": 0.6, "input_scaling": 0.3, "bias_scaling": 2.0, "alpha": 3.0,
}  # fmt: skip
START = {
    "both_ways": False, "states": 2, "units": 200, "leak": 0.2, "spectral_radius": 0.9, "input_scaling": 0.3, "bias_scaling": 0.2, "alpha": 10.0,
}  # fmt: skip
SPACE = {
    "both_ways": (False, True), "states": (1, 2, 3), "units": (200, 500, 1000), "leak": (0.1, 0.2, 0.4), "spectral_radius": (0.6, 0.9),
    "input_scaling": (0.15, 0.3, 0.6), "bias_scaling": (0.2, 0.5, 1.0, 2.0), "alpha": (1.0, 3.0, 10.0, 30.0),
}  # fmt: skip


SPREAD = {"spectral_radius": (0.3, 0.6, 0.9), "input_scaling": (0.15, 0.3, 0.6), "bias_scaling": (1.0, 2.0, 3.0)}


def heard(sequences: Any, both_ways: bool) -> list[np.ndarray]:
    """Each utterance, and with both_ways the same backwards behind it."""
    return [np.vstack([u, u[::-1]]) if both_ways else u for u in sequences]


def network(seed: int, both_ways: bool, states: int, alpha: float, **weights: Any) -> EchoState:
    """One network, not yet fitted. states: how many are read, of either direction."""
    return EchoState(
        **weights, standardise=True, read_input=True, pooling=Equidistant(states * (1 + both_ways)),
        readout=RidgeClassifier(alpha), random_state=seed,
    )  # fmt: skip


def loss(setting: dict[str, Any], seeds: range, x: Any, y: np.ndarray) -> tuple[float, float]:
    """Log loss of utterances held out of the training set, and the share of wrong ones.

    Parts are the first, second and third 10 utterances of every speaker. Each is left out once, and is once all that is learned. Features are
    scaled by all of them.
    """
    place = np.array([(y[:k] == label).sum() for k, label in enumerate(y)])
    outputs, truth = [], []
    for seed in seeds:
        model = network(seed, **setting)
        rows = model.fit(heard(x, setting["both_ways"]), y).rows(heard(x, setting["both_ways"]))
        rows = np.asarray(
            np.linalg.qr(rows.T, mode="r")
        ).T  # turned to at most 270 columns, which changes no ridge regression
        for part in range(3):
            for learned in (place // 10 == part, place // 10 != part):
                readout = RidgeClassifier(setting["alpha"]).fit(rows[learned], y[learned])
                outputs.append(readout.decision_function(rows[~learned]))
                truth.append(np.searchsorted(readout.classes_, y[~learned]))
    output, right = np.concatenate(outputs), np.concatenate(truth)[:, None]
    losses = [-np.take_along_axis(log_softmax(gain * output, 1), right, 1).mean() for gain in GAINS]
    return float(min(losses)), float((output.argmax(1) != right[:, 0]).mean())


def choose(x: Any, y: np.ndarray) -> None:
    """Changes one thing after the other to the value with the least loss, until nothing changes; prints each step."""
    setting: dict[str, Any] = dict(START)
    before: dict[str, Any] | None = None
    known: dict[str, tuple[float, float]] = {}
    while setting != before:
        before = dict(setting)
        for name, values in SPACE.items():
            tried = [{**setting, name: value} for value in values]
            for one in tried:
                if str(one) not in known:
                    known[str(one)] = loss(one, range(200, 205), x, y)
            setting = min(tried, key=lambda one: known[str(one)])
            found = known[str(setting)]
            print(f"log loss {found[0]:.4f}, wrong {100 * found[1]:.2f} %: {setting}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--choose", action="store_true", help="search for the setting inside the training utterances")
    given = parser.parse_args()
    x, y = read_ts(given.folder / "JapaneseVowels_TRAIN.ts")
    assert len(x) == 270
    if given.choose:
        choose(x, y)
        return
    test_x, test_y = read_ts(given.folder / "JapaneseVowels_TEST.ts")
    assert len(test_x) == 370
    classes = np.unique(y)
    heard_x, heard_test = (heard(some, bool(SETTING["both_ways"])) for some in (x, test_x))

    def outputs(seed: int, setting: dict[str, Any]) -> np.ndarray:
        return network(seed, **setting).fit(heard_x, y).decision_function(heard_test)

    def wrong(output: np.ndarray) -> int:
        return int((classes[output.argmax(1)] != test_y).sum())

    errors = [wrong(outputs(seed, SETTING)) for seed in range(SINGLE)]
    mean = float(np.mean(errors[:5]))
    print(
        f"single networks: {mean:.1f} errors of 370, mean of seeds 0 to 4 (aim 3); all seeds: "
        + " ".join(map(str, errors))
    )
    members = [SETTING | dict(zip(SPREAD, values, strict=True)) for values in product(*SPREAD.values())]
    together = wrong(np.mean([outputs(seed, one) for seed, one in enumerate(members)], 0))
    print(f"{len(members)} networks averaged: {together} errors (aim 1)")
    assert mean <= 3 and np.mean(errors) <= 3 and together <= 1


if __name__ == "__main__":
    main()
