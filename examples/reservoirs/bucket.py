"""A bucket of water (Fernando and Sojakka 2003): XOR, and one spoken word from another, by looking at waves.

    python examples/reservoirs/bucket.py

1. XOR: two motors swing or rest, with noise. Does exactly one of them swing? A linear readout of the surface's absolute height tells; one of the height itself
cannot, since waves of a linear medium add up.
2. "zero" or "one": the first eight of forty log-mel bands drive eight motors at the rim while the word lasts. Five voices; one is left out after the other.
"""

import numpy as np
import torch

from ranvier.data.bundled import spoken_digits
from ranvier.encoders.audio import log_mel
from ranvier.reservoirs import Bucket, Equidistant, Last, RidgeClassifier

SILENT = 4.5  # below the loudest band of the clip, in natural logarithms of the power: 19.5 dB
MOTORS = 8
PENALTIES = tuple(np.logspace(-4, 3, 8))


def xor(seed: int, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Inputs [60, 2], and whether exactly one motor swings."""
    rng = np.random.default_rng(seed)
    both = rng.integers(0, 2, (count, 2))
    swing = np.sin(0.8 * np.arange(60))[:, None]
    return [swing * pair + rng.normal(0, 0.1, (60, 2)) for pair in both], both[:, 0] != both[:, 1]


def word(wave: np.ndarray, rate: int) -> np.ndarray:
    """[frames of the word, motors]: means of five neighbouring bands."""
    picture = log_mel(torch.from_numpy(wave).double(), rate, bands=40).numpy()
    loud = np.flatnonzero(picture.max(1) > picture.max() - SILENT)
    picture = picture[loud[0] : loud[-1] + 1]
    picture = (picture - picture.mean()) / picture.std()
    return picture.reshape(len(picture), MOTORS, -1).mean(2)


def main() -> None:
    (x, y), (new, labels) = xor(0, 200), xor(1, 200)
    scores = {}
    for observe in ("absolute", "gradient", "raw"):
        model = Bucket(observe=observe, pooling=Last(), readout=RidgeClassifier(PENALTIES)).fit(x, y)
        scores[observe] = model.score(new, labels)
        print(
            f"XOR, {observe}: {100 * model.score(x, y):.1f} % of 200 training, {100 * scores[observe]:.1f} % of 200 test inputs"
        )
    assert scores["absolute"] >= 0.95 and scores["raw"] < 0.75

    samples = spoken_digits()
    assert samples.rate is not None and samples.groups is not None
    chosen = np.flatnonzero(samples.y < 2)
    x = [word(samples.x[k], samples.rate) for k in chosen]
    y, speakers = samples.y[chosen], np.array(samples.groups)[chosen]
    errors = {}
    for name, rows in {
        "surface": Bucket(pooling=Equidistant(5), readout=RidgeClassifier(1.0)).fit(x, y).rows(x),
        "bands alone": np.stack([Equidistant(5)(part) for part in x]),
    }.items():
        wrong = 0
        for speaker in sorted(set(speakers)):
            held = speakers == speaker
            readout = RidgeClassifier(PENALTIES).fit(rows[~held], y[~held], groups=speakers[~held])
            wrong += int((readout.predict(rows[held]) != y[held]).sum())
        errors[name] = wrong / len(y)
        print(f"zero or one, {name}, a voice that was never heard: {100 * errors[name]:.1f} % of {len(y)} words wrong")
    assert errors["surface"] <= 0.05


if __name__ == "__main__":
    main()
