"""A number that changes in time: a current, a rate."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.simulation.checking import seconds

BLOCK = 1024  # steps for which a function is asked at once, always the same ones, so that a cut of a run cannot change what it says


class Timed:
    """A number that changes in time, for `Population.inject` [A], `PoissonSource` [Hz] and `Network.drive` [Hz].

    values: an array over time, [T] for all neurons alike or [T, n], of which each entry lasts dt [s]; or a function of times. The first entry
    begins at the start of the simulation, the last lasts for ever. A function gets an array of times [s], those at which steps begin, and returns as
    many numbers, or [times, n]; it must depend on nothing else. Within a step the number is constant.

    >>> import numpy as np
    >>> import ranvier as rv
    >>> steps = rv.Timed([0.0, 2.0, 0.0], dt=100 * rv.ms)  # nothing, 100 ms of 2, nothing
    >>> wave = rv.Timed(lambda t: 1 + 0.5 * np.sin(2 * np.pi * 8 * t))  # 8 Hz
    >>> steps.table(999, 1001, 0.1 * rv.ms).ravel().tolist()
    [0.0, 2.0]
    """

    def __init__(self, values: Any, dt: float | None = None) -> None:
        self.values: NDArray[np.float64] | Callable[[np.ndarray], Any]
        if callable(values):
            if dt is not None:
                raise ValueError("Timed: a function needs no dt, since it is asked for every step. Leave dt out.")
            self.values, self.dt = values, 0.0
        else:
            self.dt = seconds("Timed", "dt", dt)
            if self.dt <= 0:
                raise ValueError("Timed: dt, how long each value lasts, must be above 0 s. Write dt=1 * ms.")
            self.values = np.asarray(values, np.float64)
            if self.values.ndim not in (1, 2) or not self.values.size or not np.isfinite(self.values).all():
                raise ValueError(
                    f"Timed: values must be finite numbers [T] or [T, n], one of them at least, got shape {self.values.shape}"
                    f"{'' if np.isfinite(self.values).all() else ' with NaN or inf'}."
                )
        self._block: tuple[tuple[int, float], np.ndarray] | None = None

    def __repr__(self) -> str:
        if callable(self.values):
            return f"Timed({getattr(self.values, '__qualname__', 'function')})"
        return f"Timed({'x'.join(map(str, self.values.shape))} values, dt={self.dt:g})"

    def width(self, dt: float) -> int:
        """Numbers of a step, 1 for all neurons alike. dt: of a step [s]."""
        return self.table(0, 1, dt).shape[1]

    def table(self, first: int, last: int, dt: float) -> NDArray[np.float64]:
        """What it is in steps [first, last) of length dt [s], [steps, 1] or [steps, n]."""
        if callable(self.values):
            blocks = range(first // BLOCK, (last - 1) // BLOCK + 1)
            return np.concatenate([self._asked(self.values, k, dt) for k in blocks])[first % BLOCK :][: last - first]
        at = self._entries(np.arange(first, last), dt)
        return self.values[np.minimum(at, len(self.values) - 1)].reshape(last - first, -1)

    def lasts(self, step: int, dt: float) -> int:
        """Of values over time: steps from `step` on in which it stays as it is there, 2^40 where it stays for ever."""
        assert not callable(self.values)
        entry = int(self._entries(np.array([step]), dt)[0])
        if entry >= len(self.values) - 1:
            return 1 << 40
        last = max(step + 1, int((entry + 1) * self.dt / dt) - 1)
        while self._entries(np.array([last]), dt)[0] <= entry:
            last += 1
        return last - step

    def _entries(self, steps: np.ndarray, dt: float) -> NDArray[np.int64]:
        return np.floor(steps * dt / self.dt + 1e-6).astype(np.int64)

    def _asked(self, function: Callable[[np.ndarray], Any], k: int, dt: float) -> np.ndarray:
        if self._block is None or self._block[0] != (k, dt):
            times = np.arange(k * BLOCK, (k + 1) * BLOCK) * dt
            try:
                given = np.asarray(function(times), np.float64)
            except Exception as error:
                error.add_note(f"in {self!r}, for the times {times[0]:g} to {times[-1]:g} s")
                raise
            given = np.full(BLOCK, float(given)) if given.ndim == 0 else given
            if given.ndim > 2 or len(given) != BLOCK:
                raise ValueError(
                    f"{self!r}: expected numbers [{BLOCK}] or [{BLOCK}, n] for {BLOCK} times, got shape {given.shape}. Write it for arrays, as in np.sin(t)."
                )
            given = given.reshape(BLOCK, -1)
            bad = np.flatnonzero(~np.isfinite(given).all(1))
            if len(bad):
                raise ValueError(f"{self!r}: it must be finite, got {given[bad[0]][:3]} at {times[bad[0]]:g} s.")
            self._block = (k, dt), given
        return self._block[1]
