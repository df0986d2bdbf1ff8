"""The time loop of a simulated network: spikes are delivered, populations take a step, what they fire is kept.

Threads own neurons: each delivers to, and advances, its own part of every population, so nothing is written by two of them, and a sum is taken
in the same order for any number of threads. They meet once a window, the shortest delay of the network: until then no spike of the window
can arrive.

A spike is not sent into a queue: it waits in the list of its step (`ring`), and the rows of weights are read when it arrives. Rows are grouped
by delay, so that all that arrives in a step is added to the ports of the populations, which stay in cache, and not to a ring of them. What a
row has for one delay, a *segment*, is short and far from the one before: some dozens are collected, so that memory fetches them side by side.
"""

import numpy as np

from ranvier.kernels.cpu.compile import kernel, kernel_inline, kernel_uncounted
from ranvier.kernels.cpu.noise import bits, keys_at, normal, unit
from ranvier.kernels.cpu.openmp import fork
from ranvier.kernels.cpu.plasticity import SPAN, WORD
from ranvier.kernels.cpu.population import LANES
from ranvier.kernels.cpu.raw import begin, call, fetch, flush, get, put, restore

# Columns of `populations`: where things are, see `population.ARGUMENTS`. SIZE: numbers of a block; KEY: of its random numbers.
# HISTORY: first line of its neurons in `history`, -1 for none.
ADDRESS, PLACE, NUMBERS, COUNT, BORN, SIZE, HISTORY, KEY = range(8)
# Columns of `bundles`, the rows of weights of the neurons of one population: SOURCE: which; DELAYS: first of its delays in `delays`, and MANY, how many;
# ROWS: its first row in `starts`; SEGMENTS: its first segment in `ends`; WEIGHTS: what to add to a place in `targets` for that in `weights`,
# unless SAME, where all have one weight, row_weights[WEIGHTS]; LATE: whether impulses are added after the step (`late.py`).
# Plastic ones have a RULE, the address of a kernel of `plasticity.py`: `targets` are then neurons of population POST, at whose port PORT spikes arrive;
# VALUES and TABLE: of the rule's parameters and decays; VISITS: first in `visits`, twice the step of the last visit to a segment by a part, and
# 1 more where a spike arrived then. A rule with `each_step` has in CLOCK the address of the kernel that ends a step; READS: first in `reads`, where
# the states that it reads stand in a block of its neurons; MOODS: first of its modulators.
SOURCE, DELAYS, MANY, ROWS, SEGMENTS, WEIGHTS, SAME, LATE = range(8)
RULE, POST, PORT, VALUES, TABLE, VISITS, CLOCK, READS, MOODS, WIDTH = range(8, 18)
# Columns of `drives`: a Poisson number of impulses of the weight drive_weights[k, 0], or, without LEVELS, a normal number of that mean and of the
# standard deviation drive_weights[k, 1], in each step. TO: population; FIELD: where they are added, and AFTER, whether after the step; FIRST: of `levels`, and
# LEVELS, how many; STREAM: key.
TO, FIELD, FIRST, LEVELS, STREAM, AFTER = range(6)
# Columns of `probes`: fields that are recorded. EVERY: steps; OFFSET: where in `probed`; INDICES: first in `probe_index`, WIDE: how many.
EVERY, OFFSET, INDICES, WIDE, SAMPLES = range(5)
QUEUE = 32  # segments whose memory is fetched at once
AHEAD, LINE = 64, 16  # of a segment, how many synapses at most; targets in a line of memory


@kernel
def simulate(address, threads, parts, first, last, window, arguments):
    """Steps [first, last) of a network; returns whether a part failed. address: of `advance`; arguments: its own before `parts`."""
    if parts == 1:
        return begin(address, (*arguments, parts, first, first, last, 0, 1))
    failed, t = False, first
    while t < last and not failed:
        until = min(t + window, last)
        failed = fork(address, threads, parts, parts, (*arguments, parts, first, t, until)) != 0
        t = until
    return failed


