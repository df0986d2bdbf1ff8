"""The loops of convolutional synapses: patches of weights for events, and what their errors give back. `conv.py` prepares and calls them.

Pictures are flat [H, W, C]; g: `Geometry.numbers`; after, p: size behind the pooling and `Pooling.numbers`; decode: where an input's patch lies.
"""

import numpy as np

from ranvier.kernels.cpu.compile import kernel, kernel_inline
from ranvier.kernels.cpu.pool import pool_frame, unpool_frame
from ranvier.kernels.cpu.vector import LANES, add_rows, add_scaled_rows, add_stretch, add_stretch_scaled


@kernel_inline
def by_channel(index, begin, end, decode, bucket, order):
    """order[:end - begin] = the events of a row, channel by channel: the weights of one channel then stay in the first-level cache."""
    bucket[:] = 0
    for k in range(begin, end):
        bucket[decode[index[k], 0] + 1] += 1
    for c in range(1, bucket.shape[0]):
        bucket[c] += bucket[c - 1]
    for k in range(begin, end):
        c = decode[index[k], 0]
        order[bucket[c]] = index[k]
        bucket[c] += 1


@kernel_inline
def by_pixel(index, begin, end, decode, width, channels, at, order):
    """order[at[p]:at[p + 1]] = x * channels + channel of the events of a row at picture element p = y * width + x."""
    at[:] = 0
    for k in range(begin, end):
        at[decode[index[k], 7] + 2] += 1
    for p in range(2, at.shape[0]):
        at[p] += at[p - 1]
    for k in range(begin, end):
        d = decode[index[k]]
        p = d[7] + 1
        order[at[p]] = d[7] % width * channels + d[0]
        at[p] += 1


@kernel
def scatter_events(start, index, decode, weight, bias, g, out, arg, factor, after, p, first, last):
    """Pictures of currents: bias, and for each event the patch of its weights; pooled if p says so."""
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    own, per_group = outputs // groups, channels // groups
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, out.dtype)
    nothing = np.empty(0, np.uint8)
    longest = 0
    for r in range(start.shape[0] - 1):
        longest = max(longest, start[r + 1] - start[r])
    order, bucket = np.empty(longest, np.int32), np.empty(channels + 1, np.int64)
    shape = (high, wide, outputs, after[0], after[1])
    for r in range(first, last):
        frame = scratch if pooled else out[r]
        for q in range(high * wide):
            pixel = frame[q * outputs : (q + 1) * outputs]
            for o in range(outputs):
                pixel[o] = bias[o]
        by_channel(index, start[r], start[r + 1], decode, bucket, order)
        for k in range(start[r + 1] - start[r]):
            d = decode[order[k]]
            c, place, ox, count, ky, oy, lines = d[0], d[1], d[2], d[3], d[4], d[5], d[6]
            shift = (c // per_group) * own
            source = ((c * kh + ky) * kw + place) * own
            to = (oy * wide + ox) * outputs + shift
            for _ in range(lines):
                if groups == 1:
                    add_stretch(frame, to, weight, source, count * own)
                else:
                    for n in range(count):
                        add_stretch(frame, to + n * outputs, weight, source + n * own, own)
                source += sh * kw * own
                to -= wide * outputs
        if pooled:
            pool_frame(frame, out[r], arg[r] if arg.shape[0] else nothing, factor, shape, p)


@kernel
def gather_events(start, index, decode, weight, bias, g, out, arg, factor, after, p, first, last):
    """As `scatter_events`, output by output: the weights of the events in its patch, summed in registers. weight: as `pack_rows` lays it.

    Events are sorted by picture element first; those that an output meets in one line of its patch then stand in a row.
    """
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, out.dtype)
    nothing = np.empty(0, np.uint8)
    shape = (high, wide, outputs, after[0], after[1])
    longest = 0
    for r in range(start.shape[0] - 1):
        longest = max(longest, start[r + 1] - start[r])
    order, at = np.empty(longest, np.int32), np.empty(height * width + 2, np.int64)
    total = np.empty(LANES, out.dtype)
    for r in range(first, last):
        frame = scratch if pooled else out[r]
        by_pixel(index, start[r], start[r + 1], decode, width, channels, at, order)
        for q in range(weight.shape[0]):
            table, a = weight[q], q * LANES
            n = min(LANES, outputs - a)
            for oy in range(high):
                for ox in range(wide):
                    left = ox * sw - pw
                    low, top = max(0, left), min(width, left + kw)
                    for j in range(n):
                        total[j] = bias[a + j]
                    for ky in range(max(0, ph - oy * sh), min(kh, height + ph - oy * sh)):
                        line = (oy * sh - ph + ky) * width
                        add_rows(total, table, order, at[line + low], at[line + top], (ky * kw - left) * channels)
                    pixel = frame[(oy * wide + ox) * outputs + a : (oy * wide + ox) * outputs + a + n]
                    for j in range(n):
                        pixel[j] = total[j]
        if pooled:
            pool_frame(frame, out[r], arg[r] if arg.shape[0] else nothing, factor, shape, p)


