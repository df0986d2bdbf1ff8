"""Who is connected to whom, and how the rows of synapses are laid out for delivery.

Every row of a pattern is a function of a key and the number of its presynaptic neuron, so that wiring depends neither on threads nor on how
many rows are asked for at once.
"""

import numpy as np

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.noise import bits, keys_at, normal, unit

# kinds of distributions of `draw`: parameters a, b
NORMAL, UNIFORM, LOGNORMAL, EXPONENTIAL = range(4)
TRIES = 256  # draws of a number that must lie within bounds, before the nearest bound is taken


@kernel
def count_bernoulli(key, n, p, counts, first, last):
    """counts[r]: how many of n postsynaptic neurons the rows [first, last) reach, each with probability p."""
    for r in range(first, last):
        counts[r] = _skip(key, r, n, p, counts, 0, False)


@kernel
def fill_bernoulli(key, n, p, starts, origin, posts, first, last):
    """posts: their numbers, rising. Row r begins at posts[starts[r] - origin]."""
    for r in range(first, last):
        _skip(key, r, n, p, posts, starts[r] - origin, True)


@kernel
def _skip(key, r, n, p, posts, place, write):
    """Geometric steps from one connected neuron to the next."""
    if p <= 0:
        return 0
    low, high = keys_at(key, r)
    scale = 1.0 / np.log1p(-p) if p < 1 else 0.0
    count, j = 0, -1
    while True:
        j += 1 + np.int64(np.log(unit(bits(low, high, count))) * scale)
        if j >= n:
            return count
        if write:
            posts[place + count] = j
        count += 1


@kernel
def fill_uniform(key, n, starts, origin, posts, first, last):
    """Postsynaptic neurons drawn with replacement, as many in each row as `starts` has room for."""
    for r in range(first, last):
        low, high = keys_at(key, r)
        place = starts[r] - origin
        for k in range(starts[r + 1] - starts[r]):
            posts[place + k] = np.uint32((np.uint64(bits(low, high, k)) * np.uint64(n)) >> np.uint64(32))


@kernel
def fill_distinct(key, n, starts, origin, posts, first, last):
    """As `fill_uniform`, without replacement: Floyd's sample, row by row (Bentley and Floyd 1987)."""
    seen = np.zeros(n, np.bool_)
    for r in range(first, last):
        low, high = keys_at(key, r)
        place, k = starts[r] - origin, starts[r + 1] - starts[r]
        for i in range(k):
            top = n - k + i
            j = np.int64((np.uint64(bits(low, high, i)) * np.uint64(top + 1)) >> np.uint64(32))
            if seen[j]:
                j = top
            seen[j] = True
            posts[place + i] = j
        for i in range(k):
            seen[np.int64(posts[place + i])] = False


@kernel
def draw(key, kind, a, b, least, most, starts, origin, out, first, last):
    """One number a synapse, of rows [first, last), drawn again until it lies in [least, most]."""
    for r in range(first, last):
        low, high = keys_at(key, r)
        place, count = starts[r] - origin, starts[r + 1] - starts[r]
        for k in range(count):
            value = np.float64(0)
            for attempt in range(TRIES):
                u = unit(bits(low, high, k + attempt * 0x01000193))
                if kind == UNIFORM:
                    value = a + (b - a) * u
                elif kind == EXPONENTIAL:
                    value = -a * np.log(u)
                else:
                    value = a + b * normal(u)
                    if kind == LOGNORMAL:
                        value = np.exp(value)
                if least <= value <= most:
                    break
            out[place + k] = min(max(value, least), most)


@kernel
def by_source(pre, each, n, starts, order):
    """Starts of the rows of n presynaptic neurons, and the order in which synapses, listed by their `pre`, stand in rows, counted in lots of `each`.

    In lots of one it is their place in the list; where each postsynaptic neuron in turn lists as many sources, it is that neuron.
    """
    for k in range(len(pre)):
        starts[np.int64(pre[k]) + 1] += 1
    for r in range(n):
        starts[r + 1] += starts[r]
    at = starts[:-1].copy()
    for k in range(len(pre)):
        r = np.int64(pre[k])
        order[at[r]] = k // each
        at[r] += 1


@kernel
def merge(
    begins, posts, values, delay_of, place, block, field, width, digits,
    starts, ends, many, targets, weights, shift, weighted, origin, first, last,
):  # fmt: skip
    """Rows [first, last) of one bundle, of the projections that share it: sorted by delay, then by target, ties in order.

    begins [P, rows + 1]: where the rows from `origin` on begin in posts (numbers of postsynaptic neurons), values (weights) and delay_of (which
    of the `many` delays). Projection p's target is data[place[p] + neuron // width * block[p] + field[p] + neuron % width]. The weight of
    targets[e] is weights[e + shift]. digits: bytes that the largest target has.
    """
    room = 0
    for r in range(first, last):
        room = max(room, starts[r + 1] - starts[r])
    to, to2 = np.empty(room, np.uint32), np.empty(room, np.uint32)
    w, w2 = np.empty(room, weights.dtype), np.empty(room, weights.dtype)
    d, d2 = np.empty(room, np.uint16), np.empty(room, np.uint16)
    bins = np.empty(max(256, many) + 1, np.int64)
    for r in range(first, last):
        n = 0
        for p in range(len(begins)):
            for e in range(begins[p, r - origin], begins[p, r - origin + 1]):
                j = np.int64(posts[e])
                to[n] = place[p] + j // width * block[p] + field[p] + j % width
                d[n] = delay_of[e]
                if weighted:
                    w[n] = values[e]
                n += 1
        for digit in range(digits):
            bins[:257] = 0
            right = np.uint32(8 * digit)
            for e in range(n):
                bins[np.int64((to[e] >> right) & np.uint32(255)) + 1] += 1
            for k in range(256):
                bins[k + 1] += bins[k]
            for e in range(n):
                k = np.int64((to[e] >> right) & np.uint32(255))
                at = bins[k]
                bins[k] = at + 1
                to2[at], d2[at] = to[e], d[e]
                if weighted:
                    w2[at] = w[e]
            to, to2, d, d2, w, w2 = to2, to, d2, d, w2, w
        bins[: many + 1] = 0
        for e in range(n):
            bins[np.int64(d[e]) + 1] += 1
        for k in range(many):
            bins[k + 1] += bins[k]
            ends[r * many + k] = bins[k + 1]
        base = starts[r]
        for e in range(n):
            k = np.int64(d[e])
            at = base + bins[k]
            bins[k] += 1
            targets[at] = to[e]
            if weighted:
                weights[at + shift] = w[e]


@kernel
def cut(starts, ends, many, targets, bound, cuts, parts, first, last):
    """cuts[segment, part]: where in its row the targets of a segment of rows [first, last) reach bound[part], the next part's first place."""
    for r in range(first, last):
        base = starts[r]
        for d in range(many):
            segment = r * many + d
            low = base + (np.int64(ends[segment - 1]) if d > 0 else 0)
            high = base + np.int64(ends[segment])
            for part in range(parts - 1):
                a, b = low, high
                while a < b:
                    middle = (a + b) // 2
                    if np.int64(targets[middle]) < bound[part]:
                        a = middle + 1
                    else:
                        b = middle
                cuts[segment * (parts - 1) + part] = a - base


@kernel
def fill_units(key, first_row, out, first, last):
    """out [rows, n]: numbers in (0, 1), those of row r of a key."""
    for r in range(first, last):
        low, high = keys_at(key, first_row + r)
        for j in range(out.shape[1]):
            out[r, j] = unit(bits(low, high, j))