@kernel_uncounted
def advance(
    data, values, populations, own, mask, words,
    bundles, delays, starts, ends, cuts, targets, weights, row_weights,
    ring, bounds, given_start, given,
    rule_values, tables, states, visits, history, fired_so_far,
    firing, reads, moods, fading, reward_start, reward_which, reward_amount,
    drives, levels, drive_weights, counts, dice, queue,
    probes, probe_index, probed,
    kept, kept_end,
    parts, start, t0, t1, part, stop,
):  # fmt: skip
    """Steps [t0, t1) of one part of a network, of a run that began at step `start`.

    own [parts, P, 2]: blocks of each population that a part owns. ring [slots, N]: neurons that fired in a step, each part's from its first
    neuron on; bounds [slots, parts, P + 1]: where the populations' begin. given_start [steps + 1], given: spikes of the sources that replay.
    states: weight and traces of plastic synapses; history [SPAN, lines], fired_so_far [lines]: when their neurons fired since SPAN last divided a
    step. firing [lines]: whether their neurons fire in the step. moods [parts, M]: modulators, each part's own copy, and `fading`, by which they
    decay in a step; reward_start [steps + 1], reward_which, reward_amount: what is added to them. kept [parts, room], kept_end [parts, steps + 1]: all
    spikes of the run. counts, dice [parts, LANES], queue [parts, 3, QUEUE]: scratch.
    """
    before = flush()
    wires = (bundles, starts, ends, cuts, targets, populations)
    learned = (rule_values, tables, states, visits, history, fired_so_far)
    arriving = (delays, weights, row_weights, ring, bounds, queue, wires, learned)
    random = (drives, levels, drive_weights, populations, own, counts, dice)
    early, late = not bundles[:, LATE].all(), bundles[:, LATE].any()
    driven, driven_late, swept = not drives[:, AFTER].all(), drives[:, AFTER].any(), bundles[:, CLOCK].any()
    for t in range(t0, t1):
        if t % SPAN == 0 and t > 0:
            visit_all(t, part, parts, data, wires, learned)
            forget(part, populations, own, fired_so_far)
        for e in range(reward_start[t - start], reward_start[t - start + 1]):
            moods[part, reward_which[e]] += reward_amount[e]
        if early:
            deliver(t, False, part, parts, data, arriving)
        if driven:
            impulses(t, False, part, data, random)
        slot = t % len(ring)
        first = bounds[slot, part, 0]
        count = first
        for p in range(len(populations)):
            bounds[slot, part, p] = count
            f = populations[p]
            a, b = own[part, p, 0], own[part, p, 1]
            if a < b and f[ADDRESS] != 0:
                count = call(
                    f[ADDRESS],
                    (
                        data, values, mask[part], words[part], ring[slot], f[PLACE], f[NUMBERS], f[COUNT], f[BORN], a, b, count, f[KEY], t,
                    ),
                )  # fmt: skip
            elif a < b:
                for e in range(given_start[t - start], given_start[t - start + 1]):
                    j = given[e] - f[BORN]
                    if a * LANES <= j < b * LANES and j < f[COUNT]:
                        ring[slot, count] = given[e]
                        count += 1
            if f[HISTORY] >= 0:
                for e in range(bounds[slot, part, p], count):
                    line = f[HISTORY] + ring[slot, e] - f[BORN]
                    word = fired_so_far[line]
                    history[(word & WORD) * len(fired_so_far) + line] = t % SPAN
                    fired_so_far[line] = ((word & WORD) + 1) | (t % SPAN) << 16 | ((word >> 16) << 32)
                    firing[line] = 1
        bounds[slot, part, len(populations)] = count
        if late:
            deliver(t, True, part, parts, data, arriving)
        if driven_late:
            impulses(t, True, part, data, random)
        if swept:
            sweep_all(t, part, parts, data, wires, learned, firing, reads, moods[part])
        for p in range(len(populations)):
            if populations[p, HISTORY] >= 0:
                for e in range(bounds[slot, part, p], bounds[slot, part, p + 1]):
                    firing[populations[p, HISTORY] + ring[slot, e] - populations[p, BORN]] = 0
        for m in range(len(fading)):
            moods[part, m] *= fading[m]
        place = kept_end[part, t - start]
        if kept.shape[1] > 0:
            for e in range(first, count):
                kept[part, place + e - first] = ring[slot, e]
            place += count - first
        kept_end[part, t - start + 1] = place
        for k in range(len(probes)):
            sample(t, start, part, k, data, populations, own, probes, probe_index, probed)
    restore(before)


