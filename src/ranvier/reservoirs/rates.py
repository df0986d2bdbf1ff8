"""Mean rates of a liquid: counted, and set by a scale of its weights."""

import warnings
from typing import Any

import numpy as np


class Tally:
    """Spikes of a fit. count: [N]; seconds: of all sequences; fed: whether a spike entered."""

    def __init__(self) -> None:
        self.count: Any = 0
        self.seconds = 0.0
        self.fed = True

    def add(self, neurons: np.ndarray, n: int, seconds: float) -> None:
        self.count = self.count + np.bincount(neurons, minlength=n)
        self.seconds += seconds


def set_scale(
    where: str,
    what: str,
    rate: Any,
    wanted: float,
    begin: float,
    halvings: int = 6,
    turn: str = "weight_scale, input_probability",
) -> None:
    """Calls `rate`, which sets a scale and returns the rate that rises with it, until this is about as wanted: by bisection, within a factor of 2^10.

    Warns where no scale gives half to twice the rate. turn: arguments of the liquid that also move it.
    """
    low, high = begin, begin
    found = rate(begin)
    for _ in range(10):
        if found >= wanted:
            break
        low, high = high, 2 * high
        found = rate(high)
    else:
        low = high
    while low == high and found > wanted and low > begin * 2.0**-10:
        low = high / 2
        below = rate(low)
        if below > wanted:
            high, low, found = low, low, below
    for _ in range(halvings):
        middle = float(np.sqrt(low * high))
        at = rate(middle)
        low, high = (middle, high) if at < wanted else (low, middle)
    best = float(np.sqrt(low * high))
    at = rate(best)
    if not wanted / 2 <= at <= 2 * wanted:
        warnings.warn(
            f"{where}: no scale of the {what} gives a mean rate near {wanted:g} Hz; at {best:.3g} it is {at:.3g} Hz. "
            f"Change {turn} or target_rate.",
            stacklevel=5,
        )
