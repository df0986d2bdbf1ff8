"""Analysis of spike trains: distances between them and statistics of them.

A train is a list, array or tensor of spike times in seconds, sorted; a set of trains is a list of those. `spike_trains`
makes them from `Events` or a raster [T, B, *N].
"""

from ranvier.analysis.distances import (
    isi_distance,
    isi_distance_matrix,
    spike_distance,
    spike_distance_matrix,
    van_rossum,
    van_rossum_matrix,
    victor_purpura,
    victor_purpura_matrix,
)
from ranvier.analysis.statistics import (
    Correlogram,
    bursts,
    chi,
    cross_correlogram,
    cv,
    cv2,
    exponential,
    fano_factor,
    firing_rate,
    gaussian,
    instantaneous_rate,
    isi,
    isi_histogram,
    lv,
    lvr,
    psth,
    rectangular,
    spike_count_correlation,
    spike_counts,
    spike_synchronization,
    spike_synchronization_matrix,
)
from ranvier.analysis.trains import spike_trains

__all__ = [
    "Correlogram",
    "bursts",
    "chi",
    "cross_correlogram",
    "cv",
    "cv2",
    "exponential",
    "fano_factor",
    "firing_rate",
    "gaussian",
    "instantaneous_rate",
    "isi",
    "isi_distance",
    "isi_distance_matrix",
    "isi_histogram",
    "lv",
    "lvr",
    "psth",
    "rectangular",
    "spike_count_correlation",
    "spike_counts",
    "spike_distance",
    "spike_distance_matrix",
    "spike_synchronization",
    "spike_synchronization_matrix",
    "spike_trains",
    "van_rossum",
    "van_rossum_matrix",
    "victor_purpura",
    "victor_purpura_matrix",
]
