"""What echo state networks of one layer and of several have in common."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranvier.reservoirs.intrinsic_plasticity import IntrinsicPlasticity
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.topologies import Topology


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

    def _noise(self) -> Any:
        return np.random.default_rng(self._noise_seed) if self.noise else None

    def _added(self, noise: Any, steps: int, units: int) -> np.ndarray | None:
        """Noise inside the tanh, [steps, units]; None where there is none."""
        return None if noise is None else noise.normal(0.0, self.noise, (steps, units))
