"""When would it pay to update a neuron only when a spike arrives, and not in each step?

    python benchmarks/event_driven.py

A LIF with two exponential synaptic currents has a closed form, so a simulator may leave a neuron alone until something arrives. Compared here are
the step that a population of `ranvier.Network` takes for all neurons, vectorised, and the least that an update at an arrival can cost: the
closed form from the last arrival to this one and a bound on whether the membrane could reach its threshold until the next, with all states
in cache. The search for the crossing, the queue of predicted spikes and the sorting of arrivals are left out, in favour of events.

Printed: nanoseconds of each, in one process, interleaved, medians; and the rate of arrivals at a neuron below which events would win, beside the
rates of the standard networks.
"""

import argparse
import math
import statistics
import time

import numpy as np
import torch
from numba import njit

import ranvier as rv
from ranvier.units import ms, mV

DT = 0.1 * ms
NEURONS, EVENTS, STEPS = 4000, 400_000, 3000
TAU, TAU_EXC, TAU_INH, THRESHOLD = 0.020, 0.005, 0.010, 0.010
# Arrivals at a neuron in a second: synapses of a neuron times the rate of those that they come from.
NETWORKS = {
    "CUBA": 80 * 5.8,
    "COBA": 80 * 21.0,
    "Brunel, g = 5, eta = 2": 1250 * 37.8 + 1000 * 20.0,
    "microcircuit": 3873 * 3.2 + 15_000,
}


@njit(error_model="numpy", fastmath=False)
def arrivals(who, when, weight, last, v, exc, inh):
    """Brings neuron who[k] to when[k] by the closed form, adds weight[k] to a current; returns how many may cross their threshold next."""
    a_exc, a_inh, close = TAU_EXC / (TAU_EXC - TAU), TAU_INH / (TAU_INH - TAU), 0
    for k in range(len(who)):
        j = who[k]
        passed = np.float32(when[k] - last[j])
        decay = math.exp(-passed / np.float32(TAU))
        e, i = math.exp(-passed / np.float32(TAU_EXC)), math.exp(-passed / np.float32(TAU_INH))
        v[j] = decay * v[j] + np.float32(a_exc) * (e - decay) * exc[j] + np.float32(a_inh) * (i - decay) * inh[j]
        exc[j] *= e
        inh[j] *= i
        if weight[k] > 0:
            exc[j] += weight[k]
        else:
            inh[j] += weight[k]
        last[j] = when[k]
        close += max(v[j], np.float32(0)) + exc[j] > np.float32(THRESHOLD)  # what v can reach is less than this
    return close


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cell = rv.CubaLIF(dt=DT, tau_mem=TAU, tau_syn=TAU_EXC, v_threshold=THRESHOLD)
    net = rv.Network(dt=DT, seed=0)
    net.add(NEURONS, cell, "cells").initialize(v=5 * mV)
    net.run(STEPS * DT)
    rng = np.random.default_rng(0)
    order = np.sort(rng.uniform(0, 1, EVENTS)).astype(np.float32)
    who, weight = rng.integers(0, NEURONS, EVENTS), rng.choice(np.float32([1e-4, -4e-4]), EVENTS)
    states = [np.zeros(NEURONS, np.float32) for _ in range(4)]
    arrivals(who, order, weight, *states)
    steps, events = [], []
    for _ in range(options.rounds):
        started = time.perf_counter()
        net.run(STEPS * DT)
        steps.append((time.perf_counter() - started) / (STEPS * NEURONS) * 1e9)
        for s in states:
            s[:] = 0
        started = time.perf_counter()
        arrivals(who, order, weight, *states)
        events.append((time.perf_counter() - started) / EVENTS * 1e9)
    step, event = statistics.median(steps), statistics.median(events)
    even = step / (event * DT)
    print(
        f"a step of a neuron           {step:6.2f} ns   ({step / DT * 1e-3:.1f} ms a biological second of 1,000 neurons)"
    )
    print(f"an arrival, closed form      {event:6.2f} ns")
    print(f"events win below             {even:6.0f} arrivals a second at a neuron, dt = {DT * 1e3:g} ms")
    for name, rate in NETWORKS.items():
        print(f"  {name:24s} {rate:8.0f} arrivals a second: events would take {rate / even:5.1f} times as long")


if __name__ == "__main__":
    main()
