"""Japanese Vowels: which of 9 speakers said it; errors of 370 test utterances, single networks and an ensemble.

    python examples/reservoirs/japanese_vowels.py FOLDER

FOLDER holds JapaneseVowels_TRAIN.ts (270 utterances) and JapaneseVowels_TEST.ts (370), from timeseriesclassification.com, or from the package
aeon. Sequences have 7 to 29 steps of 12 features. Setting and penalty are those with the fewest errors inside the training utterances where things are made
hard: trained on 10 successive utterances of the 30 of each speaker, tested on the other 20, all three such parts, mean of seeds 100 to 102, which are not among
those reported. Leaving one out of all 270 tells nothing: dozens of settings make 1 error there.
"""

import argparse
from pathlib import Path

import numpy as np

from ranvier.data.ts import read_ts
from ranvier.reservoirs import EchoState, Equidistant, RidgeClassifier

MEMBERS = 20


def network(seed: int) -> EchoState:
    """One network, not yet fitted."""
    return EchoState(
        200, leak=0.2, spectral_radius=0.9, input_scaling=0.3, bias_scaling=0.2, standardise=True, read_input=True,
        pooling=Equidistant(2), readout=RidgeClassifier(10.0), random_state=seed,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    x, y = read_ts(folder / "JapaneseVowels_TRAIN.ts")
    test_x, test_y = read_ts(folder / "JapaneseVowels_TEST.ts")
    assert (len(x), len(test_x)) == (270, 370)
    outputs, errors = [], []
    for seed in range(MEMBERS):
        model = network(seed).fit(x, y)
        outputs.append(model.decision_function(test_x))
        errors.append(int((model.classes_[outputs[-1].argmax(1)] != test_y).sum()))
    mean = float(np.mean(errors[:5]))
    print(
        f"single networks: {mean:.1f} errors of 370, mean of seeds 0 to 4 (aim 3); all seeds: "
        + " ".join(map(str, errors))
    )
    together = int((model.classes_[np.mean(outputs, 0).argmax(1)] != test_y).sum())
    print(f"{MEMBERS} networks averaged: {together} errors (aim 1)")
    # what was measured: the aim of 3 is reached over all seeds (2.4), not over the first five (3.2)
    assert mean <= 3.3 and np.mean(errors) <= 3 and together <= 1


if __name__ == "__main__":
    main()
