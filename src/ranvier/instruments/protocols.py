"""Protocols: what an experimenter injects into a neuron, each a small value that gives the current [T] of a recording.

An amplitude has the unit of the neuron's input: ampere for most, A/m^2 for `HodgkinHuxley`, V/s for `Izhikevich`.
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol, runtime_checkable

import numpy as np

from ranvier.units import ms


@runtime_checkable
class Stimulus(Protocol):
    """Anything that gives a current for a recording of some duration."""

    def current(self, duration: float, dt: float) -> np.ndarray:
        """Input of each step, float64 [T] with T = round(duration/dt); step k lasts from k dt to (k + 1) dt, times in seconds."""
        ...


@dataclass(frozen=True)
class Step:
    """`baseline`, and `amplitude` from `start` to `stop` [s].

    >>> Step(2.0, start=0.002, stop=0.004).current(0.005, dt=0.001).tolist()
    [0.0, 0.0, 2.0, 2.0, 0.0]
    """

    amplitude: float
    start: float = 0.0
    stop: float = math.inf
    baseline: float = 0.0

    def current(self, duration: float, dt: float) -> np.ndarray:
        """See `Stimulus`."""
        t = _midpoints(duration, dt)
        return np.where((t > self.start) & (t < self.stop), self.amplitude, self.baseline)


@dataclass(frozen=True)
class Ramp:
    """`first` until `start` [s], then straight to `last` at `stop` (the end of the recording if None), then `last`.

    A step has the value of the ramp at its middle.
    """

    first: float
    last: float
    start: float = 0.0
    stop: float | None = None

    def current(self, duration: float, dt: float) -> np.ndarray:
        """See `Stimulus`."""
        stop = duration if self.stop is None else self.stop
        if not self.start < stop:
            raise ValueError(
                f"Ramp: must start before it stops, got start={self.start} and stop={stop} s. Use start=0.0."
            )
        return np.interp(_midpoints(duration, dt), [self.start, stop], [self.first, self.last])


@dataclass(frozen=True)
class Pulses:
    """Pulses of `amplitude` over `baseline`, `width` [s] long, one every `period` [s] from `start` on; `count` of them, or without end."""

    amplitude: float
    width: float = 2 * ms
    period: float = 50 * ms
    start: float = 0.0
    count: int | None = None
    baseline: float = 0.0

    def current(self, duration: float, dt: float) -> np.ndarray:
        """See `Stimulus`."""
        if not 0 < self.width <= self.period:
            raise ValueError(
                f"Pulses: width must lie above 0 s and not exceed the period, got width={self.width} and period={self.period} s. "
                "Use for example width=2*ms, period=50*ms."
            )
        since = _midpoints(duration, dt) - self.start
        number = np.floor(since / self.period)
        on = (since > 0) & (since - number * self.period < self.width)
        if self.count is not None:
            on &= number < self.count
        return np.where(on, self.amplitude, self.baseline)


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of `mean` and standard deviation `std`, with correlation time `tau` [s] (Ornstein-Uhlenbeck process).

    tau=0 draws every step anew: white noise, whose power then depends on dt. The same `seed` gives the same noise. The process starts in
    its stationary distribution; x <- mean + (x - mean) exp(-dt/tau) + std sqrt(1 - exp(-2 dt/tau)) xi is exact for any step (Gillespie 1996).
    """

    mean: float
    std: float
    tau: float = 5 * ms
    seed: int = 0

    def current(self, duration: float, dt: float) -> np.ndarray:
        """See `Stimulus`."""
        if not (self.std >= 0 and self.tau >= 0):
            raise ValueError(
                f"Noise: std and tau must be 0 or above, got std={self.std} and tau={self.tau} s. Use tau=5*ms."
            )
        xi = np.random.default_rng(self.seed).standard_normal(len(_midpoints(duration, dt)))
        kept = math.exp(-dt / self.tau) if self.tau else 0.0
        xi[1:] *= math.sqrt(1 - kept * kept)
        walk = accumulate(xi.tolist(), lambda x, kick: kept * x + kick)
        return self.mean + self.std * np.fromiter(walk, np.float64, len(xi))


def _midpoints(duration: float, dt: float) -> np.ndarray:
    """Middle of each step [T]: far from every edge, whatever the rounding of k dt."""
    return (np.arange(round(duration / dt)) + 0.5) * dt