@kernel_uncounted
def deliver(t, late, part, parts, data, arriving):
    """Adds the weights of the spikes that arrive in step t, before it or late, to this part's neurons."""
    delays, weights, row_weights, ring, bounds, queue, wires, learned = arriving
    bundles, _, ends, cuts, _, populations = wires
    slots = len(ring)
    for k in range(len(bundles)):
        if (bundles[k, LATE] != 0) != late:
            continue
        source, many, count = bundles[k, SOURCE], bundles[k, MANY], 0
        born = populations[source, BORN]
        for d in range(many):
            fired = t - delays[bundles[k, DELAYS] + d]
            if fired < 0:
                continue
            slot = fired % slots
            for other in range(parts):
                for e in range(bounds[slot, other, source], bounds[slot, other, source + 1]):
                    at = (ring[slot, e] - born) * many + d
                    fetch(ends, bundles[k, SEGMENTS] + at)
                    fetch(cuts, (bundles[k, SEGMENTS] + at) * (parts - 1))
                    queue[part, 0, count] = at
                    count += 1
                    if count == QUEUE:
                        serve(t, k, count, queue[part], part, parts, data, weights, row_weights, wires, learned)
                        count = 0
        if count > 0:
            serve(t, k, count, queue[part], part, parts, data, weights, row_weights, wires, learned)


