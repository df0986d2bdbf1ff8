"""Random numbers as functions of a key and counters, so that they depend neither on threads nor on the order in which they are asked for.

Mixing: the finaliser of MurmurHash3 (Appleby 2011, public domain), twice over the last counter, with two keys that the first counters give.
"""

import hashlib

import numpy as np

from ranvier.kernels.cpu.compile import kernel, kernel_inline

GOLDEN = 0x9E3779B9  # 2^32 over the golden ratio: neighbouring counters land far apart


def key_of(seed: int, name: str) -> int:
    """The key of what is called `name` under a seed: 62 bits of their hash."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little") >> 2


@kernel_inline
def mixed(h):
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@kernel
def keys_at(key, counter):
    """Two keys of one counter under a key."""
    low, high = np.uint32(key & 0xFFFFFFFF), np.uint32((key >> 32) & 0xFFFFFFFF)
    a, b = np.uint32(counter & 0xFFFFFFFF), np.uint32((counter >> 32) & 0xFFFFFFFF)
    first = mixed(np.uint32(mixed(np.uint32(a + low)) ^ np.uint32(mixed(np.uint32(b ^ high)) * np.uint32(GOLDEN))))
    second = mixed(np.uint32(first + np.uint32(high ^ np.uint32(GOLDEN))))
    return first, second


@kernel_inline
def bits(first, second, counter):
    """32 random bits of a counter below 2^32 under two keys."""
    return mixed(np.uint32(mixed(np.uint32(np.uint32(np.uint32(counter) * np.uint32(GOLDEN)) + first)) ^ second))


@kernel_inline
def unit(random):
    """A number in (0, 1) of 32 random bits."""
    return (np.float64(random) + 0.5) * 2.0**-32


@kernel
def normal(p):
    """The standard normal number below which p lies: the inverse of the distribution function, to 1e-15.

    Source: Wichura (1988), algorithm AS 241, "The percentage points of the normal distribution", Applied Statistics 37(3), PPND16.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = 33430.575583588128105 + r * 2509.0809287301226727
        above = 45921.953931549871457 + r * (67265.770927008700853 + r * above)
        above = 1971.5909503065514427 + r * (13731.693765509461125 + r * above)
        above = 3.3871328727963666080 + r * (133.14166789178437745 + r * above)
        below = 28729.085735721942674 + r * 5226.4952788528545610
        below = 21213.794301586595867 + r * (39307.895800092710610 + r * below)
        below = 687.18700749205790830 + r * (5394.1960214247511077 + r * below)
        below = 1.0 + r * (42.313330701600911252 + r * below)
        return q * above / below
    r = np.sqrt(-np.log(p if q < 0 else 1 - p))
    if r <= 5:
        r -= 1.6
        above = 0.0227238449892691845833 + r * 0.000774545014278341407640
        above = 1.27045825245236838258 + r * (0.241780725177450611770 + r * above)
        above = 5.76949722146069140550 + r * (3.64784832476320460504 + r * above)
        above = 1.42343711074968357734 + r * (4.63033784615654529590 + r * above)
        below = 5.47593808499534494600e-4 + r * 1.05075007164441684324e-9
        below = 0.148103976427480074590 + r * (0.0151986665636164571966 + r * below)
        below = 1.67638483018380384940 + r * (0.689767334985100004550 + r * below)
        below = 1.0 + r * (2.05319162663775882187 + r * below)
    else:
        r -= 5
        above = 2.71155556874348757815e-5 + r * 2.01033439929228813265e-7
        above = 0.0265321895265761230930 + r * (0.00124266094738807843860 + r * above)
        above = 1.78482653991729133580 + r * (0.296560571828504891230 + r * above)
        above = 6.65790464350110377720 + r * (5.46378491116411436990 + r * above)
        below = 1.42151175831644588870e-7 + r * 2.04426310338993978564e-15
        below = 7.86869131145613259100e-4 + r * (1.84631831751005468180e-5 + r * below)
        below = 0.136929880922735805310 + r * (0.0148753612908506148525 + r * below)
        below = 1.0 + r * (0.599832206555887937690 + r * below)
    return -above / below if q < 0 else above / below
