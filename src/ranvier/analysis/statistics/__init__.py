"""Statistics of spike trains. Where a train has too few spikes for a statistic, it is NaN, without a warning; each says when."""

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
    "isi_histogram",
    "lv",
    "lvr",
    "psth",
    "rectangular",
    "spike_count_correlation",
    "spike_counts",
    "spike_synchronization",
    "spike_synchronization_matrix",
]
