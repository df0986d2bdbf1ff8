"""Against stored values of PySpike and Elephant; tests/references/spike_trains.py makes them and names the versions."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranvier import analysis

STORED = json.loads((Path(__file__).parents[1] / "references" / "spike_trains.json").read_text())
TRAINS, STOP, WIDTH = STORED["trains"], STORED["stop"], STORED["width"]
PYSPIKE, ELEPHANT = STORED["pyspike"], STORED["elephant"]
LONG = [train for train in TRAINS if len(train) > 2]


def close(x: Any) -> Any:
    return pytest.approx(np.array(x), abs=1e-9, rel=1e-9)


def test_the_trains_are_of_all_kinds() -> None:
    assert sorted(len(train) for train in TRAINS)[:2] == [0, 1]
    assert any(train and train[0] == 0 and train[-1] == STOP for train in TRAINS)
    assert len(set(TRAINS[0]) & set(TRAINS[4])) > 5  # coincidences


@pytest.mark.parametrize(
    ("distances", "name"),
    [
        (analysis.isi_distance_matrix, "isi_distance"),
        (analysis.spike_distance_matrix, "spike_distance"),
        (analysis.spike_synchronization_matrix, "spike_sync"),
    ],
)
def test_pyspike(distances: Any, name: str) -> None:
    assert distances(TRAINS, stop=STOP) == close(PYSPIKE[name])


@pytest.mark.parametrize("cost", ELEPHANT["victor_purpura"])
def test_victor_purpura(cost: str) -> None:
    assert analysis.victor_purpura_matrix(TRAINS, cost=float(cost)) == close(ELEPHANT["victor_purpura"][cost])


@pytest.mark.parametrize("tau", ELEPHANT["van_rossum"])
def test_van_rossum(tau: str) -> None:
    # Elephant sets the distance of one spike to none to 1. It subtracts sums, so a distance of 0 is the root of rounding.
    ours = math.sqrt(2) * analysis.van_rossum_matrix(TRAINS, tau=float(tau))
    assert ours**2 == close(np.array(ELEPHANT["van_rossum"][tau]) ** 2)


@pytest.mark.parametrize("name", ["cv", "cv2", "lv"])
def test_variation_of_intervals(name: str) -> None:
    assert [getattr(analysis, name)(train) for train in LONG] == close(ELEPHANT[name])


def test_revised_local_variation() -> None:
    assert [analysis.lvr(train, refractoriness=0.003) for train in LONG] == close(ELEPHANT["lvr"])


def test_rate() -> None:
    assert [analysis.firing_rate(train, stop=STOP) for train in TRAINS if train] == close(ELEPHANT["rate"])


def test_counts_and_their_correlation() -> None:
    inside = [[t for t in train if t < STOP] for train in TRAINS]  # Elephant leaves the end of the last bin out
    edges = np.arange(round(STOP / WIDTH) + 1) * WIDTH
    counts = analysis.spike_counts(inside, edges=edges)
    assert counts.tolist() == ELEPHANT["counts"]
    assert analysis.spike_count_correlation(counts[:5]) == close(ELEPHANT["correlation"])


def test_fano_factor() -> None:
    counts = np.array([[len(train)] for train in TRAINS])
    share = (len(TRAINS) - 1) / len(TRAINS)  # ours is the unbiased variance
    assert share * analysis.fano_factor(counts) == close([ELEPHANT["fano_factor"]])


@pytest.mark.parametrize("k", range(5))
def test_correlogram_of_spikes_in_the_middle_of_bins(k: int) -> None:
    a, b = ELEPHANT["centred"][0], ELEPHANT["centred"][k]
    found = analysis.cross_correlogram(a, b, width=WIDTH, max_lag=STORED["lags"] * WIDTH)
    assert found.counts.tolist() == ELEPHANT["correlogram"][k]
