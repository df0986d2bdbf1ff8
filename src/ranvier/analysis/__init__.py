"""Analysis of spike trains: distances between them and statistics of them; and the rate that theory expects (`siegert`).

A train is a list, array or tensor of spike times in seconds, sorted; a set of trains is a list of those. `spike_trains`
makes them from `Events` or a raster [T, B, *N].
"""

from ranvier.analysis.distances.isi_distance import isi_distance, isi_distance_matrix
from ranvier.analysis.distances.spike_distance import spike_distance, spike_distance_matrix
from ranvier.analysis.distances.van_rossum import van_rossum, van_rossum_matrix
from ranvier.analysis.distances.victor_purpura import victor_purpura, victor_purpura_matrix
from ranvier.analysis.lfp import absolute_sum, reference_weighted_sum
from ranvier.analysis.siegert import siegert
from ranvier.analysis.statistics.bursts import bursts
from ranvier.analysis.statistics.correlogram import Correlogram, cross_correlogram
from ranvier.analysis.statistics.counts import fano_factor, spike_count_correlation
from ranvier.analysis.statistics.intervals import cv, cv2, isi, isi_histogram, lv, lvr
from ranvier.analysis.statistics.rate import (
    exponential,
    firing_rate,
    gaussian,
    instantaneous_rate,
    psth,
    rectangular,
    spike_counts,
)
from ranvier.analysis.statistics.synchrony import chi, spike_synchronization, spike_synchronization_matrix
from ranvier.analysis.trains import spike_trains

__all__ = [
    "Correlogram",
    "absolute_sum",
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
    "reference_weighted_sum",
    "siegert",
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
