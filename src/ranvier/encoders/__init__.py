"""Encoders: values in, time-first spikes out.

Every encoder is a pure function of its values and its generator: it leaves its input untouched, rescales nothing, and
refuses what lies outside its declared range. Where spikes can be read back, `<encoder>_inverse` does it. Sound front
ends are in `ranvier.encoders.audio` and `ranvier.encoders.cochlea`.
"""

from ranvier.encoders.binary import binary, binary_inverse
from ranvier.encoders.bsa import bsa, bsa_inverse, low_pass
from ranvier.encoders.burst import burst, burst_inverse
from ranvier.encoders.changes import changes_inverse
from ranvier.encoders.delta import delta
from ranvier.encoders.direct import direct
from ranvier.encoders.fully_temporal import SpikeTimes, fully_temporal, fully_temporal_inverse
from ranvier.encoders.hsa import hsa, modified_hsa
from ranvier.encoders.latency import (
    latency,
    latency_inverse,
    latency_times,
    log_latency,
    log_latency_inverse,
    log_latency_times,
)
from ranvier.encoders.moving_window import moving_window
from ranvier.encoders.phase import phase, phase_inverse
from ranvier.encoders.population import population, population_inverse, receptive_fields
from ranvier.encoders.rank_order import rank_order, rank_response, rank_sensitivity, ranks, spike_ranks
from ranvier.encoders.rate import bernoulli, poisson
from ranvier.encoders.regular import accumulate, regular
from ranvier.encoders.step_forward import step_forward
from ranvier.encoders.threshold_based import change_threshold, threshold_based, threshold_based_inverse

__all__ = [
    "SpikeTimes",
    "accumulate",
    "bernoulli",
    "binary",
    "binary_inverse",
    "bsa",
    "bsa_inverse",
    "burst",
    "burst_inverse",
    "change_threshold",
    "changes_inverse",
    "delta",
    "direct",
    "fully_temporal",
    "fully_temporal_inverse",
    "hsa",
    "latency",
    "latency_inverse",
    "latency_times",
    "log_latency",
    "log_latency_inverse",
    "log_latency_times",
    "low_pass",
    "modified_hsa",
    "moving_window",
    "phase",
    "phase_inverse",
    "poisson",
    "population",
    "population_inverse",
    "rank_order",
    "rank_response",
    "rank_sensitivity",
    "ranks",
    "receptive_fields",
    "regular",
    "spike_ranks",
    "step_forward",
    "threshold_based",
    "threshold_based_inverse",
]
