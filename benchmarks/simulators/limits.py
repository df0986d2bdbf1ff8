"""What the machine allows: the same arithmetic in the barest loops, one core, float32. Nothing is recorded, no delay is kept, no thread is waited for."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

from ranvier.kernels.cpu.population import LANES
from ranvier.kernels.cpu.raw import get, put
from simulators.rows import CONDUCTANCE, CURRENT, DELTA, HODGKIN_HUXLEY, Row

SECONDS = 0.1  # least length of a measurement
MOST = 16_000_000  # synapses of which rows are drawn: more than any cache holds
EVENTS = 400_000  # of a call
FIELDS = 6  # numbers of a neuron, which stand in blocks of LANES as Ranvier's do: else the loops are not vectorised
LIMIT = {"fastmath": True, "error_model": "numpy", "nogil": True}


@njit(**LIMIT)
def same(vector, targets, rows, length, weight):
    """Events of one weight: rows of `length` targets."""
    for k in range(len(rows)):
        for e in range(rows[k] * length, (rows[k] + 1) * length):
            vector[targets[e]] += weight


@njit(**LIMIT)
def each(vector, targets, weights, rows, length):
    """Events of a weight each."""
    for k in range(len(rows)):
        for e in range(rows[k] * length, (rows[k] + 1) * length):
            vector[targets[e]] += weights[e]


@njit(**LIMIT)
def learning(vector, targets, weights, traces, rows, length):
    """Events that change their weight and a trace."""
    for k in range(len(rows)):
        for e in range(rows[k] * length, (rows[k] + 1) * length):
            w, x = weights[e], traces[e]
            vector[targets[e]] += w
            weights[e] = min(max(w - np.float32(0.01) * w * x, np.float32(0)), np.float32(70))
            traces[e] = x * np.float32(0.9) + np.float32(1)


@njit(inline="always", **LIMIT)
def fires(data, mask, w, j, new):
    """Threshold, reset and refractory period of a neuron whose v and waiting time are the first fields of the block at w."""
    one, waits = np.float32(1), get(data, w + LANES + j)
    still = np.float32(
        waits > np.float32(0)
    )  # sums in place of branches, which would keep the loop from being vectorised
    u = still * get(data, w + j) + (one - still) * new
    over = np.float32(u > one)
    put(data, w + j, u * (one - over))
    put(data, w + LANES + j, over * np.float32(50) + (one - over) * (waits - still))
    put(mask, j, u > one)


@njit(**LIMIT)
def current(data, mask, blocks):
    """Exact step with two synaptic currents."""
    for q in range(blocks):
        w = q * FIELDS * LANES
        for j in range(LANES):
            a, b = get(data, w + 2 * LANES + j), get(data, w + 3 * LANES + j)
            fires(
                data, mask, w, j, get(data, w + j) * np.float32(0.995) + a * np.float32(0.005) + b * np.float32(0.004)
            )
            put(data, w + 2 * LANES + j, a * np.float32(0.98))
            put(data, w + 3 * LANES + j, b * np.float32(0.99))


@njit(**LIMIT)
def conductance(data, mask, blocks):
    """Exponential Euler with two conductances: a polynomial for the exponential of a small number, one division."""
    for q in range(blocks):
        w = q * FIELDS * LANES
        for j in range(LANES):
            a, b = get(data, w + 2 * LANES + j), get(data, w + 3 * LANES + j)
            g = np.float32(1) + a + b
            x = g * np.float32(-0.005)
            e = np.float32(1) + x * (
                np.float32(1) + x * (np.float32(0.5) + x * (np.float32(1 / 6) + x * np.float32(1 / 24)))
            )
            rest = (a * np.float32(6) - b * np.float32(2)) / g
            fires(data, mask, w, j, rest + (get(data, w + j) - rest) * e)
            put(data, w + 2 * LANES + j, a * np.float32(0.98))
            put(data, w + 3 * LANES + j, b * np.float32(0.99))


@njit(**LIMIT)
def delta(data, mask, blocks):
    """Decay and jumps."""
    for q in range(blocks):
        w = q * FIELDS * LANES
        for j in range(LANES):
            fires(data, mask, w, j, get(data, w + j) * np.float32(0.995) + get(data, w + 2 * LANES + j))
            put(data, w + 2 * LANES + j, np.float32(0))


@njit(inline="always", **LIMIT)
def exponential(x):
    """exp(x) of |x| < 10 to about 1e-6, without a call: a polynomial of x/32, squared five times."""
    x = x * np.float32(1 / 32)
    y = np.float32(1 / 24) + x * (np.float32(1 / 120) + x * np.float32(1 / 720))
    y = np.float32(1) + x * (np.float32(1) + x * (np.float32(0.5) + x * (np.float32(1 / 6) + x * y)))
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    return y * y


@njit(inline="always", **LIMIT)
def relaxes(x, opens, closes):
    """A gate after a step of 0.1 ms."""
    both = opens + closes
    return opens / both + (x - opens / both) * exponential(np.float32(-0.1) * both)


@njit(**LIMIT)
def gates(data, mask, blocks):
    """Exponential Euler of a Traub-Miles neuron: ten exponentials and about as many divisions."""
    one = np.float32(1)
    for q in range(blocks):
        w = q * FIELDS * LANES
        for j in range(LANES):
            v = get(data, w + j)
            u = v + np.float32(1e-3)
            x, y, z = np.float32(13) - u, u - np.float32(40), np.float32(15) - u
            am = np.float32(0.32) * x / (exponential(x * np.float32(0.25)) - one)
            bm = np.float32(0.28) * y / (exponential(y * np.float32(0.2)) - one)
            ah = np.float32(0.128) * exponential((np.float32(17) - u) * np.float32(1 / 18))
            bh = np.float32(4) / (one + exponential(y * np.float32(-0.2)))
            an = np.float32(0.032) * z / (exponential(z * np.float32(0.2)) - one)
            bn = np.float32(0.5) * exponential((np.float32(10) - u) * np.float32(1 / 40))
            m = relaxes(get(data, w + LANES + j), am, bm)
            h = relaxes(get(data, w + 2 * LANES + j), ah, bh)
            n = relaxes(get(data, w + 3 * LANES + j), an, bn)
            a, b = get(data, w + 4 * LANES + j), get(data, w + 5 * LANES + j)
            na, k = np.float32(100) * m * m * m * h, np.float32(30) * n * n * n * n
            g = np.float32(0.05) + na + k + a + b
            rest = (na * np.float32(113) - k * np.float32(27) + a * np.float32(63)) / g
            new = rest + (v - rest) * exponential(np.float32(-0.1) * g)
            put(mask, j, (new > np.float32(43)) & (v <= np.float32(43)))
            put(data, w + j, new)
            put(data, w + LANES + j, m)
            put(data, w + 2 * LANES + j, h)
            put(data, w + 3 * LANES + j, n)
            put(data, w + 4 * LANES + j, a * np.float32(0.98))
            put(data, w + 5 * LANES + j, b * np.float32(0.99))


@njit(**LIMIT)
def impulses(data, dice, levels, blocks):
    """A Poisson number for each neuron: random bits of a counter against twelve levels of the distribution function."""
    l0, l1, l2, l3, l4, l5 = levels[0], levels[1], levels[2], levels[3], levels[4], levels[5]
    l6, l7, l8, l9, l10, l11 = levels[6], levels[7], levels[8], levels[9], levels[10], levels[11]
    for q in range(blocks):
        w = q * FIELDS * LANES + 2 * LANES
        for j in range(LANES):
            x = np.uint32(np.uint32(np.uint32(q * LANES + j) * np.uint32(0x9E3779B9)))
            x = np.uint32(np.uint32(x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
            x = np.uint32(np.uint32(x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
            put(dice, j, x)
        for j in range(LANES):
            x = get(dice, j)
            few = (
                np.int32(x > l0)
                + np.int32(x > l1)
                + np.int32(x > l2)
                + np.int32(x > l3)
                + np.int32(x > l4)
                + np.int32(x > l5)
            )
            many = (
                np.int32(x > l6)
                + np.int32(x > l7)
                + np.int32(x > l8)
                + np.int32(x > l9)
                + np.int32(x > l10)
                + np.int32(x > l11)
            )
            put(data, w + j, get(data, w + j) + np.float32(np.int32(few + many)) * np.float32(0.001))


def _ns(call: Callable[[], object], work: int) -> float:
    """Nanoseconds of the processor's time a unit of work, after an untimed call."""
    call()
    start, calls = time.process_time(), 0
    while (spent := time.process_time() - start) < SECONDS:
        call()
        calls += 1
    return spent / (calls * work) * 1e9


