"""Spoken digits, one speaker left out: a liquid state machine is tested on a voice that it has never heard.

    python examples/reservoirs/liquid_spoken_digits.py            all five speakers of the bundled recordings
    python examples/reservoirs/liquid_spoken_digits.py --quick    every tenth recording

40 log-mel bands every 10 ms become the rates of 80 spike trains (one for values above the mean of the clip, one for those below), which enter
300 neurons. Silence before and after the word is left out. The readout sees filtered spikes alone, not the input. The liquid learns nothing, so that
its states are computed once for all folds.
"""

import argparse
import time

import numpy as np
import torch

from ranvier.data.bundled import spoken_digits
from ranvier.encoders.audio import log_mel
from ranvier.reservoirs import Equidistant, LiquidState, Rates, RidgeClassifier
from ranvier.units import Hz, ms

AIM = 0.77
SILENT = 4.5  # below the loudest band of the clip, in natural logarithms of the power: 19.5 dB
PENALTIES = (30.0, 100.0, 300.0)


def features(wave: np.ndarray, rate: int) -> np.ndarray:
    """[frames of the word, 40]."""
    picture = log_mel(torch.from_numpy(wave).double(), rate, bands=40).numpy()
    loud = np.flatnonzero(picture.max(1) > picture.max() - SILENT)
    picture = picture[loud[0] : loud[-1] + 1]
    return (picture - picture.mean()) / picture.std()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every tenth recording")
    quick = parser.parse_args().quick
    samples = spoken_digits()
    assert samples.rate is not None and samples.groups is not None
    chosen = np.arange(0, len(samples.x), 10 if quick else 1)
    x = [features(samples.x[k], samples.rate) for k in chosen]
    y, speakers = samples.y[chosen], np.array(samples.groups)[chosen]
    liquid = LiquidState(
        (15, 5, 4), dt=0.5 * ms, code=Rates(200 * Hz), input_inhibitory=0.5, input_scale=0.12, weight_scale=0.3,
        pooling=Equidistant(5, segments=True), readout=RidgeClassifier(1.0), random_state=0,
    )  # fmt: skip
    began = time.perf_counter()
    liquid.fit(x[:40], np.arange(40) % 2)  # any labels: they do not change the liquid
    rows = np.sqrt(liquid.rows(x))  # brings the spread of few and of many spikes nearer
    waited = time.perf_counter() - began
    print(
        f"{len(x)} recordings through {liquid.wiring_.n} neurons at {liquid.rate_:.1f} Hz: {waited:.0f} s", flush=True
    )
    scores = []
    for speaker in sorted(set(speakers)):
        held = speakers == speaker
        readout = RidgeClassifier(PENALTIES).fit(rows[~held], y[~held], groups=speakers[~held])
        scores.append(readout.score(rows[held], y[held]))
        print(f"{speaker}: {100 * scores[-1]:.1f} % (alpha {readout.alpha_:g})", flush=True)
    mean = float(np.mean(scores))
    print(f"mean: {100 * mean:.1f} % (aim {100 * AIM:.0f} %)")
    assert quick or mean >= AIM


if __name__ == "__main__":
    main()
