"""Ranvier's cost of a synaptic event against the number of synapses: sources that are silent for one half of the time and fire at 10 Hz in the other.

What the events cost is the difference of the halves. Targets are LIF neurons that never reach their threshold.
"""

import time
from typing import Any

import numpy as np
import torch

import ranvier as rv
from ranvier.simulation import Normal
from ranvier.units import ms, mV

RATE = 10.0  # of a source
EVENTS = 2e7  # of the second half, unless that would last over SECONDS
SECONDS = (0.2, 5.0)  # least and most biological ones


def shape(synapses: int) -> tuple[int, int]:
    """Neurons, and synapses of each: up to 1000, then up to 77,169 neurons as in the microcircuit."""
    each = min(1000, max(10, round(synapses**0.5 / 10) * 10))
    neurons = max(1, synapses // each)
    return (neurons, each) if neurons <= 77_169 else (77_169, synapses // 77_169)


def measure(synapses: int, threads: int) -> dict[str, Any]:
    """Seconds and nanoseconds for one weight and delay (`same`), and for a weight and a delay each (`each`)."""
    torch.set_num_threads(threads)
    neurons, each = shape(synapses)
    found: dict[str, Any] = {"neurons": neurons, "in_degree": each, "synapses": neurons * each}
    for kind in ("same", "each"):
        half = min(SECONDS[1], max(SECONDS[0], EVENTS / (neurons * each * RATE)))
        rng = np.random.default_rng(1)
        spikes = rng.poisson(RATE * half * neurons)
        source = rv.SpikeSource(half + half * rng.random(spikes), rng.integers(0, neurons, spikes))
        net = rv.Network(seed=1)
        pre, post = (
            net.add(neurons, source, "sources"),
            net.add(neurons, rv.LIF(v_threshold=1000.0, input=rv.ImpulseInput()), "cells"),
        )
        weight: Any = 0.01 * mV
        delay: Any = 1.5 * ms
        if kind == "each":
            weight, delay = Normal(weight, 0.1 * weight, low=0.0), Normal(delay, delay / 2, low=0.05 * ms)
        net.connect(pre, post, rv.FixedInDegree(each), weight=weight, delay=delay)
        start = time.perf_counter()
        net.build()
        building = time.perf_counter() - start
        net.run(0.001)
        silent = net.run(half - 0.001, progress=False)
        active = net.run(half, progress=False)
        events = spikes * each
        apart = active.real_time_factor - silent.real_time_factor
        found[kind] = {
            "build": building, "silent": silent.real_time_factor, "active": active.real_time_factor, "events": events / half,
            "ns_event": apart * half / events * 1e9, "ns_build": building / (neurons * each) * 1e9,
        }  # fmt: skip
        del net
    return found
