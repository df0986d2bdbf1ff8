"""Encoders: values in, time-first spikes out.

Every encoder is a pure function of its values and its generator: it leaves its input untouched, rescales nothing, and
refuses what lies outside its declared range. Sound front ends are in `ranvier.encoders.audio`.
"""

from ranvier.encoders.delta import delta
from ranvier.encoders.direct import direct
from ranvier.encoders.latency import latency, latency_times, log_latency, log_latency_times
from ranvier.encoders.rate import bernoulli, poisson

__all__ = [
    "bernoulli",
    "delta",
    "direct",
    "latency",
    "latency_times",
    "log_latency",
    "log_latency_times",
    "poisson",
]
