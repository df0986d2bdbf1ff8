"""Spoken digits, one speaker left out: an echo state network is tested on a voice that it has never heard.

    python examples/reservoirs/spoken_digits.py            all five speakers of the bundled recordings
    python examples/reservoirs/spoken_digits.py --quick    one of them

40 log-mel bands every 10 ms, without the silence before and after the word, brought to mean 0 and deviation 1 over the whole clip (not band by
band: that loses what tells digits apart). The penalty of the readout is chosen for voices that are new, too: by leaving out one speaker of the
training part after the other.
"""

import argparse

import numpy as np
import torch

from ranvier.data.bundled import spoken_digits
from ranvier.encoders.audio import log_mel
from ranvier.reservoirs import EchoState, Equidistant, RidgeClassifier

AIM = 0.80
SILENT = 4.5  # below the loudest band of the clip, in natural logarithms of the power: 19.5 dB
PENALTIES = (10.0, 100.0, 1000.0, 10000.0)


def features(wave: np.ndarray, rate: int) -> np.ndarray:
    """[frames of the word, 40]."""
    picture = log_mel(torch.from_numpy(wave).double(), rate, bands=40).numpy()
    loud = np.flatnonzero(picture.max(1) > picture.max() - SILENT)
    picture = picture[loud[0] : loud[-1] + 1]
    return (picture - picture.mean()) / picture.std()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one speaker")
    quick = parser.parse_args().quick
    samples = spoken_digits()
    assert samples.rate is not None and samples.groups is not None
    x = [features(wave, samples.rate) for wave in samples.x]
    speakers = np.array(samples.groups)
    scores = {}
    for speaker in sorted(set(speakers))[: 1 if quick else None]:
        held = speakers == speaker
        reservoir = EchoState(
            500, leak=0.3, spectral_radius=0.9, input_scaling=0.1, bias_scaling=0.1, pooling=Equidistant(5, segments=True),
            readout=RidgeClassifier(PENALTIES[0]), random_state=0,
        )  # fmt: skip
        reservoir.fit([x[k] for k in np.flatnonzero(~held)], samples.y[~held])
        rows = reservoir.rows(x)
        readout = RidgeClassifier(PENALTIES).fit(rows[~held], samples.y[~held], groups=speakers[~held])
        scores[speaker] = readout.score(rows[held], samples.y[held])
        print(f"{speaker}: {100 * scores[speaker]:.1f} % (alpha {readout.alpha_:g})", flush=True)
    mean = float(np.mean(list(scores.values())))
    print(f"mean: {100 * mean:.1f} % (aim {100 * AIM:.0f} %)")
    assert quick or mean >= AIM


if __name__ == "__main__":
    main()