@kernel_uncounted
def serve(t, k, count, queue, part, parts, data, weights, row_weights, wires, learned):
    """Delivers the first `count` segments of a queue [3, QUEUE]: which of the bundle they are, and scratch for where they lie."""
    bundles, targets = wires[0], wires[4]
    many, shift, same, plastic = bundles[k, MANY], bundles[k, WEIGHTS], bundles[k, SAME] != 0, bundles[k, RULE] != 0
    for q in range(count):
        low, high = segment(k, queue[0, q] // many, queue[0, q] % many, part, parts, wires)
        queue[1, q], queue[2, q] = low, high
        for e in range(low, min(high, low + AHEAD), LINE):
            fetch(targets, e)
            if not (same or plastic):
                fetch(weights, e + shift)
    for q in range(count):
        low, high = queue[1, q], queue[2, q]
        if plastic:
            visit(t, k, queue[0, q] // many, queue[0, q] % many, part, low, high, True, data, wires, learned)
        elif same:
            add_same(data, targets, row_weights[shift], low, high)
        else:
            add_each(data, targets, weights, shift, low, high)


@kernel_inline
def segment(k, row, d, part, parts, wires):
    """Ends of a part's synapses of a row that have one delay."""
    bundles, starts, ends, cuts, _, _ = wires
    at = bundles[k, SEGMENTS] + row * bundles[k, MANY] + d
    base = starts[bundles[k, ROWS] + row]
    low = base + (np.int64(ends[at - 1]) if d > 0 else 0)
    high = base + np.int64(ends[at])
    if part + 1 < parts:
        high = base + np.int64(cuts[at * (parts - 1) + part])
    if part > 0:
        low = base + np.int64(cuts[at * (parts - 1) + part - 1])
    return low, high


@kernel_uncounted
def visit(t, k, row, d, part, low, high, arrives, data, wires, learned):
    """Brings a segment of plastic synapses up to date."""
    bundles, _, _, _, targets, populations = wires
    rule_values, tables, states, visits, history, fired_so_far = learned
    b, post = bundles[k], bundles[k, POST]
    at = b[VISITS] + row * b[MANY] + d
    last = visits[at, part]
    call(
        b[RULE],
        (
            data, rule_values, b[VALUES], tables, b[TABLE], targets, states, b[WEIGHTS], low, high, t, last >> 1, (last & 1) != 0, arrives,
            populations[post, PLACE], populations[post, SIZE], b[PORT], history, fired_so_far, populations[post, HISTORY],
            t // SPAN * SPAN if t % SPAN or arrives else t - SPAN,
        ),
    )  # fmt: skip
    visits[at, part] = 2 * t + arrives


@kernel_uncounted
def visit_all(t, part, parts, data, wires, learned):
    """Brings all of a part's plastic synapses up to date: with what happened before step t. Those that are swept in every step are so already.

    wires: bundles, starts, ends, cuts, targets, populations; learned: rule_values, tables, states, visits, history, fired_so_far.
    """
    bundles, populations = wires[0], wires[5]
    before = flush()  # it is asked for from outside of a run too
    for k in range(len(bundles)):
        if bundles[k, RULE] != 0 and bundles[k, CLOCK] == 0:
            for row in range(populations[bundles[k, SOURCE], COUNT]):
                for d in range(bundles[k, MANY]):
                    low, high = segment(k, row, d, part, parts, wires)
                    visit(t, k, row, d, part, low, high, False, data, wires, learned)
    restore(before)


@kernel_uncounted
def sweep_all(t, part, parts, data, wires, learned, firing, reads, moods):
    """Ends step t for a part's synapses of rules with `each_step`: neighbouring segments to which the same happened at once."""
    bundles, populations, visits = wires[0], wires[5], learned[3]
    for k in range(len(bundles)):
        b = bundles[k]
        if b[CLOCK] != 0:
            for row in range(populations[b[SOURCE], COUNT]):
                begin = end = np.int64(0)
                before = False
                for d in range(b[MANY]):
                    low, high = segment(k, row, d, part, parts, wires)
                    at = b[VISITS] + row * b[MANY] + d
                    arrived = visits[at, part] == 2 * t + 1
                    visits[at, part] = 2 * t + 2
                    if low < high:
                        if begin < end and (low != end or arrived != before):
                            sweep(b, begin, end, before, data, wires, learned, firing, reads, moods)
                            begin = low
                        elif begin == end:
                            begin = low
                        end, before = high, arrived
                if begin < end:
                    sweep(b, begin, end, before, data, wires, learned, firing, reads, moods)


@kernel_uncounted
def sweep(b, low, high, arrived, data, wires, learned, firing, reads, moods):
    """Ends a step for some synapses of a row."""
    _, _, _, _, targets, populations = wires
    rule_values, tables, states, _, _, _ = learned
    post = b[POST]
    call(
        b[CLOCK],
        (
            data, rule_values, b[VALUES], tables, b[TABLE], targets, states, b[WEIGHTS], low, high, arrived,
            firing, populations[post, HISTORY], populations[post, PLACE], populations[post, SIZE], reads, b[READS], moods, b[MOODS],
        ),
    )  # fmt: skip


@kernel_uncounted
def forget(part, populations, own, fired_so_far):
    """Empties the histories of a part's neurons."""
    for p in range(len(populations)):
        line = populations[p, HISTORY]
        if line >= 0:
            for j in range(own[part, p, 0] * LANES, min(own[part, p, 1] * LANES, populations[p, COUNT])):
                fired_so_far[line + j] = 0


@kernel_inline
def add_same(data, targets, weight, low, high):
    for e in range(low, high):
        to = np.int64(get(targets, e))
        put(data, to, get(data, to) + weight)


@kernel_inline
def add_each(data, targets, weights, shift, low, high):
    for e in range(low, high):
        to = np.int64(get(targets, e))
        put(data, to, get(data, to) + get(weights, e + shift))


@kernel_uncounted
def impulses(t, late, part, data, random):
    """Adds the random impulses of the drives that come before the step, or late."""
    for k in range(len(random[0])):
        if (random[0][k, AFTER] != 0) == late:
            impulses_of(t, k, part, data, random)


@kernel_uncounted
def impulses_of(t, k, part, data, random):
    """Adds random impulses to each neuron. A Poisson number: how many of the levels of the distribution function its random bits exceed."""
    drives, levels, drive_weights, populations, own, counts, dice = random
    p = drives[k, TO]
    size, place, n = populations[p, SIZE], populations[p, PLACE], populations[p, COUNT]
    low, high = keys_at(drives[k, STREAM], t)
    weight, deviation, c, h = drive_weights[k, 0], drive_weights[k, 1], counts[part], dice[part]
    for q in range(own[part, p, 0], own[part, p, 1]):
        m = min(LANES, n - q * LANES)
        to = place + q * size + drives[k, FIELD] * LANES
        for j in range(m):
            put(c, j, np.int32(0))
            put(h, j, bits(low, high, q * LANES + j))
        if drives[k, LEVELS] == 0:
            for j in range(m):
                put(data, to + j, get(data, to + j) + data.dtype.type(weight + deviation * normal(unit(get(h, j)))))
            continue
        for e in range(drives[k, FIRST], drives[k, FIRST] + drives[k, LEVELS], 4):
            l0, l1, l2, l3 = levels[e], levels[e + 1], levels[e + 2], levels[e + 3]
            for j in range(m):
                x = get(h, j)
                put(c, j, get(c, j) + np.int32(x > l0) + np.int32(x > l1) + np.int32(x > l2) + np.int32(x > l3))
        for j in range(m):
            put(data, to + j, get(data, to + j) + weight * data.dtype.type(get(c, j)))


@kernel_uncounted
def sample(t, start, part, k, data, populations, own, probes, probe_index, probed):
    """Keeps the fields that a probe asks for, of this part's neurons, at the end of step t."""
    probe = probes[k]
    if (t + 1) % probe[EVERY] != 0:
        return
    row = (t + 1) // probe[EVERY] - start // probe[EVERY] - 1
    p = probe[SAMPLES]
    size, place = populations[p, SIZE], populations[p, PLACE]
    low, high = place + own[part, p, 0] * size, place + own[part, p, 1] * size
    for e in range(probe[WIDE]):
        at = probe_index[probe[INDICES] + e]
        if low <= at < high:
            probed[probe[OFFSET] + row * probe[WIDE] + e] = data[at]
