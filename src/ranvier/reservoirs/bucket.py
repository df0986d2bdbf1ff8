"""The bucket of water: a reservoir of waves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ranvier.kernels.cpu.compile import kernel
from ranvier.kernels.cpu.threads import split
from ranvier.reservoirs.reading import check_step
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.states import begun
from ranvier.units import ms

OBSERVED = ("absolute", "gradient", "raw")


@dataclass(kw_only=True, eq=False, repr=False)
class Bucket(Reservoir):
    """A bucket of water: motors at its rim make waves, and the readout looks at its surface.

        u_tt = speed^2 (u_xx + u_yy) - damping u_t + f(x, y, t),   reflecting walls

    by leapfrog steps, u+ = ((2 u - (1 - damping dt/2) u-) + (speed dt/spacing)^2 (sum of neighbours - 4 u) + dt^2 f) / (1 + damping dt/2). A row of X pushes
    for `step` seconds, feature k at the place of motor k, with f = input_scaling x (speed/spacing)^2; what it lifts is missing everywhere, so that the volume
    stays and every wave dies. The water itself is linear: whatever is not, and XOR is not, comes from how the surface is looked at.

    Args:
        shape: cells of the surface, rows and columns. spacing: of cells [m]. speed: of waves [m/s]. damping: [1/s]; waves shrink with exp(-damping t/2).
        motors: place (row, column) of each feature's motor; None: spread along the rim.
        observe: "absolute" |u|, "gradient" |grad u| (how bright the surface is), or "raw" u.
        every: cells from one observed cell to the next.
        input_scaling: of the push, a number. step: time of a row [s], a multiple of dt. dt: of a step [s], at most spacing/(speed sqrt(2)).
        readout, pooling, washout, read_input, standardise, random_state: as in `Reservoir`; nothing is random here.

    Raises:
        ValueError: dt above that limit (Courant, Friedrichs and Lewy), beyond which the surface explodes; damping of 0, with which nothing is ever forgotten;
            motors out of the bucket, or not one a feature.

    Source: Fernando and Sojakka (2003), "Pattern recognition in a bucket", ECAL 2003, Lecture Notes in Computer Science 2801. They filmed real water; the
    equation is ours.

    >>> import numpy as np
    >>> from ranvier.reservoirs import Bucket
    >>> Bucket((8, 8)).fit(np.ones((5, 2)), np.arange(5.0)).states(np.ones((5, 2))).shape
    (5, 16)
    """

    shape: Sequence[int] = field(default=(24, 24), kw_only=False)
    spacing: float = 0.01
    speed: float = 0.5
    damping: float = 5.0
    motors: Any = None
    observe: str = "absolute"
    every: int = 2
    input_scaling: float = 1.0
    step: float = 10 * ms
    dt: float = 10 * ms

    _calmed: ClassVar[str] = "Lower input_scaling, or bring X to a smaller scale, for example with standardise=True."

    @property
    def _columns(self) -> int:
        height, width = self.shape
        return len(range(0, height, self.every)) * len(range(0, width, self.every))

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if len(self.shape) != 2 or not all(isinstance(n, int | np.integer) and n > 1 for n in self.shape):
            raise ValueError(f"Bucket: shape must be two whole numbers above 1, got {self.shape!r}. Write (24, 24).")
        for key in ("spacing", "speed", "damping", "step", "dt", "every"):
            if not 0 < getattr(self, key) < np.inf:
                raise ValueError(f"Bucket: {key} must be above 0, got {getattr(self, key)}.")
        if self.observe not in OBSERVED:
            raise ValueError(f"Bucket: observe must be one of {', '.join(OBSERVED)}, got {self.observe!r}.")
        most = self.spacing / (self.speed * np.sqrt(2.0))
        if self.dt > most * (1 + 1e-9):
            raise ValueError(
                f"Bucket: dt must be at most spacing/(speed sqrt(2)) = {most:.3g} s, got {self.dt:g} s: waves would outrun the grid. "
                "Use a smaller dt, a lower speed or a larger spacing."
            )
        check_step("Bucket", self.step, self.dt)

    def _draw(self, inputs: int) -> None:
        height, width = self.shape
        if self.motors is None:
            rim = _rim(height, width)
            if inputs > len(rim):
                raise ValueError(
                    f"Bucket: {inputs} motors do not fit the {len(rim)} cells of the rim. Use a larger shape."
                )
            self.places_ = rim[np.arange(inputs) * len(rim) // inputs]
            return
        given = np.asarray(self.motors)
        self._check_places(given, inputs)
        self.places_ = given.astype(np.int64)

    def _check_places(self, places: np.ndarray, inputs: int) -> None:
        height, width = self.shape
        if places.shape != (inputs, 2) or not ((places >= 0) & (places < self.shape)).all():
            raise ValueError(
                f"Bucket: motors must be {inputs} places (row, column) in a surface of {height} x {width}, one a feature, got {places.tolist()!r}."
            )

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        """state: the surface now and a step before, [B, 2, height, width]."""
        self._check_places(self.places_, rows.shape[1])  # the kernel writes there, and a file may say anything
        batch = len(start) - 1
        surface = begun(self._name, state, (batch, 2, *self.shape))
        courant = (self.speed * self.dt / self.spacing) ** 2
        out = np.empty((len(rows), self._columns))
        steps = round(self.step / self.dt)
        split(
            batch, len(rows) * steps * int(np.prod(self.shape)) * 8, _waves, np.ascontiguousarray(rows), start,
            np.ascontiguousarray(self.places_, np.int64), surface, out, steps, courant, 0.5 * self.damping * self.dt, float(self.input_scaling) * courant,
            OBSERVED.index(self.observe), int(self.every),
        )  # fmt: skip
        return out, surface


def _rim(height: int, width: int) -> np.ndarray:
    """Cells of the rim in turn, [n, 2]."""
    top = [(0, c) for c in range(width)]
    right = [(r, width - 1) for r in range(1, height)]
    bottom = [(height - 1, c) for c in range(width - 2, -1, -1)]
    left = [(r, 0) for r in range(height - 2, 0, -1)]
    return np.array([*top, *right, *bottom, *left], np.int64)


@kernel
def _waves(rows, start, places, surface, out, steps, courant, half, push, observe, every, first, end):
    """Sequences first to end. half: damping dt/2. push: of an input of 1, in one step. surface: [B, 2, H, W], u and u-, changed."""
    height, width = surface.shape[2], surface.shape[3]
    new = np.empty((height, width))
    for b in range(first, end):
        u, before = surface[b, 0].copy(), surface[b, 1].copy()
        for t in range(start[b], start[b + 1]):
            missing = 0.0
            for k in range(places.shape[0]):
                missing += push * rows[t, k] / (height * width)
            for _ in range(steps):
                for r in range(height):
                    up, down = max(r - 1, 0), min(r + 1, height - 1)  # a wall mirrors the cell before it
                    for c in range(width):
                        left, right = max(c - 1, 0), min(c + 1, width - 1)
                        bend = u[up, c] + u[down, c] + u[r, left] + u[r, right] - 4.0 * u[r, c]
                        new[r, c] = 2.0 * u[r, c] - (1.0 - half) * before[r, c] + courant * bend - missing
                for k in range(places.shape[0]):
                    new[places[k, 0], places[k, 1]] += push * rows[t, k]
                for r in range(height):
                    for c in range(width):
                        before[r, c] = u[r, c]
                        u[r, c] = new[r, c] / (1.0 + half)
            place = 0
            for r in range(0, height, every):
                for c in range(0, width, every):
                    value = u[r, c]
                    if observe == 0:
                        value = abs(value)
                    elif observe == 1:
                        down, along = u[min(r + 1, height - 1), c] - value, u[r, min(c + 1, width - 1)] - value
                        value = np.sqrt(down * down + along * along)
                    out[t, place] = value
                    place += 1
        surface[b, 0], surface[b, 1] = u, before
