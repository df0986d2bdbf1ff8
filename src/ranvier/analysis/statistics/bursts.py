"""Bursts: runs of short interspike intervals."""

from typing import Any

import numpy as np

from ranvier.analysis.checking import checked_train
from ranvier.units import ms


def bursts(
    times: Any,
    *,
    max_begin: float = 170 * ms,
    max_end: float = 300 * ms,
    min_between: float = 200 * ms,
    min_duration: float = 10 * ms,
    min_spikes: int = 3,
) -> np.ndarray:
    """Bursts by the max-interval method, int64 [bursts, 2]: burst k is times[first:end] with first, end = bursts[k].

    1. A burst begins with an interspike interval of at most `max_begin` and goes on while intervals are at most `max_end`.
    2. Neighbouring bursts less than `min_between` apart become one.
    3. Bursts shorter than `min_duration` or of fewer than `min_spikes` spikes are dropped.

    No burst, [0, 2], for fewer than two spikes.

    Args:
        times: spike times in seconds, strictly rising, [n].
        max_begin, max_end, min_between, min_duration: in seconds, 0 or above.
        min_spikes: 2 or more.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise or is not finite, or a limit outside its range.

    Source: the max-interval method of NeuroExplorer; defaults of Cotterill et al. 2016, Journal of Neurophysiology 116.

    Example:
        >>> bursts([0.0, 0.1, 0.2, 1.0, 2.0, 2.05, 2.1, 2.3]).tolist()
        [[0, 3], [4, 8]]
    """
    train = checked_train("bursts", "times", times, repeats=False)
    limits = {"max_begin": max_begin, "max_end": max_end, "min_between": min_between, "min_duration": min_duration}
    for name, limit in limits.items():
        if not limit >= 0:
            raise ValueError(f"bursts: {name} must be 0 s or above, got {limit}. Use for example {name}=100*ms.")
    if isinstance(min_spikes, bool) or not isinstance(min_spikes, int | np.integer) or min_spikes < 2:
        raise ValueError(f"bursts: min_spikes must be an int of 2 or more, got {min_spikes!r}. Use for example 3.")
    found: list[list[int]] = []
    inside = False
    for k, interval in enumerate(np.diff(train).tolist()):
        if inside and interval <= max_end:
            found[-1][1] = k + 2
        elif inside := interval <= max_begin:
            found.append([k, k + 2])
    merged: list[list[int]] = []
    for first, end in found:
        if merged and train[first] - train[merged[-1][1] - 1] < min_between:
            merged[-1][1] = end
        else:
            merged.append([first, end])
    kept = [
        (first, end)
        for first, end in merged
        if end - first >= min_spikes and train[end - 1] - train[first] >= min_duration
    ]
    return np.array(kept, np.int64).reshape(-1, 2)