@kernel
def correlate_events(start, index, decode, error, arg, scale, g, factor, after, p, weight_sums, bias_sums, first, last):
    """Partial sums [first, last) of the weight gradient: for each event, the errors of the patch that it reached, times scale."""
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    own, per_group = outputs // groups, channels // groups
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, error.dtype)
    nothing = np.empty(0, np.uint8)
    longest = 0
    for r in range(start.shape[0] - 1):
        longest = max(longest, start[r + 1] - start[r])
    order, bucket = np.empty(longest, np.int32), np.empty(channels + 1, np.int64)
    shape = (high, wide, outputs, after[0], after[1])
    rows, parts = error.shape[0], weight_sums.shape[0]
    for part in range(first, last):
        sums, bias = weight_sums[part], bias_sums[part]
        for r in range(rows * part // parts, rows * (part + 1) // parts):
            if pooled:
                unpool_frame(error[r], scratch, arg[r] if arg.shape[0] else nothing, factor, shape, p)
                frame = scratch
            else:
                frame = error[r]
            for q in range(high * wide):
                add_stretch(bias, 0, frame, q * outputs, outputs)
            by_channel(index, start[r], start[r + 1], decode, bucket, order)
            for k in range(start[r + 1] - start[r]):
                d = decode[order[k]]
                c, place, ox, count, ky, oy, lines = d[0], d[1], d[2], d[3], d[4], d[5], d[6]
                shift = (c // per_group) * own
                to = ((c * kh + ky) * kw + place) * own
                source = (oy * wide + ox) * outputs + shift
                for _ in range(lines):
                    if groups == 1:
                        add_stretch_scaled(sums, to, frame, source, count * own, scale)
                    else:
                        for n in range(count):
                            add_stretch_scaled(sums, to + n * own, frame, source + n * outputs, own, scale)
                    to += sh * kw * own
                    source -= wide * outputs


@kernel
def scatter_errors(error, arg, weight, g, factor, after, p, x_grad, first, last):
    """x_grad [H, W, C] of rows [first, last): for each output the errors that are not zero, times their weights, line by line of the patch.

    weight: [groups, kh, blocks, O / groups, LANES], a block being LANES of the kw * (C / groups) inputs of a line.
    """
    height, width, high, wide, channels, outputs, groups, kh, kw, sh, sw, ph, pw = g
    own, per_group = outputs // groups, channels // groups
    pooled = p[0] > 0
    scratch = np.empty(high * wide * outputs, error.dtype)
    nothing = np.empty(0, np.uint8)
    shape = (high, wide, outputs, after[0], after[1])
    index, value, total = np.empty(own, np.int32), np.empty(own, error.dtype), np.empty(LANES, error.dtype)
    for r in range(first, last):
        frame = error[r]
        if pooled:
            unpool_frame(error[r], scratch, arg[r] if arg.shape[0] else nothing, factor, shape, p)
            frame = scratch
        target = x_grad[r]
        target[:] = 0
        for oy in range(high):
            for ox in range(wide):
                left = ox * sw - pw
                low, top = max(0, -left) * per_group, min(kw, width - left) * per_group
                for group in range(groups):
                    pixel = frame[
                        (oy * wide + ox) * outputs + group * own : (oy * wide + ox) * outputs + (group + 1) * own
                    ]
                    count = 0
                    for o in range(own):
                        index[count], value[count] = o, pixel[o]
                        count += pixel[o] != 0
                    if count == 0:
                        continue
                    for ky in range(max(0, ph - oy * sh), min(kh, height + ph - oy * sh)):
                        line = ((oy * sh - ph + ky) * width + left) * channels + group * per_group
                        for q in range(weight.shape[2]):
                            total[:] = 0
                            add_scaled_rows(total, weight[group, ky, q], index, 0, count, 0, value)
                            a, b = max(low, q * LANES), min(top, (q + 1) * LANES)
                            if groups == 1:
                                if a < b:
                                    add_stretch(target, line + a, total, a - q * LANES, b - a)
                            else:
                                for j in range(a, b):
                                    target[line + j // per_group * channels + j % per_group] += total[j - q * LANES]
