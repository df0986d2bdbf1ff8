"""Distances between spike trains: each of two trains, and as a matrix of all pairs of many."""

from ranvier.analysis.distances.isi_distance import isi_distance, isi_distance_matrix
from ranvier.analysis.distances.spike_distance import spike_distance, spike_distance_matrix
from ranvier.analysis.distances.van_rossum import van_rossum, van_rossum_matrix
from ranvier.analysis.distances.victor_purpura import victor_purpura, victor_purpura_matrix

__all__ = [
    "isi_distance",
    "isi_distance_matrix",
    "spike_distance",
    "spike_distance_matrix",
    "van_rossum",
    "van_rossum_matrix",
    "victor_purpura",
    "victor_purpura_matrix",
]
