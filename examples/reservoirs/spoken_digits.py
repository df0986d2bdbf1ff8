"""Spoken digits, one speaker left out: an echo state network is tested on a voice that it has never heard.

    python examples/reservoirs/spoken_digits.py            all five speakers of the bundled recordings
    python examples/reservoirs/spoken_digits.py --quick    one of them

40 log-mel bands every 10 ms, brought to mean 0 and deviation 1 over the whole clip (not band by band: that loses what tells digits apart).
"""

import argparse

import numpy as np
import torch

from ranvier.data.bundled import spoken_digits
from ranvier.encoders.audio import log_mel
from ranvier.reservoirs import EchoState, Equidistant, RidgeClassifier

AIM = 0.80


def features(wave: np.ndarray, rate: int) -> np.ndarray:
    """[frames, 40]."""
    picture = log_mel(torch.from_numpy(wave).double(), rate, bands=40).numpy()
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
        model = EchoState(
            300, leak=0.3, spectral_radius=0.9, input_scaling=0.1, bias_scaling=0.1, pooling=Equidistant(5, segments=True),
            readout=RidgeClassifier((1.0, 10.0, 100.0, 1000.0)), random_state=0,
        )  # fmt: skip
        model.fit([x[k] for k in np.flatnonzero(~held)], samples.y[~held])
        scores[speaker] = model.score([x[k] for k in np.flatnonzero(held)], samples.y[held])
        print(f"{speaker}: {100 * scores[speaker]:.1f} % (alpha {model.readout_.alpha_:g})", flush=True)
    mean = float(np.mean(list(scores.values())))
    print(f"mean: {100 * mean:.1f} % (aim {100 * AIM:.0f} %)")
    assert quick or mean >= AIM


if __name__ == "__main__":
    main()
