"""A line that tells how far a simulation is."""

import sys
import time
from types import TracebackType

PATIENCE = 1.0  # seconds before a bar appears


class Progress:
    """Writes to standard error where it is a terminal; `show` says how many biological seconds are done."""

    def __init__(self, duration: float, wanted: bool | None) -> None:
        self.duration, self.wanted = duration, sys.stderr.isatty() if wanted is None else wanted
        self.began = time.perf_counter()
        self.shown = False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shown:
            sys.stderr.write("\n")

    def show(self, done: float) -> None:
        """Draws the bar."""
        spent = time.perf_counter() - self.began
        if not self.wanted or spent < PATIENCE or not self.duration:
            return
        self.shown = True
        share = done / self.duration
        bar = "#" * round(30 * share)
        left = spent * (1 / share - 1) if share else 0.0
        sys.stderr.write(
            f"\r[{bar:30}] {done:.3g} of {self.duration:.3g} s, {spent / done:.2g} x real time, {left:.0f} s left "
        )
        sys.stderr.flush()

    def interrupted(self) -> None:
        """Says that the run was stopped."""
        sys.stderr.write("\nstopped: what ran so far is kept\n")
