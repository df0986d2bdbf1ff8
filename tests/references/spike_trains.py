"""Makes spike_trains.json: distances and statistics of some spike trains by PySpike and Elephant. Run by hand.

    python -m venv peers && peers/bin/pip install pyspike==0.9.0 elephant==1.2.1
    peers/bin/python tests/references/spike_trains.py

The trains are drawn here; the numbers are facts computed by the two packages (both under BSD licences), whose versions the
file names. Times are in seconds.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import elephant.statistics as statistics
import neo
import numpy as np
import pyspike
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_correlation import correlation_coefficient, cross_correlation_histogram
from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance

STOP = 2.0
COSTS = (0.0, 0.5, 5.0, 50.0, 500.0)
TAUS = (0.001, 0.02, 0.5, 10.0)
WIDTH = 0.05  # of bins
LAGS = 10


def trains() -> list[list[float]]:
    """Irregular and regular ones, shared spikes, spikes at the edges, one spike, none."""
    random = np.random.default_rng(20261125)
    poisson = [np.sort(random.uniform(0, STOP, n)) for n in (37, 24, 9)]
    gamma = np.cumsum(random.gamma(4.0, 0.015, 25))
    jittered = np.sort(np.where(random.random(37) < 0.5, poisson[0], poisson[0] + random.normal(0, 0.004, 37)))
    found = [
        *poisson, gamma, jittered.clip(0, STOP), np.arange(0.07, STOP, 0.1), np.array([0.0, 0.31, 1.2, STOP]),
        np.array([0.7]), np.array([]),
    ]  # fmt: skip
    return [train.round(6).tolist() for train in found]


def of_pyspike(times: list[list[float]]) -> dict[str, Any]:
    found = [pyspike.SpikeTrain(train, (0.0, STOP)) for train in times]
    functions = (pyspike.isi_distance, pyspike.spike_distance, pyspike.spike_sync)
    return {f.__name__: [[float(f(a, b)) for b in found] for a in found] for f in functions}


def of_elephant(times: list[list[float]]) -> dict[str, Any]:
    found = [neo.SpikeTrain(train, units="s", t_stop=STOP) for train in times]
    bins = BinnedSpikeTrain(found, bin_size=WIDTH * pq.s)
    centred = [sorted({(int(t / WIDTH) + 0.5) * WIDTH for t in train if t < STOP}) for train in times]
    binned = [
        BinnedSpikeTrain(neo.SpikeTrain(train, units="s", t_stop=STOP), bin_size=WIDTH * pq.s) for train in centred
    ]
    long = [np.diff(train) for train in times if len(train) > 2]
    return {
        "victor_purpura": {q: victor_purpura_distance(found, q / pq.s).tolist() for q in COSTS},
        "van_rossum": {tau: van_rossum_distance(found, tau * pq.s).tolist() for tau in TAUS},
        "cv": [float(statistics.cv(x)) for x in long],
        "cv2": [float(statistics.cv2(x)) for x in long],
        "lv": [float(statistics.lv(x)) for x in long],
        "lvr": [float(statistics.lvr(x * pq.s, R=3 * pq.ms)) for x in long],
        "rate": [float(statistics.mean_firing_rate(x, 0 * pq.s, STOP * pq.s).rescale("Hz")) for x in found if len(x)],
        "counts": bins.to_array().tolist(),
        "fano_factor": float(statistics.fanofactor(found)),
        "correlation": correlation_coefficient(bins[:5]).tolist(),
        "centred": centred,
        "correlogram": [
            [int(n) for n in cross_correlation_histogram(binned[0], binned[k], window=[-LAGS, LAGS])[0].magnitude[:, 0]]
            for k in range(5)
        ],
    }


def main() -> None:
    times = trains()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            "versions": {name: version(name) for name in ("pyspike", "elephant", "neo", "numpy")},
            "stop": STOP, "width": WIDTH, "lags": LAGS, "trains": times, "pyspike": of_pyspike(times),
            "elephant": of_elephant(times),
        }  # fmt: skip
    text = json.dumps(found, separators=(",", ":"))
    Path(__file__).with_suffix(".json").write_text(text.replace('},"', '},\n"').replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
