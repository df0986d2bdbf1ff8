"""Losses on what the output layer did, and penalties on how much any layer fires.

A classification loss takes the output [T, B, C] and labels [B], and returns the mean over the batch; the losses on spike
times take times [B, C], which `spike_times` reads out of spikes. A cross entropy is never negative; equal evidence for
all C classes gives ln C, and so does an output without a spike: its gradient is defined, and `SilentOutputWarning` says
that the loss saw none.
"""

from ranvier.losses.checking import SilentOutputWarning
from ranvier.losses.cross_entropy import (
    cross_entropy_count,
    cross_entropy_final_membrane,
    cross_entropy_max_membrane,
    cross_entropy_mean_membrane,
    cross_entropy_rate,
)
from ranvier.losses.mse import mse_count, mse_membrane
from ranvier.losses.penalties import rate_above, rate_below, total_spikes
from ranvier.losses.spike_times import cross_entropy_times, mse_times, spike_times, time_to_first_spike
from ranvier.losses.van_rossum import van_rossum

__all__ = [
    "SilentOutputWarning",
    "cross_entropy_count",
    "cross_entropy_final_membrane",
    "cross_entropy_max_membrane",
    "cross_entropy_mean_membrane",
    "cross_entropy_rate",
    "cross_entropy_times",
    "mse_count",
    "mse_membrane",
    "mse_times",
    "rate_above",
    "rate_below",
    "spike_times",
    "time_to_first_spike",
    "total_spikes",
    "van_rossum",
]
