"""What echo state networks of one layer and of several have in common."""

import warnings
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ranvier.reservoirs.intrinsic_plasticity import IntrinsicPlasticity
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.topologies import Topology

TRIED = 1000  # steps after which the start must be forgotten


@dataclass(kw_only=True, eq=False, repr=False)
class LeakyReservoir(Reservoir):
    """Base of reservoirs of leaky tanh units: arguments, their checks, noise. `EchoState` tells what they mean."""

    spectral_radius: Any = 0.9
    leak: Any = 1.0
    input_scaling: Any = 1.0
    bias_scaling: Any = 0.0
    topology: Topology | None = None
    activation: str = "tanh"
    noise: float = 0.0
    plasticity: IntrinsicPlasticity | None = None
    _noise_seed: Any = field(default=None, init=False)  # settled by `_draw`

    _calmed: ClassVar[str] = "Lower spectral_radius below 1 or input_scaling, or use activation='tanh'."
    _steadied: ClassVar[str] = (
        "Regularise the readout (a larger alpha), train with noise=1e-6, or lower spectral_radius."
    )

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not self.noise >= 0:
            raise ValueError(f"{self._name}: noise must be at least 0, got {self.noise}. Use for example noise=1e-6.")
        if self.plasticity is not None and self.activation != "tanh":
            raise ValueError(
                f"{self._name}: intrinsic plasticity is defined for tanh units. Use activation='tanh' or plasticity=None."
            )

    def _input_scalings(self) -> np.ndarray:
        """One a feature."""
        given = np.atleast_1d(np.asarray(self.input_scaling, np.float64))
        if len(given) not in (1, self.features_):
            raise ValueError(
                f"{self._name}: input_scaling has {len(given)} entries, X {self.features_} features. Give a number, or one a feature."
            )
        return np.broadcast_to(given, self.features_)

    def _try_to_forget(self, rows: np.ndarray, start: np.ndarray, starts: Any) -> None:
        """Warns where two starts are still apart after the longest sequence, where the spectral radius or plasticity allow it.

        starts: states of two sequences.
        """
        radii = [self.spectral_radius] if np.ndim(self.spectral_radius) == 0 else list(self.spectral_radius)
        large = any(radius is None or radius >= 1 for radius in radii)
        if self.plasticity is None and not large:
            return
        b = int(np.argmax(np.diff(start)))
        part = rows[start[b] : start[b + 1]]
        if not large:  # a short sequence again and again: at a radius of 0.9 it tells nothing that a start outlasts it
            part = np.tile(part, (-(-TRIED // len(part)), 1))
        part = part[:TRIED]
        both, _ = self._scan(np.vstack([part, part]), np.array([0, len(part), 2 * len(part)]), starts)
        with np.errstate(invalid="ignore"):  # states that diverge are refused later
            apart = float(np.abs(both[len(part) - 1] - both[-1]).max())
        if apart > 1e-3:
            rule = self.plasticity
            gains = "" if rule is None else f", lower deviation (now {rule.deviation:g}) of plasticity"
            warnings.warn(
                f"{self._name}: after {len(part)} steps states still depend on where they started (largest difference {apart:.2g}), so the same input "
                f"can give other states. Lower spectral_radius (now {self.spectral_radius}){' below 1' if large else ''}{gains}, or raise input_scaling.",
                stacklevel=4,
            )

    def _noise(self) -> Any:
        return np.random.default_rng(self._noise_seed) if self.noise else None

    def _added(self, noise: Any, steps: int, units: int) -> np.ndarray | None:
        """Noise inside the tanh, [steps, units]; None where there is none."""
        return None if noise is None else noise.normal(0.0, self.noise, (steps, units))