@lru_cache(maxsize=4)
def _events(neurons: int, length: int, synapses: int, kind: str) -> tuple[Callable[[], object], int]:
    """A call that delivers events to random targets among `neurons`, and how many."""
    rng = np.random.default_rng(0)
    count = max(1, synapses // length)
    vector, targets = np.zeros(neurons, np.float32), rng.integers(0, neurons, count * length).astype(np.uint32)
    rows = rng.integers(0, count, max(1, EVENTS // length)).astype(np.uint64)
    done = len(rows) * length
    size = np.uint64(length)
    if kind == "same":
        return lambda: same(vector, targets, rows, size, np.float32(1e-3)), done
    weights = rng.random(count * length, np.float32)
    if kind == "each":
        return lambda: each(vector, targets, weights, rows, size), done
    traces = np.zeros(count * length, np.float32)
    return lambda: learning(vector, targets, weights, traces, rows, size), done


@lru_cache(maxsize=4)
def _blocks(neurons: int) -> tuple[Any, int]:
    """Numbers of all neurons, in blocks of FIELDS times LANES, and the number of blocks."""
    blocks = -(-neurons // LANES)
    return np.random.default_rng(0).random(blocks * FIELDS * LANES, np.float32), blocks


def _step(neurons: int, cell: str) -> Callable[[], object]:
    data, blocks = _blocks(neurons)
    mask = np.zeros(LANES, np.uint8)
    kernel: Any = {CURRENT: current, CONDUCTANCE: conductance, DELTA: delta, HODGKIN_HUXLEY: gates}[cell]
    return lambda: kernel(data, mask, blocks)


def _drive(neurons: int) -> Callable[[], object]:
    data, blocks = _blocks(neurons)
    levels, dice = np.linspace(2**28, 2**32 - 1, 12).astype(np.uint32), np.zeros(LANES, np.uint32)
    return lambda: impulses(data, dice, levels, blocks)


def sample(row: Row) -> dict[str, float]:
    """Nanoseconds: l1, l2: an event of one weight among 4,000 neurons, and of a weight each among 77,169 (309 kB); event, learning: at the row's own

    shape; neuron: a neuron's step; poisson: a number. learning and poisson are 0 where the row has none.
    """
    length = max(1, row.synapses // row.neurons)
    several = any(p.weight_sd and not p.plastic for p in row.projections)
    learns = any(p.plastic for p in row.projections)
    own = (row.neurons, length, min(row.synapses, MOST))
    return {
        "l1": _ns(*_events(4000, 80, 320_000, "same")),
        "l2": _ns(*_events(77_169, 3873, MOST, "each")),
        "event": _ns(*_events(*own, "each" if several else "same")),
        "learning": _ns(*_events(*own, "learning")) if learns else 0.0,
        "neuron": _ns(_step(row.neurons, row.cell), row.neurons),
        "poisson": _ns(_drive(row.neurons), row.neurons) if row.drives else 0.0,
    }
